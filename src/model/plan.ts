import type { Score } from "./score.ts";

/**
 * What the policy engine answers. Everything in it is plain data in a fixed order: the same input
 * gives the same plan, byte for byte.
 */
export interface Plan {
  /** The transition graph, ids ascending from 0, each after everything it waits for is known. */
  readonly actions: readonly PlanAction[];
  /** Where each primitive instance is now and is to be. */
  readonly placements: readonly Placement[];
  /** What would change, one row per resource instance or fencing, for people. */
  readonly summary: readonly SummaryRow[];
  /** Things the operator should know: ignored options, blocked resources, bad rules. */
  readonly notices: readonly PlanNotice[];
  /** When the plan may differ though nothing happens (rules, expiries), seconds since the epoch. */
  readonly recheckAt?: number;
}

export type Role = "Stopped" | "Started" | "Unpromoted" | "Promoted";

export interface PlanAction {
  readonly id: number;
  /** resource: an agent runs; pseudo: a mark in the graph; fence; cluster: the managers' own. */
  readonly kind: "resource" | "pseudo" | "fence" | "cluster";
  /** Instance id, `web` or `web:0`. */
  readonly resource?: string;
  /**
   * The id under which the node records it, where that is another: instances of anonymous clones
   * have no number there, because any node's instance may be given any number.
   */
  readonly recordedAs?: string;
  /** start stop monitor promote demote notify reload reload-agent migrate_to migrate_from cancel; on off reboot; clear_failcount do_shutdown lrm_delete. */
  readonly operation: string;
  readonly intervalMs: number;
  readonly node?: string;
  /** Ids of the actions that must have succeeded before. */
  readonly after: readonly number[];
  readonly priority: number;
  /** The action's deadline once it runs. */
  readonly timeoutMs: number;
  /** The exit code that counts as success. */
  readonly expectedRc: number;
  /** For notifications: pre-start, post-start … */
  readonly notify?: string;
  /** All that the agent must be told: parameters and, as CRM_meta_*, meta attributes. */
  readonly agent?: { readonly class: string; readonly provider?: string; readonly type: string };
  readonly params?: Readonly<Record<string, string>>;
  readonly meta?: Readonly<Record<string, string>>;
  /** Digests of the parameters, to be recorded with the result (see OperationRecord). */
  readonly digest?: string;
  readonly restartDigest?: string;
  readonly forceRestart?: string;
  /** What a failure means: ignore, block, stop, demote, restart, fence, standby. */
  readonly onFail?: string;
  /** Why the action is in the plan, one plain sentence. */
  readonly reason?: string;
}

export interface Placement {
  readonly resource: string;
  /** The clone, group or bundle it belongs to, outermost. */
  readonly collective?: string;
  /** The instance of a cloned group that it is in: `web-group:1`. */
  readonly group?: string;
  readonly current: { readonly role: Role; readonly nodes: readonly string[] };
  readonly next: { readonly role: Role; readonly nodes: readonly string[] };
  readonly managed: boolean;
  readonly blocked: boolean;
  readonly failed: boolean;
  readonly orphan: boolean;
  /** The score of every node, best first, each with what it is made of. */
  readonly scores: readonly NodeScore[];
}

export interface NodeScore {
  readonly node: string;
  readonly score: Score;
  readonly parts: readonly ScorePart[];
}

/** One contribution to a score: the constraint, rule, stickiness, failcount … that gave it. */
export interface ScorePart {
  readonly source: string;
  readonly score: Score;
  readonly detail?: string;
}

export interface SummaryRow {
  /** start stop move migrate restart recover reload promote demote re-promote fence. */
  readonly action: string;
  readonly resource?: string;
  readonly node?: string;
  readonly from?: string;
  readonly to?: string;
  readonly fromRole?: Role;
  readonly toRole?: Role;
  readonly method?: string;
  readonly reason?: string;
  readonly blocked?: boolean;
}

export interface PlanNotice {
  readonly level: "error" | "warn" | "info";
  readonly code: string;
  readonly message: string;
  readonly resource?: string;
  readonly node?: string;
}
