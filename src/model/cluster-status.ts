import type { WallTime } from "../core/units.ts";

/**
 * What the policy engine is told of the cluster's state. Live, the DC collects it from the nodes;
 * from a CIB it is the status section. Histories are facts as recorded: the engine interprets them.
 */
export interface ClusterStatus {
  /** Whether this partition has quorum. */
  readonly quorate: boolean;
  readonly dcNode?: string;
  /** Pacemaker's feature set that wrote the status; decides how its older records are read. */
  readonly featureSet?: string;
  /** The cluster had quorum before: with `no-quorum-policy: suicide` it may fence itself. */
  readonly hadQuorum?: boolean;
  /** The time zone (IANA name) that times without an offset mean; absent: UTC. */
  readonly timeZone?: string;
  readonly nodes: readonly NodeStatus[];
  readonly tickets: readonly TicketStatus[];
}

export interface NodeStatus {
  readonly name: string;
  /** The id under which the status was recorded, where it has one apart from the name. */
  readonly id?: string;
  /** In the membership (heartbeats); undefined: never said. */
  readonly member?: boolean;
  /** Its daemon takes part in the process group (Pacemaker: crmd). */
  readonly daemonOnline?: boolean;
  /** Has joined: its status has been collected. */
  readonly join?: "down" | "pending" | "member" | "banned";
  /** What it is expected to be: a node that left cleanly is expected down. */
  readonly expected?: "down" | "member" | "banned";
  /** When it joined the process group, seconds since the epoch, where known. */
  readonly joinedAt?: number;
  readonly memberSince?: number;
  /** A fence action of this node is wanted or pending, whatever else is known. */
  readonly unclean?: boolean;
  /** Remote nodes: the connection is up. */
  readonly remoteInMaintenance?: boolean;
  readonly fencedRemotely?: boolean;
  /** Transient attributes: failcounts, promotion scores, probe results, health. */
  readonly attributes: ReadonlyMap<string, string>;
  readonly utilization?: ReadonlyMap<string, string>;
  readonly history: readonly ResourceHistory[];
}

export interface ResourceHistory {
  /** Instance id as recorded: `web` or `web:0`. */
  readonly resource: string;
  readonly agentClass: string;
  readonly agentProvider?: string;
  readonly agentType: string;
  /** The guest or container this resource is a part of, where recorded. */
  readonly container?: string;
  /** Shutdown lock, seconds since the epoch. */
  readonly shutdownLock?: number;
  readonly operations: readonly OperationRecord[];
}

/** One remembered operation (Pacemaker's lrm_rsc_op). */
export interface OperationRecord {
  readonly id: string;
  readonly operation: string;
  readonly intervalMs: number;
  /** Grows with every operation of that node; -1: pending or lost. */
  readonly callId: number;
  /** OCF exit code, 193 while pending. */
  readonly rc: number;
  /** -1 pending, 0 complete, 1 cancelled, 2 timeout, 3 not supported, 4 error, 5 hard error … */
  readonly status: number;
  /** The exit code that the transition expected. */
  readonly expectedRc?: number;
  readonly transitionKey?: string;
  readonly transitionMagic?: string;
  readonly operationKey?: string;
  readonly onNode?: string;
  /** When the result last changed, and when it last ran; seconds since the epoch. */
  readonly lastRcChange?: number;
  readonly lastRun?: number;
  readonly exitReason?: string;
  readonly digest?: string;
  readonly forceRestart?: string;
  readonly restartDigest?: string;
  readonly secureParams?: string;
  readonly secureDigest?: string;
  readonly migrateSource?: string;
  readonly migrateTarget?: string;
  readonly crmVersion?: string;
  /** Anything else the source had, as written. */
  readonly other?: ReadonlyMap<string, string>;
}

export interface TicketStatus {
  readonly id: string;
  readonly granted: boolean;
  readonly standby: boolean;
  readonly lastGranted?: number;
  readonly attributes?: ReadonlyMap<string, string>;
}

export type { WallTime };
