import { describe, expect, test } from "vitest";
import { SeededRandom } from "../../src/core/random.ts";
import { readCib } from "../../src/interop/cib-reader.ts";
import { plan } from "../../src/policy/make-plan.ts";
import { simulate } from "../../src/policy/outcome/simulation.ts";
import { randomCib } from "../differential/random-cib.ts";

const SEEDS = Array.from({ length: 150 }, (_, i) => i + 1);

const GARBAGE = [
  "",
  "x",
  "-1",
  "0",
  "1e9",
  "INFINITY",
  "-INFINITY",
  "99999999999999999999",
  ":",
  "a:0",
  "node1",
  "ag",
  "true",
  "#uname",
  "__proto__",
  "constructor",
  "&amp;&lt;",
  "P1Y",
  "\u{1F4A5}",
];

/** The text with a few values replaced, and a few pieces cut out. */
function damage(text: string, random: SeededRandom): string {
  let damaged = text;
  for (let i = 0; i < 1 + random.below(6); i++) {
    const values = [...damaged.matchAll(/="[^"]*"/g)];
    const found = values[random.below(values.length)];
    if (found === undefined) continue;
    const value = GARBAGE[random.below(GARBAGE.length)];
    damaged = `${damaged.slice(0, found.index)}="${value}"${damaged.slice(found.index + found[0].length)}`;
  }
  if (random.below(4) > 0) return damaged;
  const at = random.below(damaged.length);
  return damaged.slice(0, at) + damaged.slice(at + random.below(200));
}

describe("a damaged CIB is read as far as it goes, and never crashes the engine", () => {
  test.each(SEEDS)("seed %i", (seed) => {
    const text = damage(randomCib(seed), new SeededRandom(seed));
    const { definition, status, executionDate, diagnostics } = readCib(text);
    if (definition === undefined || status === undefined) {
      expect(diagnostics.length).toBeGreaterThan(0);
      return;
    }
    const now = executionDate ?? 1_800_000_000_000;
    const { after } = simulate(plan, definition, status, now);
    expect(after.nodes.length).toBeGreaterThan(0);
  });
});
