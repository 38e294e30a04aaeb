import type { ControlReply, ControlRequest, TimelineEntry } from "../model/control.ts";
import type { LocalStatus, OperationResult } from "../model/operation.ts";
import type { NodeCommand } from "../transition/transition-events.ts";
import { hasMessageShape } from "./message-shape.ts";
import type { StatusDelta } from "./status-delta.ts";

/** Who speaks for the cluster: the DC of a term, or the acting coordinator of a minority. */
export interface Coordination {
  readonly term: number;
  /** True: no quorum behind it; it never changes the CIB. */
  readonly acting: boolean;
}

/** What nodes say to one another over the reliable channel. JSON on the wire. */
export type NodeMessage =
  | { readonly t: "raft"; readonly body: unknown }
  /** Coordinator to member: tell me all you know of yourself, and report to me from now on. */
  | { readonly t: "collect"; readonly by: Coordination }
  | { readonly t: "status"; readonly by: Coordination; readonly status: LocalStatus }
  | { readonly t: "delta"; readonly by: Coordination; readonly delta: StatusDelta }
  | { readonly t: "order"; readonly by: Coordination; readonly order: NodeOrder }
  /** Answer to an order that is no agent run. */
  | {
      readonly t: "done";
      readonly by: Coordination;
      readonly key: string;
      readonly ok: boolean;
      readonly detail?: string;
    }
  | { readonly t: "result"; readonly by: Coordination; readonly result: OperationResult }
  /** A control request that only the coordinator can answer, and its reply. */
  | { readonly t: "ask"; readonly id: number; readonly request: ControlRequest }
  | { readonly t: "answer"; readonly id: number; readonly reply: ControlReply }
  /** My daemon restarts and leaves its resources running: wait for me for so long. */
  | { readonly t: "back-soon"; readonly forMs: number }
  /** Answer to it: you are waited for. */
  | { readonly t: "back-soon-noted" }
  /** Coordinator to member: feed your watchdog no more. Answered by `done`. */
  | {
      readonly t: "self-fence";
      readonly by: Coordination;
      readonly key: string;
      readonly reason: string;
    }
  /** Coordinator to member: have that device let you in (`on`). Answered by `done`. */
  | {
      readonly t: "unfence";
      readonly by: Coordination;
      readonly key: string;
      readonly device: string;
      readonly timeoutMs: number;
    }
  /** Member to coordinator: my wall clock shows that. */
  | { readonly t: "clock"; readonly wall: number }
  /** Member to coordinator: I report to somebody else, or to nobody; ask for my status. */
  | { readonly t: "ask-me" }
  /** Member to coordinator: move my resources away, I want to leave. */
  | { readonly t: "leaving" }
  /** To a node that is in no view with this one: the committed definition is newer than yours. */
  | { readonly t: "definition"; readonly version: number; readonly text: string }
  /** Entries of the timeline that the other has not got. */
  | { readonly t: "history"; readonly entries: readonly TimelineEntry[] };

/** What a coordinator may tell a node: steps of a transition, and housekeeping outside of one. */
export type NodeOrder =
  | NodeCommand
  /** Make the neighbours know the addresses that are up here (after a partition healed). */
  | { readonly kind: "announce"; readonly term: number }
  /** An agent on another node sets a transient attribute of this one; null: it goes. */
  | {
      readonly kind: "set-attribute";
      readonly term: number;
      readonly name: string;
      readonly value: string | null;
    };

export function encodeMessage(message: NodeMessage): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(message));
}

/**
 * Reads a message of an authenticated peer; undefined if it is none that this version knows, or
 * lacks what one of its type must have. Peers share our key but not always our version.
 */
export function decodeMessage(payload: Uint8Array): NodeMessage | undefined {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(payload));
  } catch {
    return undefined;
  }
  return hasMessageShape(value) ? (value as NodeMessage) : undefined;
}
