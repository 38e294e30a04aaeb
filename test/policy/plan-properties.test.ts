import { describe, expect, test } from "vitest";
import type { WallTime } from "../../src/core/units.ts";
import type { ClusterStatus } from "../../src/model/cluster-status.ts";
import type { Plan, PlanAction } from "../../src/model/plan.ts";
import type { PolicyDefinition } from "../../src/model/policy-definition.ts";
import { plan } from "../../src/policy/make-plan.ts";
import { simulate } from "../../src/policy/outcome/simulation.ts";
import { planOf } from "./plan-scenario.ts";
import { clusterOf, randomLines } from "./random-cluster.ts";
import { NOW_SECONDS } from "./small-cluster.ts";

const NOW = (NOW_SECONDS * 1000) as WallTime;
const SEEDS = Array.from({ length: 120 }, (_, seed) => seed);

describe("whatever the cluster is like", () => {
  test.each(SEEDS)("cluster %i", (seed) => {
    const lines = randomLines(seed);
    const told = lines.join("\n");
    const cluster = clusterOf(lines);
    const made = planOf(cluster);
    const definition = cluster.definition();
    const status = cluster.status();

    expect(planOf(clusterOf(lines)), told).toEqual(made);
    const turned = plan(turnDefinition(definition), turnStatus(status), NOW, { explain: true });
    expect(turned.summary.map(withoutReason), told).toEqual(made.summary.map(withoutReason));
    expect(turned.actions.map(withoutReason), told).toEqual(made.actions.map(withoutReason));

    checkGraph(made, told);
    checkStarts(made, status, told);
    checkOrder(made, lines);
    checkOnce(made, told);
    expect(unsettled(definition, status), told).toEqual([]);
  });
});

/** A node may have several reasons to be fenced: any of them will do. */
function withoutReason<T extends { readonly reason?: string }>({ reason: _, ...rest }: T) {
  return rest;
}

/** What is still to do once plans have been carried out until nothing is left, at most thrice. */
function unsettled(definition: PolicyDefinition, status: ClusterStatus): string[] {
  let now = status;
  for (let round = 0; round < 3; round++) now = simulate(plan, definition, now, NOW).outcome;
  return plan(definition, now, NOW).actions.map(described);
}

function described(action: PlanAction): string {
  return `${action.operation} ${action.resource ?? ""} ${action.node ?? ""}`;
}

/** Nothing waits for itself, for what is not there, or for what comes later. */
function checkGraph({ actions }: Plan, told: string): void {
  const known = new Set(actions.map((action) => action.id));
  const done = new Set<number>();
  let left = [...actions];
  for (;;) {
    const ready = left.filter((action) => action.after.every((id) => done.has(id)));
    if (ready.length === 0) break;
    for (const action of ready) done.add(action.id);
    left = left.filter((action) => !done.has(action.id));
  }
  expect(left.map(described), told).toEqual([]);
  expect(
    actions.flatMap((action) => action.after).every((id) => known.has(id)),
    told,
  ).toBe(true);
}

/** Nothing starts where it must not, and what ran on a lost node starts after its fencing only. */
function checkStarts(made: Plan, status: ClusterStatus, told: string): void {
  const up = new Set(
    status.nodes
      .filter((node) => node.member && node.attributes.get("standby") !== "on")
      .map((node) => node.name),
  );
  const byId = new Map(made.actions.map((action) => [action.id, action]));
  const fenced = new Map(
    made.actions.filter((each) => each.kind === "fence").map((each) => [each.node!, each]),
  );
  for (const action of made.actions) {
    if (action.operation !== "start" || action.kind !== "resource") continue;
    expect(up.has(action.node!), `${described(action)}\n${told}`).toBe(true);
    const placement = made.placements.find((each) => each.resource === action.resource)!;
    const score = placement.scores.find((each) => each.node === action.node);
    expect(score?.score, told).toBeGreaterThanOrEqual(0);
    for (const node of placement.current.nodes) {
      const fencing = fenced.get(node);
      if (fencing !== undefined) expect(follows(action, fencing.id, byId), told).toBe(true);
    }
  }
}

/** Both in one plan, the later one starts after, and stops before, the earlier one. */
function checkOrder(made: Plan, lines: readonly string[]): void {
  const told = lines.join("\n");
  const byId = new Map(made.actions.map((action) => [action.id, action]));
  // What moves live is started by its migration, and stopped only after that.
  const moving = made.actions
    .filter((each) => each.operation === "migrate_to")
    .map(({ resource }) => resource);
  const real = (name: string, operation: string) =>
    made.actions.filter(
      ({ kind, operation: what, resource }) =>
        kind === "resource" && what === operation && resource === name && !moving.includes(name),
    );
  for (const [first, then, symmetrical] of orderedPrimitives(lines)) {
    for (const [operation, earlier, later] of [
      ["start", first, then],
      ...(symmetrical ? [["stop", then, first] as const] : []),
    ] as const) {
      for (const after of real(later, operation)) {
        for (const before of real(earlier, operation)) {
          const what = `${described(before)} before ${described(after)}\n${told}`;
          expect(follows(after, before.id, byId), what).toBe(true);
        }
      }
    }
  }
}

type OrderedPair = readonly [first: string, then: string, symmetrical: boolean];

/** Neighbours in a group, and what is ordered by a constraint; clones have marks in between. */
function orderedPrimitives(lines: readonly string[]): OrderedPair[] {
  const words = lines.map((line) => line.trim().split(/ +/));
  const members = words.find(([kind]) => kind === "group")?.slice(2) ?? [];
  const cloned = words.find(([kind]) => kind === "clone")?.slice(1, 3) ?? [];
  const plain = (name: string) => !cloned.includes(name);
  const pairs: OrderedPair[] = members
    .slice(1)
    .map((member, i): OrderedPair => [members[i]!, member, true]);
  for (const [kind, first = "", , then = "", option] of words) {
    if (kind !== "order" || !plain(first) || !plain(then)) continue;
    const last = first === "g" ? members.at(-1)! : first;
    const next = then === "g" ? members[0]! : then;
    pairs.push([last, next, option !== "symmetrical=false"]);
  }
  return pairs;
}

/** Nothing starts before it is stopped, or the node off, wherever else it is. */
function checkOnce({ actions, placements }: Plan, told: string): void {
  const byId = new Map(actions.map((action) => [action.id, action]));
  for (const start of actions) {
    if (start.operation !== "start" || start.kind !== "resource") continue;
    const { current } = placements.find((each) => each.resource === start.resource)!;
    for (const node of current.nodes) {
      const ends = actions.filter(
        (each) =>
          each.node === node &&
          (each.kind === "fence" ||
            (each.operation === "stop" && each.resource === start.resource)),
      );
      const ended = ends.some((each) => follows(start, each.id, byId));
      expect(ended, `${described(start)}, ${node}\n${told}`).toBe(true);
    }
  }
  for (const { resource, next } of placements) {
    expect(next.nodes.length, `${resource}\n${told}`).toBeLessThanOrEqual(1);
  }
}

function follows(
  action: PlanAction,
  id: number,
  byId: ReadonlyMap<number, PlanAction>,
  seen = new Set<number>(),
): boolean {
  return action.after.some((earlier) => {
    if (earlier === id) return true;
    if (seen.has(earlier)) return false;
    seen.add(earlier);
    return follows(byId.get(earlier)!, id, byId, seen);
  });
}

function turnDefinition(definition: PolicyDefinition): PolicyDefinition {
  return { ...definition, nodes: [...definition.nodes].reverse() };
}

/** The same status, told in another order; that of the nodes says who was known first. */
function turnStatus(status: ClusterStatus): ClusterStatus {
  const nodes = status.nodes.map((node) => ({
    ...node,
    attributes: new Map([...node.attributes].reverse()),
    history: [...node.history]
      .reverse()
      .map((each) => ({ ...each, operations: [...each.operations].reverse() })),
  }));
  return { ...status, nodes, tickets: [...status.tickets].reverse() };
}
