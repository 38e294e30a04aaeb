import { expect, test } from "vitest";
import { emptyCib } from "../../src/cib/apply-command.ts";
import { Coordinator } from "../../src/controller/coordinator.ts";
import type { WallTime } from "../../src/core/units.ts";
import type { LocalStatus } from "../../src/model/operation.ts";
import { plan } from "../../src/policy/make-plan.ts";
import { NOW_SECONDS, SmallCluster } from "../policy/small-cluster.ts";

/** node1 is lost; node3 served as the second, and node2 is to take the free place. */
const BEFORE = [
  "nodes node1 node2 node3",
  "primitive db",
  "clone set db promotable=true clone-max=2",
  "is db started node3",
  "attributes node3 master-db=5",
  "lost node1",
];

/** Once started there the agent gives node2 the same score, as ocf:heartbeat:Stateful does. */
const STARTED = [...BEFORE, "is db started node2", "attributes node2 master-db=5"];

function cluster(lines: readonly string[]): SmallCluster {
  const made = new SmallCluster();
  for (const line of lines) made.line(line);
  return made;
}

function statusOf(lines: readonly string[], node: string, revision: number): LocalStatus {
  const found = cluster(lines)
    .status()
    .nodes.find((each) => each.name === node);
  const attributes = Object.fromEntries(found?.attributes ?? []);
  return {
    node,
    incarnation: 1,
    revision,
    attributes,
    history: found?.history ?? [],
    inFlight: [],
  };
}

function newCoordinator(): Coordinator {
  const coordinator = new Coordinator({
    self: "node2",
    incarnation: 1,
    planner: plan,
    policy: () => ({ policy: cluster(BEFORE).definition() }),
    cib: emptyCib,
  });
  coordinator.setWall((NOW_SECONDS * 1000) as WallTime);
  const members = new Map([
    ["node2", 1],
    ["node3", 1],
  ]);
  coordinator.activate(0, { term: 1, acting: false }, members, true);
  return coordinator;
}

function promoted(coordinator: Coordinator): readonly string[] {
  const rows = coordinator.plan?.placements ?? [];
  return rows.filter(({ next }) => next.role === "Promoted").flatMap(({ next }) => next.nodes);
}

test("a replica that has just started does not take the promotion from the survivor by a tie", () => {
  const coordinator = newCoordinator();
  coordinator.acceptStatus(1, statusOf(BEFORE, "node3", 1));
  coordinator.acceptStatus(1, statusOf(BEFORE, "node2", 1));
  expect(promoted(coordinator)).toEqual(["node3"]);

  coordinator.acceptStatus(2, statusOf(STARTED, "node2", 2));
  expect(promoted(coordinator)).toEqual(["node3"]);
});

test("a coordinator that finds both started breaks the tie by number: that is what it did", () => {
  const coordinator = newCoordinator();
  coordinator.acceptStatus(1, statusOf(STARTED, "node3", 1));
  coordinator.acceptStatus(1, statusOf(STARTED, "node2", 1));
  expect(promoted(coordinator)).toEqual(["node2"]);
});

test("a better score overturns the decision all the same", () => {
  const coordinator = newCoordinator();
  coordinator.acceptStatus(1, statusOf(BEFORE, "node3", 1));
  coordinator.acceptStatus(1, statusOf(BEFORE, "node2", 1));
  const better = [...STARTED, "attributes node2 master-db=6"];
  coordinator.acceptStatus(2, statusOf(better, "node2", 2));
  expect(promoted(coordinator)).toEqual(["node2"]);
});
