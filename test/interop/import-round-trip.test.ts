import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { writeDefinition } from "../../src/config/definition-writer.ts";
import { loadDefinition } from "../../src/config/load-definition.ts";
import { readCib } from "../../src/interop/cib-reader.ts";
import type { PolicyDefinition } from "../../src/model/policy-definition.ts";
import { plan } from "../../src/policy/make-plan.ts";

const XML = resolve(import.meta.dirname, "../../../shared/cts/xml");

/** A sample of Pacemaker's cases, where their data lies beside the repository: every tenth. */
const CASES = existsSync(XML)
  ? readdirSync(XML)
      .filter((name) => name.endsWith(".xml"))
      .sort()
      .filter((_, i) => i % 10 === 0)
  : [];

function imported(definition: PolicyDefinition): PolicyDefinition | undefined {
  const text = writeDefinition({ cluster: "imported", policy: definition });
  return loadDefinition(text, { simulation: true }).definition?.policy;
}

describe.skipIf(CASES.length === 0)("an imported CIB gives the same plan", () => {
  test.each(CASES)("%s", (name) => {
    const { definition, status, executionDate } = readCib(readFileSync(join(XML, name), "utf8"));
    const ours = imported(definition!);
    // The loader refuses what is invalid on purpose in a few cases.
    if (ours === undefined) return;
    const now = executionDate ?? 1_800_000_000_000;
    const before = plan(definition!, status!, now);
    const after = plan(ours, status!, now);
    const operations = (actions: typeof before.actions) =>
      actions.map((each) => [each.kind, each.resource, each.operation, each.node, each.intervalMs]);
    expect(after.summary).toEqual(before.summary);
    expect(operations(after.actions)).toEqual(operations(before.actions));
  });
});
