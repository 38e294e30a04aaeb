import type { Tick } from "../core/machine.ts";
import type { Note } from "../core/note.ts";
import type { Instant, Millis } from "../core/units.ts";
import type { OperationRequest, OperationResult } from "../model/operation.ts";
import type { Plan, PlanAction } from "../model/plan.ts";

/** How much may run at once. Zero means no bound. */
export interface TransitionLimits {
  /** Actions in flight in the whole cluster (Pacemaker's batch-limit). */
  readonly batchLimit: number;
  /** Actions in flight per node (Pacemaker's node-action-limit). */
  readonly nodeLimit: number;
  /** Live migrations in flight per node, counted at both ends (Pacemaker's migration-limit). */
  readonly migrationLimit: number;
  /** Bounds of single nodes, where they differ: a loaded node is given less to do. */
  readonly nodeLimits?: ReadonlyMap<string, number>;
}

export type RunnerInput =
  | Tick
  | {
      /** Walk this graph. What an earlier transition still has in flight is carried along. */
      readonly kind: "start";
      readonly plan: Plan;
      /** Unique within the term. */
      readonly transitionId: number;
      readonly term: number;
      readonly limits?: TransitionLimits;
      /** The cluster option of that name; true by default. */
      readonly startFailureIsFatal?: boolean;
    }
  /** An LRM's answer to an operation. */
  | { readonly kind: "result"; readonly result: OperationResult }
  /** A node's answer to `cancel-recurring` and `forget`. */
  | {
      readonly kind: "done";
      readonly key: string;
      readonly node: string;
      readonly ok: boolean;
      readonly detail?: string;
    }
  | {
      readonly kind: "fence-result";
      readonly key: string;
      readonly ok: boolean;
      readonly detail?: string;
    }
  | { readonly kind: "node-lost"; readonly node: string }
  | {
      /** Something changed: start nothing of a priority below this one, then finish. */
      readonly kind: "abort";
      readonly reason: string;
      /** Default: infinity, so that nothing more is started. */
      readonly priority?: number;
    }
  /** This node is the DC no longer: forget everything, answer nothing. */
  | { readonly kind: "reset" };

export type RunnerOutput =
  | {
      readonly kind: "dispatch";
      readonly node: string;
      readonly actionId: number;
      readonly command: NodeCommand;
    }
  | {
      readonly kind: "fence";
      readonly key: string;
      readonly actionId: number;
      readonly target: string;
      readonly operation: "off" | "on" | "reboot";
      readonly reason: string;
      readonly timeoutMs: Millis;
      /** priority-fencing-delay, where the plan says that it applies. */
      readonly delayMs?: Millis;
    }
  | {
      /** A node's LRM was silent past the action's timeout and the margin. */
      readonly kind: "unanswered";
      readonly key: string;
      readonly node: string;
      readonly action: PlanAction;
    }
  | {
      /** Nothing more will be started. Once per transition. */
      readonly kind: "aborted";
      readonly transitionId: number;
      readonly reason: string;
      /** What is still awaited, in words. */
      readonly waitingFor: readonly string[];
    }
  | {
      readonly kind: "finished";
      readonly transitionId: number;
      readonly outcome: TransitionOutcome;
      readonly failed: readonly FailedAction[];
      /** Actions that were never started. */
      readonly skipped: readonly number[];
      readonly reason?: string;
    }
  | Note;

/** complete: all done; failed: an action failed; aborted: stopped from outside. */
export type TransitionOutcome = "complete" | "failed" | "aborted";

/** What the DC asks a node to do. All carry the term: a node refuses an older one. */
export type NodeCommand =
  | { readonly kind: "execute"; readonly request: OperationRequest }
  | {
      readonly kind: "cancel-recurring";
      readonly key: string;
      readonly term: number;
      readonly resource: string;
      readonly operation: string;
      readonly intervalMs: Millis;
    }
  | {
      readonly kind: "clear-failcount";
      readonly key: string;
      readonly term: number;
      readonly resource: string;
      /** Only the failures of this operation; all where absent. */
      readonly operation?: string;
      readonly intervalMs?: Millis;
    }
  /** Drop the history of a resource that is no longer defined. */
  | {
      readonly kind: "forget";
      readonly key: string;
      readonly term: number;
      readonly resource: string;
    }
  /** All resources are gone: the node may leave. */
  | { readonly kind: "shutdown"; readonly key: string; readonly term: number };

export interface FailedAction {
  readonly actionId: number;
  readonly key: string;
  readonly node?: string;
  readonly resource?: string;
  readonly operation: string;
  readonly intervalMs: Millis;
  /** Absent where no exit code came back (fencing, lost node, no answer). */
  readonly rc?: number;
  readonly status?: number;
  readonly detail: string;
}

/** An action that was handed out and has not been answered. */
export interface InFlightAction {
  readonly key: string;
  readonly action: PlanAction;
  readonly since: Instant;
  readonly deadline: Instant;
  /** Left over from a superseded transition. */
  readonly carried: boolean;
}
