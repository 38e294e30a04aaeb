import { expect, test } from "vitest";
import { IncidentRecorder } from "../../src/controller/incident-recorder.ts";
import { leftUndone } from "../../src/controller/left-undone.ts";
import type { TimelineEntry } from "../../src/model/control.ts";
import type { OperationResult } from "../../src/model/operation.ts";
import { plan } from "../../src/policy/make-plan.ts";
import { NOW_SECONDS, SmallCluster } from "../policy/small-cluster.ts";

function planOf(lines: readonly string[]) {
  const cluster = new SmallCluster();
  for (const line of lines) cluster.line(line);
  return plan(cluster.definition(), cluster.status(), NOW_SECONDS);
}

/** A probe that finds nothing, as before every first start. */
function probeOf(resource: string, node: string): OperationResult {
  const times = { id: "p", callId: 1, intervalMs: 0 };
  const record = { ...times, operation: "monitor", rc: 7, status: 0, expectedRc: 7 };
  return { key: "1", node, resource, record, term: 1 };
}

test("what is wanted and cannot be done is not told as decided", () => {
  const told: string[] = [];
  const recorder = new IncidentRecorder("node1", ({ message }) => told.push(message));
  const nodes = ["nodes node1 node2", "offline node2", "quorum lost"];
  recorder.planned(planOf([...nodes, "primitive db"]), 1, 10);
  expect(told).toEqual([]);
  recorder.planned(
    planOf([...nodes, "primitive db", "primitive web", "is web started node1"]),
    2,
    11,
  );
  expect(told).toEqual(["transition 2: stop web node1 (no quorum)"]);
});

test("a decision that is made again before anything came of it is told once", () => {
  const told: string[] = [];
  const recorder = new IncidentRecorder("node1", ({ message }) => told.push(message));
  const start = planOf(["nodes node1 node2", "primitive db"]);
  recorder.planned(start, 1, 10);
  recorder.result(probeOf("db", "node2"), 11);
  recorder.planned(start, 2, 11);
  recorder.settled(12, []);
  recorder.planned(start, 3, 13);
  expect(told.filter((message) => message.startsWith("transition"))).toEqual([
    "transition 1: start db node1",
    "transition 3: start db node1",
  ]);
});

test("an operation that was killed is told as timed out, not by an exit code", () => {
  const told: string[] = [];
  const recorder = new IncidentRecorder("node1", ({ message }) => told.push(message));
  const how = { intervalMs: 0, rc: 1, status: 2, exitReason: "did not end" };
  const record = { id: "s", callId: 1, operation: "stop", ...how };
  recorder.result({ key: "1", node: "node1", resource: "db", record, term: 1 }, 10);
  expect(told).toEqual(["stop of db failed on node1: timed out: did not end"]);
});

test("an incident that ends with something left is not told as settled", () => {
  const told: TimelineEntry[] = [];
  const recorder = new IncidentRecorder("node1", (entry) => told.push(entry));
  const record = { id: "s", callId: 1, operation: "stop", intervalMs: 0, rc: 1, status: 0 };
  recorder.result({ key: "1", node: "node1", resource: "db", record, term: 1 }, 10);
  recorder.settled(12, ["db is blocked"]);
  expect(told.at(-1)).toMatchObject({
    phase: "stable",
    message: "nothing more can be done 2 ms after the fault: db is blocked",
    left: true,
  });
});

test.each([
  [["primitive db", "is db started node1"], []],
  [["primitive db", "quorum lost"], ["db waits to start (no quorum)"]],
  [
    ["primitive db", "location db node1 -INFINITY", "location db node2 -INFINITY"],
    ["db does not run"],
  ],
  [["primitive db target-role=Stopped"], []],
])("what %j leaves undone: %j", (lines, left) => {
  const cluster = new SmallCluster();
  for (const line of ["nodes node1 node2", ...lines]) cluster.line(line);
  const definition = cluster.definition();
  expect(leftUndone(plan(definition, cluster.status(), NOW_SECONDS), definition)).toEqual(left);
});

test.each([
  ["silent", "node2 is lost (silent)"],
  ["cut", "node2 is lost (cut: not all members hear each other)"],
] as const)("how a node was lost: %s", (reason, message) => {
  const told: string[] = [];
  const recorder = new IncidentRecorder("node1", (entry) => told.push(entry.message));
  recorder.lost({ node: "node2", incarnation: 1, reason, lastHeard: 5 }, 10, 10);
  expect(told.at(-1)).toBe(message);
});
