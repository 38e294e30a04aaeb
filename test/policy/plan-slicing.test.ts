import { expect, test } from "vitest";
import { readCib } from "../../src/interop/cib-reader.ts";
import { plan, planning } from "../../src/policy/make-plan.ts";
import { applyPlan } from "../../src/policy/outcome/apply-plan.ts";
import { doSlice } from "../../src/policy/work.ts";
import { FAMILIES, familyConfiguration } from "../bench/policy/cluster-families.ts";
import { freshStatus } from "../bench/policy/measure.ts";
import { cibXml } from "../bench/policy/status-xml.ts";

const NOW = 1_800_000_000;
const SIZE = { resources: 1000, nodes: 32 };

test.each(FAMILIES)("a re-plan of a thousand resources (%s) is made in many slices", (family) => {
  const empty = freshStatus(SIZE.nodes);
  const { definition } = readCib(cibXml(familyConfiguration(family, SIZE), empty));
  const started = applyPlan(definition!, empty, plan(definition!, empty, NOW * 1000), NOW);
  const slices: number[] = [];
  const work = planning(definition!, started, NOW * 1000);
  // What a step says that it has done is what slices are measured by.
  const counted = (function* () {
    for (;;) {
      const { done, value } = work.next();
      if (done) return value;
      slices[slices.length - 1]! += value;
      yield value;
    }
  })();
  do slices.push(0);
  while (!doSlice(counted).done);
  expect(slices.length).toBeGreaterThan(10);
  expect(Math.max(...slices)).toBeLessThan(1_500);
});
