import { describe, expect, test } from "vitest";
import { readCib } from "../../src/interop/cib-reader.ts";
import { plan } from "../../src/policy/make-plan.ts";
import { simulate } from "../../src/policy/outcome/simulation.ts";
import { crmOutcome, hasCrmSimulate, type Outcome, withoutNumber } from "./crm-simulate.ts";
import { ourPlaces } from "./our-places.ts";
import { randomCib } from "./random-cib.ts";
import { richCib, wideCib } from "./rich-cib.ts";

/** PACELINE_SEEDS=1000 PACELINE_SEED=1 widen the search or repeat one find. */
const COUNT = Number(process.env["PACELINE_SEEDS"] ?? 40);
const FIRST = Number(process.env["PACELINE_SEED"] ?? 1);

/**
 * How many of the clusters must end alike, and how many by the same actions. Old and new release
 * differ in known ways: colocated groups, shuffled clones, ordered clones with gaps, what a node in
 * maintenance means for a resource that is elsewhere too.
 */
const KINDS: readonly (readonly [string, (seed: number) => string, number, number])[] = [
  ["plain", randomCib, 0.95, 0.9],
  ["rich", richCib, 0.85, 0.75],
  ["wide", wideCib, 0.85, 0.75],
];

function ourOutcome(cib: string): Outcome {
  const { definition, status, executionDate } = readCib(cib);
  const { after, plan: made } = simulate(plan, definition!, status!, executionDate!);
  const actions = made.actions
    .filter((each) => each.kind !== "pseudo")
    .map(({ resource = "", operation, intervalMs, node = "" }) => {
      const interval = intervalMs > 0 ? `/${intervalMs}` : "";
      return `${withoutNumber(resource)} ${operation}${interval} ${node}`;
    });
  return { places: ourPlaces(after), actions: actions.sort() };
}

function difference(ours: readonly string[], theirs: readonly string[]): string {
  if (ours.join("\n") === theirs.join("\n")) return "";
  const extra = ours.filter((each) => !theirs.includes(each));
  const missing = theirs.filter((each) => !ours.includes(each));
  return `extra ${extra.join(", ")}; missing ${missing.join(", ")}`;
}

describe.skipIf(!hasCrmSimulate())("random clusters end as crm_simulate has them", () => {
  test.each(KINDS)(
    `%s: ${COUNT} seeds from ${FIRST}`,
    { timeout: 600_000 },
    (_, make, leastPlaces, leastActions) => {
      const same = { places: 0, actions: 0 };
      let compared = 0;
      for (let seed = FIRST; seed < FIRST + COUNT; seed++) {
        const cib = make(seed);
        const theirs = crmOutcome(cib);
        if (theirs === undefined) continue;
        compared++;
        const ours = ourOutcome(cib);
        for (const what of ["places", "actions"] as const) {
          const found = difference(ours[what], theirs[what]);
          if (found === "") same[what]++;
          else console.log(`seed ${seed}, ${what}: ${found}`);
        }
      }
      const [places, actions] = [same.places / compared, same.actions / compared];
      const percent = (share: number) => `${(share * 100).toFixed(1)} %`;
      console.log(`${compared} compared: places ${percent(places)}, actions ${percent(actions)}`);
      expect(places).toBeGreaterThanOrEqual(leastPlaces);
      expect(actions).toBeGreaterThanOrEqual(leastActions);
    },
  );
});

/** A node may have several reasons to be fenced: any of them will do. */
function withoutReason<T extends { readonly reason?: string }>({ reason: _, ...rest }: T) {
  return rest;
}

describe("random clusters, by themselves", () => {
  const seeds = Array.from({ length: 30 }, (_, i) => FIRST + i);

  test.each(seeds)("seed %i, with everything: the order of the input says nothing", (seed) => {
    const { definition, status, executionDate } = readCib(wideCib(seed));
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
