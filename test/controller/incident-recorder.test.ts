import { expect, test } from "vitest";
import { IncidentRecorder } from "../../src/controller/incident-recorder.ts";
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
  expect(told).toEqual(["transition 2: stop web node1"]);
});

test("a decision that is made again before anything came of it is told once", () => {
  const told: string[] = [];
  const recorder = new IncidentRecorder("node1", ({ message }) => told.push(message));
  const start = planOf(["nodes node1 node2", "primitive db"]);
  recorder.planned(start, 1, 10);
  recorder.result(probeOf("db", "node2"), 11);
  recorder.planned(start, 2, 11);
  recorder.settled(12);
  recorder.planned(start, 3, 13);
  expect(told.filter((message) => message.startsWith("transition"))).toEqual([
    "transition 1: start db node1",
    "transition 3: start db node1",
  ]);
});
