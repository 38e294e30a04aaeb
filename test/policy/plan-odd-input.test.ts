import { describe, expect, test } from "vitest";
import { planOf } from "./plan-scenario.ts";
import { clusterOf } from "./random-cluster.ts";

describe("odd input makes a plan all the same", () => {
  test.each<[string, string[]]>([
    ["nothing at all", []],
    ["no nodes", ["primitive web"]],
    ["no resources", ["nodes a b"]],
    [
      "constraints on nothing",
      ["nodes a", "location x a 1", "colocation x with y", "order x then y"],
    ],
    ["a location on an unknown node", ["nodes a", "primitive web", "location web z 5"]],
    ["with itself", ["nodes a", "primitive web", "colocation web with web", "order web then web"]],
    [
      "each with the other, after the other",
      [
        "nodes a b",
        "primitive web",
        "primitive db",
        "colocation web with db",
        "colocation db with web",
        "order web then db",
        "order db then web",
      ],
    ],
    ["a loss of all nodes", ["nodes a b", "primitive web", "lost a", "lost b", "is web started a"]],
    ["numbers that are none", ["nodes a", "primitive web priority=high resource-stickiness=x"]],
    ["options that are none", ["options no-quorum-policy=maybe batch-limit=x", "nodes a"]],
    ["a recorded code that does not exist", ["nodes a", "primitive web", "failed web a rc=99"]],
  ])("%s", (_, lines) => {
    const made = planOf(clusterOf(lines));
    const ids = made.actions.map((action) => action.id);
    expect(ids).toEqual(ids.map((__, i) => i));
  });
});
