import { describe, expect, test } from "vitest";
import { writeDefinition } from "../../src/config/definition-writer.ts";
import { loadDefinition } from "../../src/config/load-definition.ts";
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

/** The text with a few values and elements other than they were, or a piece cut out. */
function damage(text: string, random: SeededRandom): string {
  let damaged = text;
  for (let i = 0; i < 1 + random.below(6); i++) damaged = pick(DAMAGES, random)(damaged, random);
  if (random.below(4) > 0) return damaged;
  const at = random.below(damaged.length);
  return damaged.slice(0, at) + damaged.slice(at + random.below(200));
}

type Damage = (text: string, random: SeededRandom) => string;

const VALUE = /="[^"]*"/g;
const ATTRIBUTE = / [\w-]+="[^"]*"/g;
const EMPTY_ELEMENT = /<\w+( [^<>]*)?\/>/g;
const TAG_NAME = /(?<=<\/?)[a-z_]+(?=[ />])/g;

/** Values of no sense, of another place, none; elements gone, doubled, of another kind. */
const DAMAGES: readonly Damage[] = [
  (text, random) => replaced(text, VALUE, random, () => `="${pick(GARBAGE, random)}"`),
  (text, random) => replaced(text, VALUE, random, (values) => pick(values, random)),
  (text, random) => replaced(text, ATTRIBUTE, random, () => ""),
  (text, random) => replaced(text, EMPTY_ELEMENT, random, () => ""),
  (text, random) => replaced(text, EMPTY_ELEMENT, random, (each) => pick(each, random).repeat(2)),
  (text, random) => {
    const names = [...new Set(text.match(TAG_NAME) ?? ["cib"])];
    const [old, name] = [pick(names, random), pick(names, random)];
    return text.replace(TAG_NAME, (each) => (each === old ? name : each));
  },
];

/** The text with one match of the pattern replaced; the new text is made of all of them. */
function replaced(
  text: string,
  pattern: RegExp,
  random: SeededRandom,
  make: (all: readonly string[]) => string,
): string {
  const found = [...text.matchAll(pattern)];
  if (found.length === 0) return text;
  const { index, 0: old } = pick(found, random);
  return text.slice(0, index) + make(found.map(([each]) => each)) + text.slice(index + old.length);
}

function pick<T>(list: readonly T[], random: SeededRandom): T {
  return list[random.below(list.length)]!;
}

describe("a damaged CIB is read as far as it goes, and never crashes the engine", () => {
  test.each(SEEDS)("seed %i", (seed) => {
    const text = damage(randomCib(seed), new SeededRandom(seed));
    const { definition, status, executionDate, diagnostics } = readCib(text);
    if (definition === undefined || status === undefined) {
      expect(diagnostics.length).toBeGreaterThan(0);
      for (const { at } of diagnostics) expect(at?.line).toBeGreaterThan(0);
      return;
    }
    const now = executionDate ?? 1_800_000_000_000;
    const { after } = simulate(plan, definition, status, now);
    expect(after.nodes.length).toBeGreaterThanOrEqual(0);
    // The import writes what it can; what it cannot mean is the loader's to say.
    const written = writeDefinition({ cluster: "damaged", policy: definition });
    expect(loadDefinition(written, { simulation: true })).toBeDefined();
  });
});
