import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { describe, expect, test } from "vitest";
import { writeDefinition } from "../../src/config/definition-writer.ts";
import { importOptions } from "../../src/config/imported-options.ts";
import { loadDefinition } from "../../src/config/load-definition.ts";
import { readCib } from "../../src/interop/cib-reader.ts";
import type { Plan } from "../../src/model/plan.ts";
import type { PolicyDefinition } from "../../src/model/policy-definition.ts";
import { plan } from "../../src/policy/make-plan.ts";
import { randomCib } from "../differential/random-cib.ts";
import { richCib, wideCib } from "../differential/rich-cib.ts";
import { checkScores } from "../policy/plan-checks.ts";
import { block, cibText, member } from "./cib-text.ts";

const XML = resolve(import.meta.dirname, "../../../shared/cts/xml");

/** Pacemaker's cases, where their data lies beside the repository. */
const CASES = existsSync(XML)
  ? readdirSync(XML)
      .filter((name) => name.endsWith(".xml"))
      .sort()
  : [];

/** Some have thousands of actions, and the machine may have other work. */
const TIMEOUT_MS = 60_000;

function imported(definition: PolicyDefinition): PolicyDefinition {
  const { policy } = importOptions(definition);
  const text = writeDefinition({ cluster: "imported", policy });
  const { definition: loaded, diagnostics } = loadDefinition(text, { simulation: true });
  expect(diagnostics.filter((each) => each.severity === "error")).toEqual([]);
  return loaded!.policy;
}

/**
 * Ping nodes of old CIBs become witnesses, of which there is nothing to say; and sets have no names
 * in our file that scores could be explained by.
 */
function withoutNames(whole: Plan): Plan {
  const placements = whole.placements.map((placement) => {
    return { ...placement, scores: placement.scores.map((each) => ({ ...each, parts: [] })) };
  });
  const notices = whole.notices.filter(({ code }) => code !== "ping-node");
  return { ...whole, placements, notices };
}

function expectSamePlan(cib: string): void {
  const { definition, status, executionDate } = readCib(cib);
  const now = executionDate ?? 1_800_000_000_000;
  const [before, after] = [definition!, imported(definition!)].map((each) => {
    const made = plan(each, status!, now, { explain: true });
    checkScores(made);
    return withoutNames(made);
  });
  // Everything: summary, order, deadlines, parameters, scores. The quick comparison goes first.
  if (!isDeepStrictEqual(after, before)) expect(after).toEqual(before);
}

describe.skipIf(CASES.length === 0)("an imported CIB gives the same plan", () => {
  test.each(CASES)("%s", { timeout: TIMEOUT_MS }, (name) => {
    expectSamePlan(readFileSync(join(XML, name), "utf8"));
  });
});

const SEEDS = Array.from({ length: 400 }, (_, i) => i + 1);

describe("an imported CIB of our own making gives the same plan", () => {
  test.each(SEEDS)("seed %i", (seed) => {
    for (const make of [randomCib, richCib, wideCib]) expectSamePlan(make(seed));
  });
});

const STATEFUL = 'class="ocf" provider="pacemaker" type="Stateful"';

/** What the plan of a CIB does, which is the same once the CIB is imported. */
function steps(parts: Parameters<typeof cibText>[0]): string[] {
  const options = block("cluster_property_set", "o", { "stonith-enabled": "false" });
  const cib = cibText({ options, ...parts });
  expectSamePlan(cib);
  const { definition, status } = readCib(cib);
  const { summary } = plan(definition!, status!, 1_800_000_000_000);
  return summary.map(({ action, resource, to }) => `${action} ${resource} ${to ?? ""}`.trim());
}

test("a node that is imported keeps its id, of which rules may speak", () => {
  const nodes = `<node id="7" uname="node1"/><node id="2" uname="node2"/>`;
  const found = steps({
    nodes,
    resources: `<primitive id="web" ${STATEFUL}/>`,
    constraints: `<rsc_location id="l" rsc="web"><rule id="r" score="-INFINITY">
      <expression id="x" attribute="#id" operation="eq" value="7"/></rule></rsc_location>`,
    status: member(1).replace('id="1"', 'id="7"') + member(2),
  });
  expect(found).toEqual(["start web node2"]);
});

test.each([
  ["without options", ""],
  ["with options", block("meta_attributes", "m", { "master-max": "2" })],
  [
    "with options by a rule only",
    `<meta_attributes id="m"><rule id="r" score="0"><date_expression id="d" operation="gt"
      start="2000-01-01"/></rule><nvpair id="p" name="master-max" value="2"/></meta_attributes>`,
  ],
])("the old master is promoted, imported or not: %s", (_, meta) => {
  const score = `<nvpair id="s1" name="master-db" value="10"/>`;
  const found = steps({
    resources: `<master id="dbs">${meta}<primitive id="db" ${STATEFUL}/></master>`,
    status: member(1, "", score) + member(2),
  });
  expect(found).toContain("promote db:0 node1");
  expect(found.some((step) => /^start db:1 /.test(step))).toBe(true);
});
