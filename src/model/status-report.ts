import type { Millis, WallTime } from "../core/units.ts";
import type { FencingRecord, Override, TicketRecord } from "./cib.ts";
import type { PlanNotice, Role } from "./plan.ts";

/**
 * What `paceline status --json` prints: the form is a contract with scripts, so fields are added,
 * never renamed. The controller fills it; the CLI only shows it. Wall times are milliseconds since
 * the epoch. Lists are sorted by name, so that two reports of one state are the same text.
 */
export interface StatusReport {
  readonly cluster: string;
  /** The node that answered. */
  readonly node: string;
  /** The elected coordinator that this node follows; null: there is none, as always without quorum. */
  readonly dc: string | null;
  /**
   * Without quorum: the node that sees to no-quorum-policy on this side, and decides there if that is
   * `ignore`; null: there is quorum, or nobody does so yet. At most one of `dc` and `acting` is a name.
   */
  readonly acting: string | null;
  readonly term: number;
  /** The answering daemon's version. */
  readonly version: string;
  readonly at: WallTime;
  /**
   * How old the resource data is. A follower shows what it last heard from the DC: a dead or cut-off
   * daemon must never read as "all is well".
   */
  readonly ageMs: Millis;
  readonly definition: DefinitionSummary | null;
  readonly quorum: QuorumReport;
  readonly nodes: readonly NodeReport[];
  readonly resources: readonly ResourceReport[];
  readonly overrides: readonly Override[];
  /** Those that a constraint needs, or that were once granted; absent from an older DC. */
  readonly tickets?: readonly TicketRecord[];
  readonly transition: TransitionReport;
  /** Recent failures, newest first, those that are remembered against a resource. */
  readonly failures: readonly FailureReport[];
  readonly fencing: FencingReport;
  readonly checks: readonly CheckReport[];
  /** What a person should know or do, worst first. */
  readonly warnings: readonly StatusWarning[];
}

export interface DefinitionSummary {
  readonly version: number;
  readonly author: string;
  readonly at: WallTime;
  /** Nodes that do not run this version yet. */
  readonly behind: readonly string[];
  /** The answering node's local file differs from what the cluster has committed. */
  readonly localFileDiffers: boolean;
}

export interface QuorumReport {
  readonly quorate: boolean;
  /** Votes of the members seen from here. */
  readonly votes: number;
  readonly expected: number;
  /** Votes needed for quorum. */
  readonly needed: number;
  /** Options in force, by votequorum's names, such as `two-node`. */
  readonly options: readonly string[];
  /** What this partition waits for, in words: "wait-for-all: node2 was never seen since the start". */
  readonly waitingFor: string | null;
  /** The no-quorum-policy in force. */
  readonly policy: string;
  /** What decides even splits, as this node last heard of it; null: the definition has none. */
  readonly tieBreaker: TieBreakerReport | null;
}

export interface TieBreakerReport {
  readonly means: "arbiter" | "disk" | "ping";
  /** Its address or path. */
  readonly place: string;
  /** failing: it did not answer last time; unknown: it has not been asked yet. */
  readonly state: "ok" | "failing" | "unknown";
  /** Since its last answer; null: there was none. */
  readonly ageMs: Millis | null;
  /** Whose votes it counts, which targets answered, or what is wrong. */
  readonly detail: string;
  /** Disk: nodes that are not members but still write to it. They are alive. */
  readonly seenOnDisk: readonly string[];
}

/** unclean: it may still run resources and is to be fenced; pending: it is joining. */
export type NodeState = "online" | "offline" | "standby" | "maintenance" | "pending" | "unclean";

export interface NodeReport {
  readonly name: string;
  readonly state: NodeState;
  /** Why it is in that state, in words, where that is not plain: "left cleanly", "silent for 3 s". */
  readonly detail: string | null;
  readonly role: "full" | "witness";
  readonly votes: number;
  /** It is `dc`. */
  readonly isDc: boolean;
  /** Grows with every start of its daemon; null: never seen. */
  readonly incarnation: number | null;
  readonly version: string | null;
  readonly links: readonly LinkReport[];
  /** Permanent and transient attributes together, as rules see them. */
  readonly attributes: Readonly<Record<string, string>>;
}

export interface LinkReport {
  readonly link: number;
  readonly address: string;
  readonly up: boolean;
  /** Since when it is up or down, where known. */
  readonly since: WallTime | null;
  readonly roundTripMs: Millis | null;
  readonly lossPercent: number | null;
}

/** One row per primitive; of a clone one row per instance (`cache:0`). */
export interface ResourceReport {
  /** Instance id. */
  readonly id: string;
  /** Id in the definition: the instance id without its number. */
  readonly resource: string;
  /** `ocf:paceline:vip`. */
  readonly agent: string;
  readonly role: Role;
  /** Where it is active; more than one only if that is meant, or as a failure. */
  readonly nodes: readonly string[];
  readonly managed: boolean;
  readonly failed: boolean;
  /** No longer in the definition, still known to a node. */
  readonly orphan: boolean;
  readonly group: string | null;
  readonly clone: string | null;
  readonly promotable: boolean;
  /** What it is wanted to be; null: as many as the definition allows, wherever it may run. */
  readonly targetRole: Role | null;
  /** Nothing is done with it until someone acts; null: not blocked. */
  readonly blocked: BlockedReport | null;
  /** Why it is not running although it should, one sentence; null: it runs, or is meant not to. */
  readonly stoppedReason: string | null;
  /** An operation on it that is running now. */
  readonly pending: PendingOperation | null;
  readonly failcounts: readonly FailcountReport[];
  /** Since when it is in this role, where known. */
  readonly since: WallTime | null;
}

export interface BlockedReport {
  readonly code: string;
  readonly reason: string;
  /** The command that would help: `paceline resource cleanup db`. */
  readonly command: string | null;
}

export interface PendingOperation {
  readonly operation: string;
  readonly node: string;
  readonly since: WallTime;
  readonly timeoutMs: Millis;
}

export interface FailcountReport {
  readonly node: string;
  /** 1000000 is INFINITY. */
  readonly count: number;
  /** migration-threshold; null: none. */
  readonly threshold: number | null;
  readonly lastFailure: WallTime | null;
  /** When it will be forgotten by itself (failure-timeout); null: never. */
  readonly clearsAt: WallTime | null;
}

export interface TransitionReport {
  /** idle: nothing wanted; running; waiting: something is wanted but cannot be done yet. */
  readonly state: "idle" | "running" | "waiting";
  readonly id: number | null;
  readonly startedAt: WallTime | null;
  readonly done: number;
  readonly total: number;
  readonly running: readonly (PendingOperation & { readonly resource: string | null })[];
  /** What a waiting transition waits for, in words. */
  readonly waitingFor: string | null;
}

export interface FailureReport {
  readonly resource: string;
  readonly node: string;
  readonly operation: string;
  readonly intervalMs: Millis;
  /** OCF exit code; null: none, it timed out or could not be run. */
  readonly rc: number | null;
  /** In words: "not running", "timed out after 20 s", "generic error". */
  readonly result: string;
  /** What the agent said, or null. */
  readonly exitReason: string | null;
  readonly at: WallTime;
  readonly clearsAt: WallTime | null;
}

export interface FencingReport {
  readonly enabled: boolean;
  readonly devices: readonly FencingDeviceReport[];
  /** Newest first, bounded; pending ones included. */
  readonly history: readonly FencingRecord[];
  /** Nodes that are fenced again and again (fencing-loop-limit), so that it is held back: why and what to do. */
  readonly held: string | null;
  /** Absent where the definition wants no watchdog. */
  readonly watchdog?: WatchdogReport;
}

/** Nodes that end themselves when they lose quorum. */
export interface WatchdogReport {
  /** fencing-watchdog-timeout: how long the others wait for that. */
  readonly waitMs: Millis;
  /** What this node's own watchdog is, and whether it is fed now. */
  readonly here: string;
  readonly state: "off" | "fed" | "starving";
  /** Nodes that are certain to be down when the wait is over; the others are not fenced by it. */
  readonly counted: readonly string[];
}

export interface FencingDeviceReport {
  readonly name: string;
  readonly agent: string;
  readonly targets: readonly string[];
  /** The last scheduled check: when, and whether the device answered. */
  readonly lastCheck: {
    readonly at: WallTime;
    readonly ok: boolean;
    readonly detail: string;
  } | null;
}

export interface CheckReport {
  readonly name: string;
  readonly node: string;
  readonly ok: boolean;
  /** The value of its node attribute. */
  readonly value: string;
  readonly detail: string | null;
}

export interface StatusWarning {
  /** Stable, upper case: TWO_NODE_SPLIT, NO_FENCING, LOCAL_FILE_DIFFERS … */
  readonly code: string;
  readonly severity: PlanNotice["level"];
  readonly message: string;
  /** What to do. */
  readonly hint: string | null;
  readonly node?: string;
  readonly resource?: string;
}
