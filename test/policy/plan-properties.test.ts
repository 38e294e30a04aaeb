import { describe, expect, test } from "vitest";
import { SeededRandom } from "../../src/core/random.ts";
import type { WallTime } from "../../src/core/units.ts";
import type { ClusterStatus, ResourceHistory } from "../../src/model/cluster-status.ts";
import type { Placement, Plan, PlanAction } from "../../src/model/plan.ts";
import type { Constraint, PolicyDefinition } from "../../src/model/policy-definition.ts";
import { plan } from "../../src/policy/make-plan.ts";
import { simulate } from "../../src/policy/outcome/simulation.ts";
import { checkPlan, described } from "./plan-checks.ts";
import { planOf } from "./plan-scenario.ts";
import { clusterOf, randomLines } from "./random-cluster.ts";
import { NOW_SECONDS } from "./small-cluster.ts";

const NOW = (NOW_SECONDS * 1000) as WallTime;
const SEEDS = Array.from({ length: 160 }, (_, seed) => seed);

describe("whatever the cluster is like", () => {
  test.each(SEEDS)("cluster %i", (seed) => {
    const lines = randomLines(seed);
    const told = lines.join("\n");
    const cluster = clusterOf(lines);
    const made = planOf(cluster);
    const definition = cluster.definition();
    const status = cluster.status();

    expect(planOf(clusterOf(lines)), told).toEqual(made);
    const nodes = [...definition.nodes].reverse();
    const turned = planned({ ...definition, nodes }, turnStatus(status, seed));
    expect(essence(turned), told).toEqual(essence(made));
    const constraints = shuffled(definition.constraints, subjectOf, seed);
    const other = planned({ ...definition, constraints }, status);
    expect(looseEssence(other), told).toEqual(looseEssence(made));

    checkPlan(made, status, lines);
    expect(unsettled(definition, status, 3), told).toEqual([]);
  });

  // Promotion scores count where an instance is known to be, and wishes may add up otherwise from
  // another place: as with Pacemaker that may take a plan more.
  test("one plan is nearly always enough: that of its outcome has nothing to do", () => {
    const slow = SEEDS.filter((seed) => {
      const cluster = clusterOf(randomLines(seed));
      return unsettled(cluster.definition(), cluster.status(), 1).length > 0;
    });
    expect(slow.length).toBeLessThanOrEqual(SEEDS.length / 50);
  });
});

/** Wishes that are passed on in part, and rounded on the way. */
function colocatedLines(seed: number): string[] {
  const random = new SeededRandom(seed);
  const lines = ["nodes a b c", ...[0, 1, 2, 3, 4, 5].map((i) => `primitive r${i}`)];
  for (let i = 0; i < 14; i++) {
    const dependent = 1 + random.below(5);
    const score = random.below(1_500_000) - 750_000;
    lines.push(`colocation r${dependent} with r${random.below(dependent)} ${score}`);
  }
  for (let i = 0; i < 8; i++) {
    lines.push(`location r${random.below(6)} ${"abc"[random.below(3)]} ${random.below(200) - 99}`);
  }
  return lines;
}

test.each(SEEDS.slice(0, 40))("constraints in another order give the same scores: %i", (seed) => {
  const lines = colocatedLines(seed);
  const cluster = clusterOf(lines);
  const definition = cluster.definition();
  const constraints = shuffled(definition.constraints, subjectOf, seed);
  const [made, other] = [definition, { ...definition, constraints }].map((each) =>
    essence(planned(each, cluster.status())),
  );
  expect(other, lines.join("\n")).toEqual(made);
});

function planned(definition: PolicyDefinition, status: ClusterStatus): Plan {
  return plan(definition, status, NOW, { explain: true });
}

/** All that must not depend on the order of the input: any of several reasons will do. */
function essence({ summary, actions, placements, notices, recheckAt }: Plan) {
  return {
    summary: summary.map(withoutReason),
    actions: actions.map(withoutReason),
    placements: placements.map(withSortedParts),
    notices: notices.map((each) => JSON.stringify(each)).sort(),
    recheckAt,
  };
}

/** As in Pacemaker, which stops wait for which probes may depend on the order of constraints. */
function looseEssence(whole: Plan) {
  const actions = new Map(whole.actions.map((action) => [action.id, action]));
  const named = (action: PlanAction) => `${action.kind} ${described(action)} ${action.intervalMs}`;
  const isProbe = ({ operation, intervalMs }: PlanAction) =>
    operation === "monitor" && intervalMs === 0;
  const lines = whole.actions.map((action) => {
    const before = action.after.map((id) => actions.get(id)!).filter((each) => !isProbe(each));
    return `${named(action)} after ${before.map(named).sort().join(", ")}`;
  });
  return { ...essence(whole), actions: lines.sort() };
}

function withoutReason<T extends { readonly reason?: string }>({ reason: _, ...rest }: T) {
  return rest;
}

function withSortedParts(placement: Placement) {
  const scores = placement.scores.map(({ parts, ...rest }) => {
    return { ...rest, parts: parts.map((part) => JSON.stringify(part)).sort() };
  });
  return { ...placement, scores };
}

/**
 * What is still to do once so many plans have been carried out. Marks alone are nothing, nor is it
 * that others are told of a stop, which waits for a node to have joined.
 */
function unsettled(
  definition: PolicyDefinition,
  status: ClusterStatus,
  rounds: number,
): readonly string[] {
  let now = status;
  for (let round = 0; round < rounds; round++) now = simulate(plan, definition, now, NOW).outcome;
  const left = plan(definition, now, NOW).actions;
  return left.filter(({ kind, notify }) => kind !== "pseudo" && !notify).map(described);
}

/** As in Pacemaker, what is said first of two resources goes before what is said later. */
function subjectOf(constraint: Constraint): string {
  if (constraint.kind === "colocation") return pairOf(constraint.resource, constraint.with);
  if (constraint.kind === "order") return pairOf(constraint.first, constraint.then);
  return constraint.id;
}

function pairOf(a = "", b = ""): string {
  return a < b ? `${a} and ${b}` : `${b} and ${a}`;
}

/** The same status, told in another order; that of the nodes says who was known first. */
function turnStatus(status: ClusterStatus, seed: number): ClusterStatus {
  const nodes = status.nodes.map((node) => ({
    ...node,
    attributes: new Map([...node.attributes].reverse()),
    history: shuffled(node.history, failureOf, seed).map((each) => {
      return { ...each, operations: [...each.operations].reverse() };
    }),
  }));
  return { ...status, nodes, tickets: [...status.tickets].reverse() };
}

/** As in Pacemaker, once a node is to be fenced for a failure, further ones there need no answer. */
function failureOf({ resource, operations }: ResourceHistory): string {
  return operations.some(({ status }) => status === 4) ? "failed" : resource;
}

/** In another order; of several with the same key the first one still comes first. */
function shuffled<T>(list: readonly T[], keyOf: (each: T) => string, seed: number): T[] {
  const random = new SeededRandom(seed);
  const left = [...list];
  const keys = list.map(keyOf);
  for (let i = keys.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [keys[i], keys[j]] = [keys[j]!, keys[i]!];
  }
  return keys.flatMap((key) => {
    const at = left.findIndex((each) => keyOf(each) === key);
    return left.splice(at, 1);
  });
}
