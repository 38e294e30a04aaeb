import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { knownNames } from "../../src/cli/commands/known-names.ts";
import { parseWhatIfs, type WhatIfOptions } from "../../src/cli/commands/what-if-options.ts";
import { readCib } from "../../src/interop/cib-reader.ts";
import type { ClusterStatus } from "../../src/model/cluster-status.ts";
import type { PolicyDefinition } from "../../src/model/policy-definition.ts";
import { plan } from "../../src/policy/make-plan.ts";
import { simulate } from "../../src/policy/outcome/simulation.ts";
import { applyWhatIfs } from "../../src/policy/outcome/what-if.ts";
import { crmOutcome, hasCrmSimulate } from "./crm-simulate.ts";
import { ourPlaces } from "./our-places.ts";

const XML = resolve(import.meta.dirname, "../../../shared/cts/xml");

/** PACELINE_EVERY=1 takes all of Pacemaker's cases instead of a sample. */
const EVERY = Number(process.env["PACELINE_EVERY"] ?? 30);
const CASES = existsSync(XML)
  ? readdirSync(XML)
      .filter((name) => name.endsWith(".xml"))
      .sort()
      .filter((_, i) => i % EVERY === 0)
  : [];

/**
 * The rest is not ours: crm_simulate ends transitions early that wait for actions outside the
 * graph, forgets a stop when it cancels a monitor after it, and newer releases decide differently.
 */
const AGREEMENT = 0.95;

/** Failures in the files are long past: what expires by the clock has expired. */
const NOW_MS = 1_800_000_000_000;

/** One change, as our flag and as theirs; `edit`: theirs has none that works on a file. */
interface Change {
  readonly flags: WhatIfOptions;
  readonly args: readonly string[];
  readonly edit?: (cib: string) => string;
}

function changesOf(definition: PolicyDefinition, status: ClusterStatus): Change[] {
  const nodes = definition.nodes.filter((each) => each.type === "member").map(({ name }) => name);
  const ends = [...new Set([nodes[0], nodes.at(-1)])].filter((name) => name !== undefined);
  const tickets = [
    ...new Set(
      definition.constraints.flatMap((each) => (each.kind === "ticket" ? [each.ticket] : [])),
    ),
  ];
  return [
    ...ends.map((node) => ({ flags: { nodeFail: [node] }, args: ["-f", node] })),
    ...ends.map((node) => ({ flags: { nodeUp: [node] }, args: ["-u", node] })),
    ...ends.map((node) => ({ flags: { standby: [node] }, args: [], edit: standby(node) })),
    { flags: { quorum: "no" }, args: [], edit: quorum("0") },
    { flags: { quorum: "yes" }, args: [], edit: quorum("1") },
    ...tickets.flatMap((id) => [
      { flags: { ticket: [`${id}=granted`] }, args: ["-g", id] },
      { flags: { ticket: [`${id}=revoked`] }, args: ["-r", id] },
      { flags: { ticket: [`${id}=standby`] }, args: ["-b", id] },
      { flags: { ticket: [`${id}=active`] }, args: ["-e", id] },
    ]),
    ...failures(status).map((opFail) => ({ flags: { opFail: [opFail] }, args: ["-i", opFail] })),
  ];
}

/** A running monitor that finds nothing, and a start and a stop that fail, where there are any. */
function failures(status: ClusterStatus): string[] {
  const found: string[] = [];
  for (const { name, history } of status.nodes) {
    for (const { resource, operations } of history) {
      // Numbered instances: crm_simulate counts their failures for nobody.
      if (resource.includes(":")) continue;
      const monitor = operations.find((each) => each.intervalMs > 0 && each.rc === 0);
      const start = operations.find((each) => each.operation === "start" && each.rc === 0);
      if (monitor) found.push(`${resource}_monitor_${monitor.intervalMs}@${name}=7`);
      if (start) found.push(`${resource}_start_0@${name}=1`, `${resource}_stop_0@${name}=1`);
      if (found.length >= 3) return found;
    }
  }
  return found;
}

/** `--quorum` of crm_simulate 2.1.5 changes nothing in a file. */
function quorum(value: string): (cib: string) => string {
  return (cib) =>
    cib.replace(/<cib[^>]*>/, (head) =>
      /have-quorum=/.test(head)
        ? head.replace(/have-quorum="[^"]*"/, `have-quorum="${value}"`)
        : head.replace("<cib", `<cib have-quorum="${value}"`),
    );
}

/** A transient attribute, as `crm_standby --lifetime reboot` sets it. */
function standby(node: string): (cib: string) => string {
  const attribute = `<transient_attributes id="what-if"><instance_attributes id="what-if-set">
    <nvpair id="what-if-standby" name="standby" value="on"/>
    </instance_attributes></transient_attributes>`;
  return (cib) => {
    const state = new RegExp(`<node_state [^>]*uname="${node}"[^>]*?(/?)>`);
    return cib.replace(state, (head, closed) =>
      closed === "/" ? `${head.slice(0, -2)}>${attribute}</node_state>` : `${head}${attribute}`,
    );
  };
}

/** Option names that crm_simulate 2.1.5 does not know yet. */
const OLD_NAMES: Readonly<Record<string, string>> = {
  "fencing-enabled": "stonith-enabled",
  "fencing-action": "stonith-action",
  "fencing-watchdog-timeout": "stonith-watchdog-timeout",
  "stop-removed-resources": "stop-orphan-resources",
  "cancel-removed-actions": "stop-orphan-actions",
};

function forCrmSimulate(cib: string): string {
  let text = cib;
  for (const [name, old] of Object.entries(OLD_NAMES)) {
    text = text.replaceAll(`name="${name}"`, `name="${old}"`);
  }
  return text;
}

function ours(cib: string, flags: WhatIfOptions): string[] {
  const { definition, status, executionDate } = readCib(cib);
  const now = executionDate ?? NOW_MS;
  const seconds = Math.floor(now / 1000);
  const changes = parseWhatIfs(flags, () => knownNames(definition!, status!, seconds));
  const changed = applyWhatIfs(status!, changes, seconds);
  return ourPlaces(simulate(plan, definition!, changed, now).after);
}

function theirs(cib: string, args: readonly string[]): readonly string[] | undefined {
  return crmOutcome(cib, args)?.places;
}

describe.skipIf(CASES.length === 0 || !hasCrmSimulate())("what if, beside crm_simulate", () => {
  test(`${CASES.length} real CIBs end alike`, { timeout: 3_600_000 }, () => {
    const differences: string[] = [];
    let compared = 0;
    for (const name of CASES) {
      const text = readFileSync(join(XML, name), "utf8");
      const cib = forCrmSimulate(text);
      // What differs without a change is no matter of the flags.
      if (theirs(cib, [])?.join("\n") !== ours(text, {}).join("\n")) continue;
      const { definition, status } = readCib(text);
      for (const { flags, args, edit } of changesOf(definition!, status!)) {
        const wanted = theirs(edit === undefined ? cib : edit(cib), args);
        if (wanted === undefined) continue;
        compared++;
        const got = ours(text, flags);
        if (got.join("\n") === wanted.join("\n")) continue;
        differences.push(`${name} ${JSON.stringify(flags)}: ${got} instead of ${wanted}`);
      }
    }
    const agreement = 1 - differences.length / compared;
    console.log(`what-if: ${(agreement * 100).toFixed(1)} % of ${compared} end as in crm_simulate`);
    for (const difference of differences) console.log(difference);
    expect(compared).toBeGreaterThan(CASES.length);
    expect(agreement).toBeGreaterThanOrEqual(AGREEMENT);
  });
});
