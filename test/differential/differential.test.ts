import { describe, expect, test } from "vitest";
import { readCib } from "../../src/interop/cib-reader.ts";
import { plan } from "../../src/policy/make-plan.ts";
import { simulate } from "../../src/policy/outcome/simulation.ts";
import { crmPlaces, hasCrmSimulate } from "./crm-simulate.ts";
import { ourPlaces } from "./our-places.ts";
import { randomCib } from "./random-cib.ts";
import { richCib } from "./rich-cib.ts";

/** PACELINE_SEEDS=1000 PACELINE_SEED=1 widen the search or repeat one find. */
const COUNT = Number(process.env["PACELINE_SEEDS"] ?? 40);
const FIRST = Number(process.env["PACELINE_SEED"] ?? 1);

/**
 * Old and new release differ in known ways (colocated groups, shuffled clones): not all agree. With
 * remote nodes, bundles and half-done operations crm_simulate also leaves transitions unfinished
 * that wait for actions outside the graph.
 */
const KINDS: readonly (readonly [string, (seed: number) => string, number])[] = [
  ["plain", randomCib, 0.95],
  ["rich", richCib, 0.8],
];

function placesAfter(cib: string): string[] {
  const { definition, status, executionDate } = readCib(cib);
  return ourPlaces(simulate(plan, definition!, status!, executionDate!).after);
}

/** What crm_simulate makes of a cluster; undefined where an assertion of its own ends it. */
function theirPlaces(cib: string): string[] | undefined {
  try {
    return crmPlaces(cib);
  } catch {
    return undefined;
  }
}

describe.skipIf(!hasCrmSimulate())("random clusters end as crm_simulate has them", () => {
  test.each(KINDS)(`%s: ${COUNT} seeds from ${FIRST}`, { timeout: 600_000 }, (_, make, least) => {
    const differences: string[] = [];
    for (let seed = FIRST; seed < FIRST + COUNT; seed++) {
      const cib = make(seed);
      const [ours, theirs] = [placesAfter(cib), theirPlaces(cib)];
      if (theirs === undefined) continue;
      if (ours.join("\n") === theirs.join("\n")) continue;
      const extra = ours.filter((each) => !theirs.includes(each));
      const missing = theirs.filter((each) => !ours.includes(each));
      differences.push(`seed ${seed}: extra ${extra.join(", ")}; missing ${missing.join(", ")}`);
    }
    const agreement = 1 - differences.length / COUNT;
    console.log(`agreement with crm_simulate: ${(agreement * 100).toFixed(1)} % of ${COUNT}`);
    for (const difference of differences) console.log(difference);
    expect(agreement).toBeGreaterThanOrEqual(least);
  });
});

/** A node may have several reasons to be fenced: any of them will do. */
function withoutReason<T extends { readonly reason?: string }>({ reason: _, ...rest }: T) {
  return rest;
}

describe("random clusters, by themselves", () => {
  const seeds = Array.from({ length: 30 }, (_, i) => FIRST + i);

  test.each(seeds)("seed %i, with everything: the order of the input says nothing", (seed) => {
    const { definition, status, executionDate } = readCib(richCib(seed));
    const made = plan(definition!, status!, executionDate!);
    const nodes = status!.nodes.map((node) => ({
      ...node,
      attributes: new Map([...node.attributes].reverse()),
      history: node.history.map((each) => ({
        ...each,
        operations: [...each.operations].reverse(),
      })),
    }));
    const turned = { ...status!, nodes, tickets: [...status!.tickets].reverse() };
    const other = { ...definition!, nodes: [...definition!.nodes].reverse() };
    const again = plan(other, turned, executionDate!);
    expect(again.summary.map(withoutReason)).toEqual(made.summary.map(withoutReason));
    expect(again.actions.map(withoutReason)).toEqual(made.actions.map(withoutReason));
  });

  test.each(seeds)(
    "seed %i: nothing exclusive runs twice, the same input gives the same plan",
    (seed) => {
      const { definition, status, executionDate } = readCib(randomCib(seed));
      const first = simulate(plan, definition!, status!, executionDate!);
      expect(plan(definition!, status!, executionDate!)).toEqual(first.plan);
      for (const placement of first.plan.placements) {
        if (placement.managed && !placement.blocked) {
          expect(placement.next.nodes.length).toBeLessThanOrEqual(1);
        }
      }
    },
  );
});
