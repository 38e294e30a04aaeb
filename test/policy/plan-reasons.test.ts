import { expect, test } from "vitest";
import { readCib } from "../../src/interop/cib-reader.ts";
import type { Plan } from "../../src/model/plan.ts";
import { plan } from "../../src/policy/make-plan.ts";
import { richCib, wideCib } from "../differential/rich-cib.ts";
import { planOf } from "./plan-scenario.ts";
import { SmallCluster } from "./small-cluster.ts";

const SEEDS = Array.from({ length: 60 }, (_, seed) => seed);

function plansOf(cibOf: (seed: number) => string): Plan[] {
  return SEEDS.map((seed) => {
    const { definition, status, executionDate = 1_800_000_000 } = readCib(cibOf(seed));
    return plan(definition!, status!, executionDate * 1000);
  });
}

test.each([
  ["wide", wideCib],
  ["rich", richCib],
])("in %s clusters every action says why it is there, and what is blocked by what", (_, cibOf) => {
  const plans = plansOf(cibOf);
  const actions = plans.flatMap((each) => each.actions.filter(({ kind }) => kind !== "pseudo"));
  expect(actions.length).toBeGreaterThan(500);
  expect(actions.filter(({ reason }) => !reason)).toEqual([]);
  const blocked = plans.flatMap(({ summary }) => summary.filter((row) => row.blocked));
  expect(blocked.length).toBeGreaterThan(20);
  expect(blocked.filter(({ reason }) => !reason)).toEqual([]);
});

function partsOf(lines: readonly string[], resource: string, node: string): unknown {
  const cluster = new SmallCluster();
  for (const line of lines) cluster.line(line);
  const placement = planOf(cluster).placements.find((each) => each.resource === resource);
  return placement?.scores.find((each) => each.node === node)?.parts;
}

const CHAIN = ["nodes one two", "primitive c", "primitive b", "primitive a"];

test("a wish that comes through a chain of colocations names whose it is and the way it came", () => {
  const chain = [...CHAIN, "colocation b with c", "colocation a with b"];
  expect(partsOf([...chain, "location a two 50"], "c", "two")).toEqual([
    {
      source: "colocation colocation-1",
      score: 50,
      detail: "where a would rather be, by way of b",
    },
  ]);
  const both = ["location a two 50", "location b two 7"];
  expect(partsOf([...chain, ...both], "c", "two")).toEqual([
    { source: "colocation colocation-1", score: 7, detail: "where b would rather be" },
    {
      source: "colocation colocation-1",
      score: 50,
      detail: "where a would rather be, by way of b",
    },
  ]);
});

test("a group speaks with one voice, and a wish that leaves no node is not told of", () => {
  const group = [
    "nodes one two",
    "primitive ip",
    "primitive web",
    "group g ip web",
    "primitive db",
  ];
  const wishes = ["location web two 9", "colocation g with db"];
  expect(partsOf([...group, ...wishes], "db", "two")).toMatchObject([
    { score: 9, detail: "where g would rather be" },
  ]);
  const nowhere = ["location a one -INFINITY", "location a two -INFINITY"];
  const lines = [...CHAIN, "colocation b with c", "colocation a with b", ...nowhere];
  expect(partsOf(lines, "c", "two") ?? []).toEqual([]);
});

test("a member of a cloned group says by which rule its clone may not be on a node", () => {
  const lines = [
    "nodes a b",
    "primitive one",
    "primitive two",
    "group g one two",
    "clone k g",
    "location k -INFINITY when #uname eq a",
  ];
  expect(partsOf(lines, "two:0", "a")).toContainEqual(
    expect.objectContaining({ score: -1_000_000, detail: "rule: #uname eq a" }),
  );
});
