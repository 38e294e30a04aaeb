import { expect, test } from "vitest";
import type { WallTime } from "../../src/core/units.ts";
import { plan } from "../../src/policy/make-plan.ts";
import { NOW_SECONDS, SmallCluster } from "./small-cluster.ts";

function summaryOf(lines: readonly string[], wary: boolean): string[] {
  const cluster = new SmallCluster();
  const frozen = ["nodes a b", "fencing", "options no-quorum-policy=freeze", "primitive web"];
  for (const line of [...frozen, "lost b", "quorum lost", ...lines]) cluster.line(line);
  const now = (NOW_SECONDS * 1000) as WallTime;
  const made = plan(cluster.definition(), cluster.status(), now, { wary });
  const starts = made.actions.filter(({ operation }) => operation === "start");
  return starts.map(({ resource, node }) => `${resource} ${node}`);
}

test("frozen, what a probe failed to find is recovered by Pacemaker, and not by the wary", () => {
  expect(summaryOf(["is web doubtful a"], false)).toEqual(["web a"]);
  expect(summaryOf(["is web doubtful a"], true)).toEqual([]);
});

test("frozen, what has run here and failed is recovered by the wary, too", () => {
  const failed = ["is web started a", "failed web a"];
  expect(summaryOf(failed, true)).toEqual(["web a"]);
});

test("frozen, what has run here before it was stopped is none that has run here", () => {
  const stopped = ["is web started a", "is web halted a", "is web doubtful a"];
  expect(summaryOf(stopped, true)).toEqual([]);
});
