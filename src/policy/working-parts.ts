import type { TicketStatus } from "../model/cluster-status.ts";
import type { Score } from "../model/score.ts";
import type { HistoryEntry } from "./operation-history-types.ts";
import type { Node, Resource, RoleRank } from "./working-set.ts";

/** One replica of a bundle and the implicit resources that make it up. */
export interface BundleReplica {
  readonly offset: number;
  readonly container: Resource;
  readonly ip: Resource | undefined;
  readonly remote: Resource | undefined;
  /** The instance of the contained resource. */
  readonly child: Resource | undefined;
  /** The guest node that the container provides. */
  readonly node: Node | undefined;
}

export interface BundleState {
  readonly replicas: BundleReplica[];
  /** The implicit clone of the contained resource. */
  readonly childClone: Resource | undefined;
  readonly replicasPerHost: number;
}

export interface TicketUse {
  readonly id: string;
  readonly resource: Resource;
  readonly ticket: Ticket;
  readonly role: RoleRank;
  readonly lossPolicy: "stop" | "demote" | "fence" | "freeze";
}

export interface Ticket {
  readonly id: string;
  granted: boolean;
  standby: boolean;
  readonly status: TicketStatus | undefined;
}

/** A failcount to be cleared (expired, or made obsolete by a changed definition). */
export interface FailcountClear {
  readonly resource: Resource;
  readonly node: Node;
  readonly reason: string;
}

/** A result to be compared with the definition only once it is known where everything will be. */
export interface LateCheck {
  readonly resource: Resource;
  readonly entry: HistoryEntry;
  /** An earlier result of the same operation. */
  readonly before?: HistoryEntry | undefined;
  /** It is the last failure, forgotten if the definition has changed; else it goes on. */
  readonly isLastFailure: boolean;
}

/** An action that the history makes mandatory, whatever the assignment says. */
export interface Demand {
  readonly task: "stop" | "demote" | "lrm_delete";
  readonly resource: Resource;
  readonly node: Node;
  readonly reason: string;
  /** Not needed after all; the action exists, and becomes necessary if a start follows. */
  optional?: boolean;
}

/** One resource's failcount on one node. */
export interface Failcount {
  readonly count: Score;
  /** Seconds since the epoch; 0: unknown. */
  readonly lastFailure: number;
}

/** The parameters of all resources made from one definition, given those of what is around them. */
export interface SharedParams {
  readonly above: ReadonlyMap<string, string> | undefined;
  readonly params: ReadonlyMap<string, string>;
}
