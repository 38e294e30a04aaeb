import { expect, test } from "vitest";
import { emptyCib } from "../../src/cib/apply-command.ts";
import { Coordinator } from "../../src/controller/coordinator.ts";
import type { CoordinatorOutput } from "../../src/controller/coordinator-ports.ts";
import type { WallTime } from "../../src/core/units.ts";
import type { LocalStatus } from "../../src/model/operation.ts";
import { plan } from "../../src/policy/make-plan.ts";
import { NOW_SECONDS, SmallCluster } from "../policy/small-cluster.ts";
import { slowPlanning } from "./slow-planning.ts";

/** Large plans are made in slices (PlanMaking); here every step of the engine is a slice of its own. */

const LINES = ["nodes node1 node2", "primitive web", "primitive db", "is web started node1"];

function cluster(lines: readonly string[]): SmallCluster {
  const made = new SmallCluster();
  for (const line of lines) made.line(line);
  return made;
}

function statusOf(lines: readonly string[], node: string, revision: number): LocalStatus {
  const found = cluster(lines)
    .status()
    .nodes.find((each) => each.name === node);
  const history = found?.history ?? [];
  return { node, incarnation: 1, revision, attributes: {}, history, inFlight: [] };
}

function newCoordinator(): Coordinator {
  const coordinator = new Coordinator({
    self: "node1",
    incarnation: 1,
    planner: plan,
    slicedPlanner: slowPlanning,
    policy: () => ({ policy: cluster(LINES).definition() }),
    cib: emptyCib,
  });
  coordinator.setWall((NOW_SECONDS * 1000) as WallTime);
  const members = new Map([
    ["node1", 1],
    ["node2", 1],
  ]);
  coordinator.activate(0, { term: 1, acting: false }, members, true);
  coordinator.acceptStatus(1, statusOf(LINES, "node1", 1));
  return coordinator;
}

const isPlanned = (output: CoordinatorOutput) => output.kind === "planned";

/** Ticks for as long as something is due at once; the outputs of all ticks. */
function tickOn(coordinator: Coordinator, now: number, limit = 10_000): CoordinatorOutput[] {
  const outputs: CoordinatorOutput[] = [];
  for (let i = 0; i < limit && (coordinator.nextDeadline() ?? Infinity) <= now; i++) {
    outputs.push(...coordinator.tick(now));
  }
  return outputs;
}

test("a plan that takes long is made in many steps, each due at once, and then followed", () => {
  const coordinator = newCoordinator();
  expect(coordinator.acceptStatus(1, statusOf(LINES, "node2", 1)).some(isPlanned)).toBe(false);
  expect(coordinator.nextDeadline()).toBe(1);
  expect(coordinator.plan).toBeUndefined();
  expect(tickOn(coordinator, 1).filter(isPlanned)).toHaveLength(1);
  expect(coordinator.plan?.summary.map((row) => `${row.action} ${row.resource}`)).toEqual([
    "start db",
  ]);
});

test("what is learned meanwhile counts: no plan is made from what is no longer so", () => {
  const coordinator = newCoordinator();
  coordinator.acceptStatus(1, statusOf(LINES, "node2", 1));
  tickOn(coordinator, 1, 3);
  coordinator.acceptStatus(1, statusOf([...LINES, "is db started node2"], "node2", 2));
  tickOn(coordinator, 1);
  expect(coordinator.plan?.summary).toEqual([]);
});

test("a plan that is disturbed again and again is made all the same", () => {
  const coordinator = newCoordinator();
  let revision = 0;
  while (coordinator.plan === undefined && revision < 50) {
    revision += 1;
    coordinator.acceptStatus(1, statusOf(LINES, "node2", revision));
  }
  expect(coordinator.plan).toBeDefined();
  // Not at once: everything else had its turn in between.
  expect(revision).toBeGreaterThan(6);
});

test("nothing comes of a plan in the making when the duties are laid down", () => {
  const coordinator = newCoordinator();
  coordinator.acceptStatus(1, statusOf(LINES, "node2", 1));
  coordinator.deactivate(1);
  expect(tickOn(coordinator, 1)).toEqual([]);
  expect(coordinator.plan).toBeUndefined();
});
