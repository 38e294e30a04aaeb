import type { OperationRecord } from "../../model/cluster-status.ts";
import { addScores, parseLooseScore } from "../../model/score.ts";
import type { Failcount } from "../working-parts.ts";
import type { Node, Resource, WorkingSet } from "../working-set.ts";
import { isBundled, stripInstance } from "./tree.ts";

/**
 * Failcounts live in node attributes `fail-count-RESOURCE#OPERATION_INTERVAL`, the time of the last
 * failure beside them. Clusters before 1.1.17 left the part after # away; both are read.
 */
export interface FailcountQuery {
  /** Leave out what is older than the failure timeout. */
  readonly effective: boolean;
  /** Add what failed inside this container. */
  readonly fillers: boolean;
  /** Ask only of this result whether on-fail=block keeps failures from expiring. */
  readonly record?: OperationRecord;
}

interface NodeFailcounts {
  readonly size: number;
  /** By the name of the resource as in the attribute, instance number included. */
  readonly counts: Map<string, number>;
  readonly times: Map<string, number>;
  /** Names with an instance number by the name without it. */
  readonly instances: Map<string, string[]>;
}

/** Answers questions for failcounts; reads each node's attributes once. */
export class Failcounts {
  readonly #ws: WorkingSet;
  readonly #nodes = new Map<Node, NodeFailcounts>();

  constructor(ws: WorkingSet) {
    this.#ws = ws;
  }

  failcount(resource: Resource, node: Node, query: FailcountQuery): Failcount {
    let { count, lastFailure } = this.#recorded(resource, node);
    if (count > 0 && resource.failureTimeoutMs > 0 && blocks(resource, node, query.record)) {
      const message = `failures of ${resource.id} do not expire: on-fail=block wants an operator`;
      this.#ws.notice("warn", "failure-timeout-ignored", message);
      resource.failureTimeoutMs = 0;
    }
    if (query.effective && count > 0 && lastFailure > 0 && resource.failureTimeoutMs > 0) {
      const timeout = Math.ceil(resource.failureTimeoutMs / 1000);
      if (this.#ws.nowSeconds > lastFailure + timeout) count = 0;
    }
    if (!query.fillers || isBundled(resource)) return { count, lastFailure };
    for (const filler of resource.fillers) {
      const inner = this.failcount(filler, node, query);
      count += inner.count;
      lastFailure = Math.max(lastFailure, inner.lastFailure);
    }
    return { count, lastFailure };
  }

  /** Nothing has failed there, as far as is recorded. */
  noneOn(node: Node): boolean {
    return this.#nodeFailcounts(node).size === 0;
  }

  #recorded(resource: Resource, node: Node): { count: number; lastFailure: number } {
    const known = this.#nodeFailcounts(node);
    if (known.size === 0) return { count: 0, lastFailure: 0 };
    const name = resource.historyId ?? resource.id;
    if (resource.isUnique) return totals(known, [name]);
    const base = stripInstance(name);
    return totals(known, [base, ...(known.instances.get(base) ?? [])]);
  }

  #nodeFailcounts(node: Node): NodeFailcounts {
    const cached = this.#nodes.get(node);
    if (cached !== undefined) return cached;
    const found = readFailcounts(node.attributes);
    this.#nodes.set(node, found);
    return found;
  }
}

function totals(known: NodeFailcounts, names: readonly string[]) {
  let [count, lastFailure] = [0, 0];
  for (const name of names) {
    count = addScores(count, known.counts.get(name) ?? 0);
    lastFailure = Math.max(lastFailure, known.times.get(name) ?? 0);
  }
  return { count, lastFailure };
}

const ATTRIBUTE = /^(fail-count|last-failure)-(.+?)(?:#.+_\d+)?$/;

function readFailcounts(attributes: ReadonlyMap<string, string>): NodeFailcounts {
  const counts = new Map<string, number>();
  const times = new Map<string, number>();
  const instances = new Map<string, string[]>();
  for (const [attribute, value] of attributes) {
    const found = ATTRIBUTE.exec(attribute);
    if (found === null) continue;
    const name = found[2]!;
    const base = stripInstance(name);
    if (base !== name) {
      const same = instances.get(base) ?? [];
      if (!same.includes(name)) instances.set(base, [...same, name]);
    }
    if (found[1] === "fail-count") {
      counts.set(name, addScores(counts.get(name) ?? 0, parseLooseScore(value) ?? 0));
    } else if (/^\s*\d+/.test(value)) {
      times.set(name, Math.max(times.get(name) ?? 0, Number.parseInt(value, 10)));
    }
  }
  return { size: counts.size, counts, times, instances };
}

/** Whether one of the failures is of an operation with an explicit on-fail=block. */
function blocks(resource: Resource, node: Node, record: OperationRecord | undefined): boolean {
  const blocking = resource.operations.filter((each) => each.options.get("on-fail") === "block");
  if (blocking.length === 0) return false;
  const entries = record === undefined ? recordsOf(resource, node) : [record];
  const name = stripInstance(resource.id);
  return blocking.some((operation) =>
    entries.some((each) => {
      if (each.operation.toLowerCase() !== operation.name.toLowerCase()) return false;
      if (each.intervalMs !== operation.intervalMs) return false;
      if (each.id === `${name}_last_failure_0`) return true;
      const own = each.id === `${name}_${operation.name}_${operation.intervalMs}`;
      return own && each.rc !== (each.expectedRc ?? -1);
    }),
  );
}

function recordsOf(resource: Resource, node: Node): readonly OperationRecord[] {
  return (resource.histories[node.index]?.entries ?? []).map((entry) => entry.record);
}
