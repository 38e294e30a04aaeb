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
  const up = new Set(status.nodes.filter((node) => node.member).map((node) => node.name));
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
