import type { NodeOptions } from "../../src/controller/node-core.ts";
import type {
  ClusterStatus,
  NodeStatus,
  OperationRecord,
  ResourceHistory,
} from "../../src/model/cluster-status.ts";
import type { PlanAction } from "../../src/model/plan.ts";
import type { PrimitiveDefinition } from "../../src/model/policy-definition.ts";

export interface SimplePlannerOptions {
  /** Lost nodes are fenced before their resources start elsewhere. */
  readonly fencing: boolean;
  /** A planted fault: what a lost node ran counts as stopped although nobody fenced it. */
  readonly trustsLost?: boolean;
}

type State = "unknown" | "inactive" | "active" | "failed" | "stop-failed";

const RC_NOT_RUNNING = 7;
const MONITOR_MS = 10_000;

/**
 * A policy engine of a few lines for plain primitives, each active on one node: probes, starts,
 * moves away from lost nodes, recovers. It shows what the rest of the cluster does with a plan, whatever the real
 * engine thinks; and its faults can be planted.
 */
export function simplePlanner(options: SimplePlannerOptions): NodeOptions["planner"] {
  return (definition, status) => {
    const plan = new PlanDraft(withUnseen(status, definition.nodes), options);
    for (const resource of definition.resources) {
      if (resource.kind === "primitive") plan.add(resource);
    }
    return { actions: plan.actions, placements: [], summary: [], notices: [] };
  };
}

/** A node that this DC has never seen may run anything: Pacemaker's startup-fencing. */
function withUnseen(
  status: ClusterStatus,
  nodes: readonly { readonly name: string }[],
): ClusterStatus {
  const known = new Set(status.nodes.map((node) => node.name));
  const unseen = nodes
    .filter(({ name }) => !known.has(name))
    .map(({ name }) => ({
      name,
      member: false,
      expected: "member" as const,
      attributes: new Map(),
      history: [],
    }));
  return { ...status, nodes: [...status.nodes, ...unseen] };
}

class PlanDraft {
  readonly actions: PlanAction[] = [];
  readonly #status: ClusterStatus;
  readonly #options: SimplePlannerOptions;
  readonly #load = new Map<string, number>();
  readonly #fences = new Map<string, number>();

  constructor(status: ClusterStatus, options: SimplePlannerOptions) {
    this.#status = status;
    this.#options = options;
  }

  add(resource: PrimitiveDefinition): void {
    const online = this.#status.nodes.filter(isOnline);
    const states = new Map(online.map((node) => [node.name, stateOn(node, resource.id)]));
    const probes = [...states]
      .filter(([, state]) => state === "unknown")
      .map(([node]) => this.#push(resource, "monitor", node, [], { expectedRc: RC_NOT_RUNNING }));
    const running = [...states].filter(([, state]) => isActive(state)).map(([node]) => node);
    const stuck = [...states].filter(([, state]) => state === "stop-failed").map(([node]) => node);
    const after = [...probes, ...this.#releases(resource, stuck)];
    if (after.includes(BLOCKED)) return;
    const target = this.#target(resource, states, running);
    if (target !== undefined && probes.length === 0 && states.get(target) === "active") {
      this.#stopElsewhere(resource, running, target);
      return;
    }
    const stops = running.map((node) => this.#push(resource, "stop", node, probes));
    if (target === undefined) return;
    const start = this.#push(resource, "start", target, [...after, ...stops]);
    this.#push(resource, "monitor", target, [start], { intervalMs: MONITOR_MS });
  }

  #stopElsewhere(resource: PrimitiveDefinition, running: readonly string[], target: string): void {
    for (const node of running) if (node !== target) this.#push(resource, "stop", node, []);
  }

  /** What must be certain before a start: fencing of nodes where the resource may still run. */
  #releases(resource: PrimitiveDefinition, stuck: readonly string[]): number[] {
    if (!this.#options.fencing) return stuck.length > 0 ? [BLOCKED] : [];
    const lost = this.#status.nodes.filter(
      (node) => this.#options.trustsLost !== true && isLost(node) && mayRun(node, resource.id),
    );
    const suspects = [...lost.map((node) => node.name), ...stuck];
    if (suspects.length > 0 && !this.#status.quorate) return [BLOCKED];
    return suspects.map((node) => this.#fence(node));
  }

  #fence(node: string): number {
    const known = this.#fences.get(node);
    if (known !== undefined) return known;
    const id = this.#append({
      kind: "fence",
      operation: "reboot",
      node,
      after: [],
      timeoutMs: 60_000,
      intervalMs: 0,
    });
    this.#fences.set(node, id);
    return id;
  }

  #target(
    resource: PrimitiveDefinition,
    states: ReadonlyMap<string, State>,
    running: readonly string[],
  ): string | undefined {
    if (!this.#status.quorate) return undefined;
    const allowed = [...states.keys()].filter((node) => !this.#isBanned(node, resource.id));
    const stay = running.find((node) => allowed.includes(node));
    const byLoad = [...allowed].sort(
      (a, b) => (this.#load.get(a) ?? 0) - (this.#load.get(b) ?? 0) || (a < b ? -1 : 1),
    );
    const target = stay ?? byLoad[0];
    if (target !== undefined) this.#load.set(target, (this.#load.get(target) ?? 0) + 1);
    return target;
  }

  /** A start failed there, for good. */
  #isBanned(node: string, resource: string): boolean {
    const attributes = this.#status.nodes.find(({ name }) => name === node)?.attributes;
    return [...(attributes ?? [])].some(
      ([name, value]) => name.startsWith(`fail-count-${resource}#`) && value === "INFINITY",
    );
  }

  #push(
    resource: PrimitiveDefinition,
    operation: string,
    node: string,
    after: readonly number[],
    extra: { expectedRc?: number; intervalMs?: number } = {},
  ): number {
    return this.#append({
      kind: "resource",
      resource: resource.id,
      operation,
      node,
      after,
      timeoutMs: 20_000,
      intervalMs: 0,
      ...(resource.agent === undefined ? {} : { agent: resource.agent }),
      ...extra,
    });
  }

  #append(
    action: Omit<PlanAction, "id" | "priority" | "expectedRc"> & { expectedRc?: number },
  ): number {
    const id = this.actions.length;
    this.actions.push({ id, priority: 0, expectedRc: 0, digest: "d", ...action });
    return id;
  }
}

/** Stands for an action that can't be had, so that what waits for it is not planned. */
const BLOCKED = -1;

function isOnline(node: NodeStatus): boolean {
  return node.member === true && node.join === "member";
}

function isLost(node: NodeStatus): boolean {
  return node.member !== true && node.expected === "member";
}

function isActive(state: State): boolean {
  return state === "active" || state === "failed";
}

function mayRun(node: NodeStatus, resource: string): boolean {
  // A DC that never heard from the lost node knows nothing of it: unknown is not stopped.
  return stateOn(node, resource) !== "inactive";
}

function stateOn(node: NodeStatus, resource: string): State {
  const history = node.history.find((entry) => entry.resource === resource);
  const last = history === undefined ? undefined : latest(history);
  return last === undefined ? "unknown" : meaning(last);
}

/** The record that says most about now: one that is pending, else the latest; a failure of the same call wins. */
function latest(history: ResourceHistory): OperationRecord | undefined {
  const pending = history.operations.filter((record) => record.status === -1);
  if (pending.length > 0) return pending.at(-1);
  const rank = (record: OperationRecord) => (record.id.includes("_last_failure_") ? 1 : 0);
  return [...history.operations].sort((a, b) => a.callId - b.callId || rank(a) - rank(b)).at(-1);
}

function meaning(record: OperationRecord): State {
  const { operation, rc, status } = record;
  if (status === -1) return operation === "monitor" ? "unknown" : "active";
  if (operation === "stop") return rc === 0 && status === 0 ? "inactive" : "stop-failed";
  if (operation === "monitor" && rc === RC_NOT_RUNNING) {
    return record.intervalMs > 0 ? "failed" : "inactive";
  }
  return rc === 0 && status === 0 ? "active" : "failed";
}
