import { expect, test } from "vitest";
import { emptyCib } from "../../src/cib/apply-command.ts";
import { Coordinator } from "../../src/controller/coordinator.ts";
import type { CoordinatorOutput } from "../../src/controller/coordinator-ports.ts";
import type { WallTime } from "../../src/core/units.ts";
import type { LocalStatus } from "../../src/model/operation.ts";
import { plan } from "../../src/policy/make-plan.ts";
import { NOW_SECONDS, SmallCluster } from "../policy/small-cluster.ts";

/*
 * A node that is on its own for a moment gives its answers to nobody. Once it is asked for its status
 * again, an order that it has neither answered nor got is open no more.
 */

const LINES = ["nodes node1 node2", "primitive web", "location web node1 -INFINITY"];

function statusOf(
  lines: readonly string[],
  node: string,
  status: Partial<LocalStatus>,
): LocalStatus {
  const made = new SmallCluster();
  for (const line of lines) made.line(line);
  const history = made.status().nodes.find((each) => each.name === node)?.history ?? [];
  return { node, incarnation: 1, revision: 1, attributes: {}, history, inFlight: [], ...status };
}

/** Keys of the orders to a node. */
function ordered(outputs: readonly CoordinatorOutput[], to: string): string[] {
  return outputs.flatMap((output) => {
    if (output.kind !== "tell" || output.node !== to || output.message.t !== "order") return [];
    const { order } = output.message;
    return order.kind === "execute" ? [order.request.key] : [];
  });
}

/** A coordinator that has ordered node2 to look for `web`. */
function orderedOne() {
  const definition = new SmallCluster();
  for (const line of LINES) definition.line(line);
  const coordinator = new Coordinator({
    self: "node1",
    incarnation: 1,
    planner: plan,
    policy: () => ({ policy: definition.definition() }),
    cib: emptyCib,
  });
  coordinator.setWall((NOW_SECONDS * 1000) as WallTime);
  const members = new Map([
    ["node1", 1],
    ["node2", 1],
  ]);
  coordinator.activate(0, { term: 1, acting: false }, members, true);
  coordinator.acceptStatus(1, statusOf(LINES, "node1", {}));
  const [key] = ordered(coordinator.acceptStatus(1, statusOf(LINES, "node2", {})), "node2");
  const isOpen = () => coordinator.runner.inFlight().some((each) => each.key === key);
  expect(isOpen()).toBe(true);
  return { coordinator, key: key!, isOpen };
}

test("an order whose answer went astray is given again at once, not when its time is over", () => {
  const { coordinator, isOpen } = orderedOne();
  coordinator.collectAnew(2, "node2");
  const outputs = coordinator.acceptStatus(3, statusOf(LINES, "node2", { revision: 2 }));
  expect(isOpen()).toBe(false);
  expect(ordered(outputs, "node2")).toHaveLength(1);
});

test("one that the node still works on, or holds back, stays open", () => {
  const { coordinator, key, isOpen } = orderedOne();
  coordinator.collectAnew(2, "node2");
  coordinator.acceptStatus(3, statusOf(LINES, "node2", { revision: 2, inFlight: [key] }));
  expect(isOpen()).toBe(true);
});

test("one that was given after the question stays open: the status may be from before it", () => {
  const { coordinator, isOpen } = orderedOne();
  coordinator.acceptStatus(3, statusOf(LINES, "node2", { revision: 2 }));
  expect(isOpen()).toBe(true);
});
