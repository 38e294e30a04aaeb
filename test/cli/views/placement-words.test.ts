import { expect, test } from "vitest";
import { applyOverrides } from "../../../src/cib/override-policy.ts";
import { createPaint } from "../../../src/cli/views/paint.ts";
import { explainText } from "../../../src/cli/views/simulate-explain.ts";
import type { WallTime } from "../../../src/core/units.ts";
import { placementsOf } from "../../../src/model/explain-report.ts";
import { plan } from "../../../src/policy/make-plan.ts";
import { simulate } from "../../../src/policy/outcome/simulation.ts";
import { NOW_SECONDS, SmallCluster } from "../../policy/small-cluster.ts";

/** What an operator is told at three in the morning: the sentences before the table of scores. */
function told(lines: readonly string[], asked: string): string {
  const cluster = new SmallCluster();
  for (const line of lines) cluster.line(line);
  const [resource, node] = asked.split("@") as [string, string?];
  const now = (NOW_SECONDS * 1000) as WallTime;
  const simulation = simulate(plan, cluster.definition(), cluster.status(), now, true);
  const placements = placementsOf(simulation.plan, resource);
  return explainText(simulation, placements, node, createPaint(false));
}

test.each([
  [
    "the score decides",
    ["nodes a b", "primitive web", "location web a 10"],
    "web",
    "it goes to a: it has the highest score, 10 against 0 on b (location location-1)",
  ],
  [
    "all are equal, and it is there already",
    ["nodes a b", "primitive web", "is web started a"],
    "web",
    "it stays on a: it scores the same on b, and it is there already",
  ],
  [
    "a rule forbids every node: it is told as it was written, not by an id that nobody wrote",
    ["nodes a b", "primitive web", "location web -INFINITY when not_defined disk or disk ne ssd"],
    "web",
    "no node may run it: location location-1, rule: not_defined disk or disk ne ssd",
  ],
  [
    "why not there",
    ["nodes a b", "primitive web", "location web a 10"],
    "web@b",
    "not on b: it scores 0 there and 10 on a (location location-1)",
  ],
  [
    "banned there",
    ["nodes a b", "primitive web", "location web b -INFINITY"],
    "web@b",
    "not on b: location location-1",
  ],
  [
    "the node takes nothing, and it is banned there besides",
    ["nodes a b", "primitive web", "location web b -INFINITY", "attributes b standby=on"],
    "web@b",
    "not on b: the node is in standby; location location-1",
  ],
  [
    "somebody wants it stopped",
    ["nodes a b", "primitive web target-role=Stopped", "is web started a"],
    "web",
    "no node may run it: target-role is Stopped",
  ],
  [
    "a ticket is missing",
    ["nodes a b", "primitive web", "needs web main"],
    "web",
    "no node may run it: ticket main not granted",
  ],
  [
    "it follows another that has no node",
    [
      "nodes a b",
      "primitive db target-role=Stopped",
      "primitive web",
      "colocation web with db INFINITY",
    ],
    "web",
    "no node may run it: colocation colocation-1, with db, which will not run",
  ],
  [
    "a node each has another reason",
    ["nodes a b", "primitive web", "location web a -INFINITY", "attributes b standby=on"],
    "web",
    "a: location location-1",
  ],
  [
    "what holds for every node decides, whatever else one of them has",
    ["nodes a b", "primitive web target-role=Stopped", "location web a -INFINITY"],
    "web",
    "no node may run it: target-role is Stopped",
  ],
  [
    "nobody manages it",
    ["nodes a b", "primitive web is-managed=false", "is web started a"],
    "web",
    "it is unmanaged, so it is left on a",
  ],
  [
    "it waits for a person",
    ["nodes a b", "primitive web", "is web started a", "is web stuck a"],
    "web",
    "it is blocked, so it is left on a",
  ],
  [
    "it must wait for another",
    ["nodes a", "primitive db", "primitive web", "order db then web"],
    "web",
    "start of web on a (it is to run there) waits for start of db on a",
  ],
])("%s", (_, lines, asked, sentence) => {
  expect(told(lines, asked)).toContain(`  ${sentence}\n`);
});

test("what somebody set by hand is told in words, not by an id", () => {
  const cluster = new SmallCluster();
  for (const line of ["nodes a b", "primitive web"]) cluster.line(line);
  const move = { id: "migrate:web", kind: "migrate", target: "web", node: "b" } as const;
  const override = { ...move, author: "ann", at: 0 };
  const now = (NOW_SECONDS * 1000) as WallTime;
  const { policy } = applyOverrides(cluster.definition(), [override], now);
  const simulation = simulate(plan, policy, cluster.status(), now, true);
  const text = explainText(
    simulation,
    placementsOf(simulation.plan, "web"),
    undefined,
    createPaint(false),
  );
  expect(text).toContain("INFINITY against 0 on a (web is moved to b)");
  expect(text).not.toContain("migrate:web");
});
