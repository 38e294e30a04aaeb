import { describe, expect, test } from "vitest";
import { explainReport } from "../../src/model/explain-report.ts";
import { planOf } from "../policy/plan-scenario.ts";
import { SmallCluster } from "../policy/small-cluster.ts";

const cluster = new SmallCluster();
for (const line of [
  "nodes a b",
  "primitive web",
  "primitive disk",
  "primitive fs",
  "group store disk fs",
  "clone stores store",
  "is web started b",
  "failed web b",
]) {
  cluster.line(line);
}
const plan = planOf(cluster);

const MEMBERS = ["disk:0", "disk:1", "fs:0", "fs:1"];

describe("what is told of a name", () => {
  test.each([
    ["web", ["web"]],
    ["disk", ["disk:0", "disk:1"]],
    ["disk:1", ["disk:1"]],
    ["store", MEMBERS],
    ["store:0", ["disk:0", "fs:0"]],
    ["stores", MEMBERS],
  ])("%s: of the resources that it means, all that is planned for them", (name, meant) => {
    const report = explainReport(plan, name)!;
    expect(report.placements.map(({ resource }) => resource)).toEqual(meant);
    expect(report.changes.map(({ resource }) => resource).sort()).toEqual(meant);
    const acted = new Set(report.actions.map(({ resource }) => resource));
    expect([...acted].sort()).toEqual(meant);
  });

  test("nothing where nothing is called so", () => {
    expect(explainReport(plan, "sto")).toBeUndefined();
    expect(explainReport(plan, "undefined")).toBeUndefined();
  });
});
