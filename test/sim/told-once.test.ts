import { expect, test } from "vitest";
import type { SimulatedCluster } from "./simulated-cluster.ts";
import { asked, clusterAtHome, dcOf, HOME } from "./small-cluster.ts";

/*
 * What the logs of a cluster tell a person of an incident, all nodes together: every step that matters
 * once, in order, and nothing else. Times and numbers of transitions are left out, and the DC is
 * called that; r1 runs on node1.
 */

/** Takes a cluster through something, and answers with what was told from then on. */
function toldOf(act: (cluster: SimulatedCluster) => void, forMs = 15_000): string[] {
  const cluster = clusterAtHome();
  const dc = dcOf(cluster).name;
  const before = cluster.trace.lines().length;
  act(cluster);
  cluster.runFor(forMs);
  expect(dcOf(cluster).name).toBe(dc);
  return cluster.trace
    .lines()
    .slice(before)
    .filter((line) => / (info|warn|error) [a-z-]+: /.test(line))
    .map((line) => line.replace(/^ *[0-9.]+ /, "").replace(/ +/g, " "))
    .map((line) => line.replace(/\d+ ms/, "N ms").replace(/transition \d+/, "transition N"))
    .map((line) => line.replace(new RegExp(`^${dc} `), "DC "));
}

/** To the node that is neither home nor the DC. */
function moveAway(cluster: SimulatedCluster): void {
  const to = cluster.hosts.find((host) => host.name !== HOME && host !== dcOf(cluster))!;
  const what = { id: "migrate:r1", kind: "migrate", target: "r1", node: to.name } as const;
  const override = { ...what, author: "jo", reason: "a new disk" } as const;
  expect(asked(cluster, { method: "override-set", override })).toMatchObject({ ok: true });
}

test("a monitor that fails", () => {
  expect(toldOf((cluster) => cluster.host(HOME).world.kill("r1"))).toEqual([
    "node1 warn operation-done: monitor of r1 failed after N ms: not running",
    "DC info plan: transition N (monitor of r1 failed on node1): recover r1 node1",
    "node1 info operation-done: r1 stopped in N ms",
    "node1 info operation-done: r1 started in N ms",
    "DC info settled: nothing is left to do",
  ]);
});

test("a move by hand, with who wants it and why", () => {
  const told = toldOf(moveAway);
  const [, to] = /is moved to (node\d)/.exec(told[0] ?? "") ?? [];
  expect(told).toEqual([
    `DC info override-set: r1 is moved to ${to}, by jo: a new disk`,
    `DC info plan: transition N (r1 is moved to ${to}): move r1 node1 -> ${to}`,
    "node1 info operation-done: r1 stopped in N ms",
    `${to} info operation-done: r1 started in N ms`,
    "DC info settled: nothing is left to do",
  ]);
});

test("the history says who wanted what, too, before what came of it", () => {
  const cluster = clusterAtHome();
  moveAway(cluster);
  const text = cluster.host(HOME).definitionText;
  const changed = { method: "config-apply", text: `${text}# more\n`, author: "ann" } as const;
  expect(asked(cluster, { ...changed, comment: "a remark" })).toMatchObject({ ok: true });
  cluster.runFor(10_000);
  const reply = asked(cluster, { method: "timeline", limit: 100 });
  const told = JSON.stringify(reply).match(/"message":"[^"]*"/g) ?? [];
  const moved = told.findIndex((each) => /r1 is moved to node\d, by jo: a new disk/.test(each));
  expect(moved).toBeGreaterThanOrEqual(0);
  expect(told.slice(moved).some((each) => each.includes("r1 stopped on node1"))).toBe(true);
  expect(told).toContain('"message":"definition 2 is in force, by ann: a remark"');
});

test("a stop that fails, without fencing: what is blocked is an error of its own", () => {
  const told = toldOf((cluster) => {
    const { world } = cluster.host(HOME);
    world.faults = (_, __, action) => (action === "stop" ? { kind: "fail", rc: 1 } : undefined);
    moveAway(cluster);
  });
  expect(told.slice(2)).toEqual([
    "node1 warn operation-done: stop of r1 failed after N ms: error",
    "DC warn action-failed: stop of r1 on node1 failed: error",
    "DC error blocked: r1 is blocked: it failed on node1; clean it up once it is well",
    "DC info settled: nothing is left to do",
  ]);
});

test("a node that is lost", () => {
  // Before the DC may hand its office to a node that runs nothing.
  const told = toldOf((cluster) => cluster.host(HOME).powerOff(), 1_500);
  const lost = "warn member-lost: node1 is lost: nothing is heard of it any more.";
  const quorum = "info quorum: Quorum: 2 of 3 votes, 2 needed: a majority.";
  expect(told.map((line) => line.replace(/^(DC|node\d) /, ""))).toEqual([
    ...[lost, quorum, lost, quorum],
    expect.stringMatching(/^info plan: transition N \(node1 lost\): start r1 node\d$/),
    "info operation-done: r1 started in N ms",
    "info settled: nothing is left to do",
  ]);
});
