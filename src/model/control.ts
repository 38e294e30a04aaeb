import type { WallTime } from "../core/units.ts";
import type { DefinitionVersion, FencingRecord, Override, TicketRecord } from "./cib.ts";
import type { Diagnostic } from "./diagnostic.ts";
import type { Placement, PlanNotice, SummaryRow } from "./plan.ts";
import type { ActionWait } from "./plan-waits.ts";
import type { StatusReport } from "./status-report.ts";

/** What the CLI may ask a daemon over its control socket. One JSON object per line, both ways. */
export type ControlRequest =
  | { readonly method: "status" }
  | { readonly method: "config-show"; readonly version?: number }
  | { readonly method: "config-history" }
  | {
      readonly method: "config-apply";
      readonly text: string;
      readonly author: string;
      readonly comment?: string;
      /** Refused with CONFLICT unless this is the version in force. */
      readonly baseVersion?: number;
      /** Only validate and plan, change nothing. */
      readonly dryRun?: boolean;
    }
  | {
      readonly method: "config-rollback";
      readonly version: number;
      readonly author: string;
      readonly dryRun?: boolean;
    }
  | { readonly method: "override-set"; readonly override: Omit<Override, "at"> }
  | { readonly method: "override-remove"; readonly ids: readonly string[] }
  | { readonly method: "cleanup"; readonly resource?: string; readonly node?: string }
  | { readonly method: "explain"; readonly resource: string; readonly node?: string }
  /** Answers once the cluster is settled: no transition running, none wanted. */
  | { readonly method: "wait"; readonly timeoutMs: number }
  | { readonly method: "timeline"; readonly limit?: number }
  | { readonly method: "fence-history" }
  | {
      readonly method: "fence";
      readonly action: "off" | "on" | "reboot" | "status" | "test" | "confirm";
      readonly target: string;
      readonly author: string;
    }
  | TicketRequest
  | AttributeRequest
  /** Move everything away, say goodbye and end the daemon. */
  | { readonly method: "leave" };

/** Which site runs what needs a ticket is decided by people, or by what speaks for several sites. */
export interface TicketRequest {
  readonly method: "ticket";
  readonly action: TicketAction;
  readonly ticket: string;
  readonly author: string;
  /** Only plan, change nothing. */
  readonly dryRun?: boolean;
}

/** standby: as if revoked, and yet no other site may have it; activate takes that back. */
export type TicketAction = "grant" | "revoke" | "standby" | "activate";

/** Agents ask for node attributes, and set them, by the helper commands (`crm_attribute`). */
export interface AttributeRequest {
  readonly method: "attribute";
  readonly action: "get" | "set" | "delete";
  readonly name: string;
  /** Only with `set`. */
  readonly value?: string;
  /** Whose; absent: the asked node's own. No meaning with the scope `cluster`. */
  readonly node?: string;
  readonly scope: AttributeScope;
}

/**
 * transient: with the daemon of the node it is gone, as promotion scores are; permanent: of a node,
 * in the CIB; cluster: of no node, in the CIB.
 */
export type AttributeScope = "transient" | "permanent" | "cluster";

export interface AttributeAnswer {
  readonly name: string;
  /** null: the whole cluster's. */
  readonly node: string | null;
  /** After the change, where one was asked for. null: there is no such attribute. */
  readonly value: string | null;
}

export type ControlMethod = ControlRequest["method"];

/** What each method answers when all went well. */
export interface ControlResults {
  readonly status: StatusReport;
  readonly "config-show": DefinitionVersion;
  /** Newest last; the one in force is the last. */
  readonly "config-history": readonly Omit<DefinitionVersion, "text">[];
  readonly "config-apply": ApplyReport;
  readonly "config-rollback": ApplyReport;
  readonly "override-set": OverrideReport;
  readonly "override-remove": { readonly removed: readonly string[] };
  /** Resources whose failures were forgotten, and where. */
  readonly cleanup: { readonly cleaned: readonly { resource: string; node: string }[] };
  readonly explain: ExplainReport;
  readonly wait: { readonly settled: true };
  readonly timeline: readonly TimelineEntry[];
  readonly "fence-history": readonly FencingRecord[];
  readonly fence: FenceReport;
  readonly ticket: TicketReport;
  readonly attribute: AttributeAnswer;
  readonly leave: Readonly<Record<string, never>>;
}

export interface ApplyReport {
  /** The version now in force; with dryRun the one that is. */
  readonly version: number;
  /** The text was already in force: nothing was committed. */
  readonly unchanged: boolean;
  readonly warnings: readonly Diagnostic[];
  /** What the text says otherwise than the one in force, a sentence each; absent from an older DC. */
  readonly differences?: readonly string[];
  /** What would move, start and stop. */
  readonly changes: readonly SummaryRow[];
}

export interface OverrideReport {
  readonly override: Override;
  readonly changes: readonly SummaryRow[];
}

export interface TicketReport {
  readonly ticket: TicketRecord;
  /** It is so already: nothing was committed. */
  readonly unchanged: boolean;
  /** What would move, start and stop. */
  readonly changes: readonly SummaryRow[];
}

export interface ExplainReport {
  readonly resource: string;
  /** One per instance, scores best first with their parts. */
  readonly placements: readonly Placement[];
  readonly notices: readonly PlanNotice[];
  /** What is planned for it now. */
  readonly changes: readonly SummaryRow[];
  /** The actions of the plan, each with what it waits for. */
  readonly actions: readonly ActionWait[];
}

export interface TimelineEntry {
  readonly at: WallTime;
  /** The daemon that recorded it, as node and incarnation, and its number there. */
  readonly origin?: string;
  readonly number?: number;
  /** Entries of one incident share its id; without one it is a change made by hand, or a note. */
  readonly incident?: string;
  readonly phase:
    | "fault"
    | "detection"
    | "decision"
    | "fencing"
    | "recovery"
    | "stable"
    | "change"
    | "note";
  readonly message: string;
  readonly node?: string;
  readonly resource?: string;
  /** Of phase stable: something that should run does not, or is blocked. */
  readonly left?: true;
}

export interface FenceReport {
  readonly target: string;
  readonly action: string;
  readonly outcome: "succeeded" | "failed" | "confirmed-by-operator";
  readonly device?: string;
  readonly detail?: string;
  readonly durationMs?: number;
}

export type ControlReply<Result = unknown> =
  | { readonly ok: true; readonly result: Result }
  | ControlFailure;

export interface ControlFailure {
  readonly ok: false;
  /**
   * Stable, upper case. Those with an exit code of their own are in src/cli/cli-exit-codes.ts:
   * NOT_QUORATE NO_DC INVALID_DEFINITION CONFLICT TIMED_OUT; others: UNKNOWN_NODE
   * UNKNOWN_RESOURCE UNKNOWN_VERSION INVALID_OVERRIDE BAD_REQUEST UNSUPPORTED INTERNAL …
   */
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  /** With INVALID_DEFINITION: the Diagnostics. */
  readonly details?: unknown;
}

/** What a daemon tells its subscribers unasked. */
export type ControlEvent =
  /** Something that `status` shows may have changed: ask again. */
  | { readonly kind: "status-changed" }
  | { readonly kind: "timeline"; readonly entry: TimelineEntry };
