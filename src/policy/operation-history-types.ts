import type { OperationRecord } from "../model/cluster-status.ts";
import type { AgentName } from "../model/policy-definition.ts";
import type { AttributeSet } from "../model/rule.ts";
import type { Node, RoleRank } from "./working-set.ts";

/** What a recorded result's digests say against today's parameters (see unpack/digests). */
export type DigestVerdict = "match" | "unknown" | "changed" | "restart" | "reload";

/** One recorded operation of one resource on one node, as the history keeps it, oldest first. */
export interface HistoryEntry {
  readonly record: OperationRecord;
  readonly node: Node;
  /** Counted as failed (an unexpected result that is neither expired nor ignored). */
  failed: boolean;
  expired: boolean;
}

/** The history of one resource instance on one node. */
export class NodeHistory {
  readonly node: Node;
  /** Id under which it was recorded. */
  readonly recordedId: string;
  readonly agent: AgentName;
  /** Nothing but a probe that found nothing: there is nothing to compare, cancel or repeat. */
  readonly quiet: boolean;
  /** Another of the same resource there: old records number the instances of anonymous clones. */
  readonly earlier: NodeHistory | undefined;
  readonly #records: readonly OperationRecord[];
  #entries: readonly HistoryEntry[] | undefined;

  constructor(
    node: Node,
    recordedId: string,
    agent: AgentName,
    records: readonly OperationRecord[],
    quiet: boolean,
    earlier: NodeHistory | undefined,
  ) {
    this.node = node;
    this.recordedId = recordedId;
    this.agent = agent;
    this.quiet = quiet;
    this.earlier = earlier;
    this.#records = records;
  }

  /** Sorted by call id, pending last. */
  get entries(): readonly HistoryEntry[] {
    this.#entries ??= this.#records.map((record) => {
      return { record, node: this.node, failed: false, expired: false };
    });
    return this.#entries;
  }
}

/** All that is recorded of a resource, on every node. */
export function* allHistories(
  histories: readonly (NodeHistory | undefined)[],
): Generator<NodeHistory> {
  for (const latest of histories) {
    for (let each = latest; each !== undefined; each = each.earlier) yield each;
  }
}

/** A configured operation of a primitive with everything merged (op attributes, meta, op_defaults). */
export interface ConfiguredOperation {
  readonly id: string;
  readonly name: string;
  readonly intervalMs: number;
  /** The role it is meant for; undefined: not said. */
  readonly role: RoleRank | undefined;
  readonly enabled: boolean;
  /** Attributes of the operation itself, as written. */
  readonly options: ReadonlyMap<string, string>;
  readonly meta: readonly AttributeSet[];
  readonly params: readonly AttributeSet[];
}

/** What `operationConfig` (unpack/operation-config.ts) answers for any action, configured or not. */
export interface OperationConfig {
  /** The configured operation it comes from, if any. */
  readonly source: ConfiguredOperation | undefined;
  readonly requires: "nothing" | "quorum" | "fencing" | "unfencing";
  readonly onFail:
    | "ignore"
    | "block"
    | "stop"
    | "demote"
    | "restart"
    | "fence"
    | "standby"
    | "restart-container"
    | "reset-remote"
    /** `on-fail: migrate`: never again on that node. */
    | "ban";
  /** The role the resource is left in by a failure. */
  readonly failRole: RoleRank;
  readonly timeoutMs: number;
  readonly startDelayMs: number;
  readonly meta: ReadonlyMap<string, string>;
}
