import type { Tick } from "../core/machine.ts";
import type { Note } from "../core/note.ts";
import type { Millis } from "../core/units.ts";
import type {
  AgentCommand,
  AgentOutcome,
  GuardEntry,
  LocalStatus,
  OperationRequest,
  OperationResult,
} from "../model/operation.ts";

/** One operation of a resource, or with the operation left out all of them. */
interface OperationSelector {
  readonly resource: string;
  readonly operation?: string;
  readonly intervalMs?: Millis;
  /** Where given, the input is answered with a result of this key. */
  readonly key?: string;
  readonly term?: number;
}

/** What the local manager is told. */
export type LocalInput =
  | Tick
  | { readonly kind: "execute"; readonly request: OperationRequest }
  /** A DC of this term has been accepted: what an older one asked for and has not begun is void. */
  | { readonly kind: "term"; readonly term: number }
  | ({
      readonly kind: "cancel";
      readonly operation: string;
      readonly intervalMs: Millis;
    } & OperationSelector)
  | { readonly kind: "agent-done"; readonly runId: number; readonly outcome: AgentOutcome }
  /** Cleanup: the history and the failcounts go, as if the resource had never been seen here. */
  | ({ readonly kind: "forget" } & OperationSelector)
  | ({ readonly kind: "clear-failcount" } & OperationSelector)
  /** An attribute of this node, as agents set it by the helper commands (promotion scores). */
  | { readonly kind: "set-attribute"; readonly name: string; readonly value: string | undefined }
  /** Addresses that are up here are announced to the network once more (a split has healed). */
  | { readonly kind: "announce" }
  /** Stop all that is active, without a DC: the membership is lost, or the node leaves alone. */
  | { readonly kind: "stop-all"; readonly reason: string };

/** What the local manager wants done, in order. */
export type LocalOutput =
  | { readonly kind: "run"; readonly command: AgentCommand }
  | { readonly kind: "kill"; readonly runId: number }
  | { readonly kind: "result"; readonly result: OperationResult }
  | { readonly kind: "status-changed"; readonly status: LocalStatus }
  /**
   * The whole list of what the guardian must stop, first first. `inactive`: resources known to be
   * stopped, so that what an earlier daemon left in the guardian's care can be dropped.
   */
  | {
      readonly kind: "guard";
      readonly entries: readonly GuardEntry[];
      readonly inactive: readonly string[];
    }
  /** The end of `stop-all`; `failed` names what may still be active. */
  | { readonly kind: "all-stopped"; readonly failed: readonly string[] }
  | Note;

/** Everything has a limit; each is far above what a sane cluster reaches. */
export interface LocalLimits {
  /** One-shot requests waiting for one instance. A DC has one or two in flight. */
  readonly queueMax: number;
  /** Instances known; a request for one more is refused. */
  readonly instancesMax: number;
  /** Recurring operations of one instance. */
  readonly recurringMax: number;
  /** Probes and monitors running at the same time; state changes are never held back. */
  readonly monitorsAtOnce: number;
  /** Answers kept for a DC that asks again. */
  readonly answersMax: number;
  readonly attributesMax: number;
  /** How long after its deadline the executor may take to report a run's end. */
  readonly reportGraceMs: Millis;
  /** For a request without a timeout (Pacemaker's default-action-timeout). */
  readonly defaultTimeoutMs: Millis;
}

export const LOCAL_LIMITS: LocalLimits = {
  queueMax: 64,
  instancesMax: 4096,
  recurringMax: 64,
  monitorsAtOnce: 8,
  answersMax: 2048,
  attributesMax: 8192,
  reportGraceMs: 5000,
  defaultTimeoutMs: 20_000,
};
