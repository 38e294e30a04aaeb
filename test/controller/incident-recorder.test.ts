import { expect, test } from "vitest";
import { IncidentRecorder } from "../../src/controller/incident-recorder.ts";
import { plan } from "../../src/policy/make-plan.ts";
import { NOW_SECONDS, SmallCluster } from "../policy/small-cluster.ts";

function planOf(lines: readonly string[]) {
  const cluster = new SmallCluster();
  for (const line of lines) cluster.line(line);
  return plan(cluster.definition(), cluster.status(), NOW_SECONDS);
}

test("a decision that is made again before anything came of it is told once", () => {
  const told: string[] = [];
  const recorder = new IncidentRecorder("node1", ({ message }) => told.push(message));
  const start = planOf(["nodes node1 node2", "primitive db"]);
  recorder.planned(start, 1, 10);
  recorder.planned(start, 2, 11);
  recorder.settled(12);
  recorder.planned(start, 3, 13);
  expect(told.filter((message) => message.startsWith("transition"))).toEqual([
    "transition 1: start db node1",
    "transition 3: start db node1",
  ]);
});
