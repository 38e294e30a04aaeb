import { describe, expect, test } from "vitest";
import type { Constraint, ResourceSet } from "../../src/model/policy-definition.ts";
import { plan, planning } from "../../src/policy/make-plan.ts";
import { doSlice } from "../../src/policy/work.ts";
import { workOf } from "../support/work-count.ts";
import { NOW_SECONDS, SmallCluster } from "./small-cluster.ts";

/** Input that is made to cost much: twice as much of it may cost four times as much, no more. */

/** What a definition has, for so many resources. */
interface Input {
  readonly lines?: (names: readonly string[]) => readonly string[];
  readonly constraints?: (names: readonly string[]) => readonly Constraint[];
}

function planInput(count: number, { lines, constraints }: Input): Parameters<typeof plan> {
  const names = Array.from({ length: count }, (_, i) => `r${i}`);
  const cluster = new SmallCluster();
  const primitives = names.map((name) => `primitive ${name} monitor=10s`);
  for (const line of ["nodes a b c d", ...primitives, ...(lines?.(names) ?? [])]) {
    cluster.line(line);
  }
  const own = cluster.definition();
  const definition = {
    ...own,
    constraints: [...own.constraints, ...(constraints?.(names) ?? [])],
  };
  return [definition, cluster.status(), NOW_SECONDS * 1000];
}

function planWork(count: number, input: Input): number {
  const given = planInput(count, input);
  return workOf("/src/policy/", () => plan(...given));
}

/** The work of each slice in which a daemon makes the plan. */
function sliceWork(count: number, input: Input): number[] {
  const work = planning(...planInput(count, input));
  const slices: number[] = [];
  for (let done = false; !done; ) {
    const slice = () => {
      done = doSlice(work).done === true;
    };
    slices.push(workOf("/src/policy/", slice));
  }
  return slices;
}

function order(first: string, next: string, more: Partial<Constraint> = {}): Constraint {
  const id = `order-${first}-${next}`;
  // biome-ignore lint/suspicious/noThenProperty: the name of the constraint's field
  return { kind: "order", id, first, then: next, orderKind: "Mandatory", ...more } as Constraint;
}

function colocation(
  resource: string,
  other: string,
  score: number,
  more: Partial<Constraint> = {},
): Constraint {
  const id = `colocation-${resource}-${other}`;
  return { kind: "colocation", id, resource, with: other, score, ...more } as Constraint;
}

/** Each with the next one, the last one with the first. */
function ring(make: (a: string, b: string) => Constraint) {
  return (names: readonly string[]) =>
    names.map((name, i) => make(name, names[(i + 1) % names.length]!));
}

/** Each with the one before it. */
function chain(make: (a: string, b: string) => readonly Constraint[]) {
  return (names: readonly string[]) => names.slice(1).flatMap((name, i) => make(name, names[i]!));
}

function sets(kind: "order" | "colocation") {
  const one = (names: readonly string[], i: number): ResourceSet => ({
    id: `s${i}`,
    members: [names[i % 40]!, names[(i * 7 + 1) % 40]!],
    ...(i % 3 === 0 ? { sequential: "false" } : {}),
  });
  const score = kind === "order" ? "INFINITY" : 100;
  return (names: readonly string[]) => [
    { kind, id: "many", score, sets: names.map((_, i) => one(names, i)) } as Constraint,
  ];
}

/** Each after the two before it: the ways from one to another are more than anybody could go. */
const followTwo = (names: readonly string[]) =>
  names.slice(2).flatMap((name, i) => [order(names[i]!, name), order(names[i + 1]!, name)]);

const cloned = (meta: string) => (names: readonly string[]) =>
  names.map((name) => `clone k${name} ${name} ${meta}`);

const scored = (names: readonly string[]) => [
  ...cloned("promotable=true notify=true")(names),
  ...names.flatMap((name) =>
    ["a", "b"].map((node, i) => `attributes ${node} master-${name}=${i + 1}`),
  ),
];

const PROMOTION = { firstAction: "promote", thenAction: "promote" } as Partial<Constraint>;
const PROMOTED = { role: "Promoted", withRole: "Promoted" } as Partial<Constraint>;

const GROWING: readonly (readonly [what: string, count: number, input: Input])[] = [
  ["nothing else", 80, {}],
  ["one group", 80, { lines: (names) => [`group g ${names.join(" ")}`] }],
  ["nothing known of anything", 40, { lines: () => ["unprobed"], constraints: ring(order) }],
  ...[1_000_000, 500, -500, -1_000_000].map((score): readonly [string, number, Input] => [
    `a ring of colocations of ${score}`,
    40,
    { constraints: ring((a, b) => colocation(a, b, score)) },
  ]),
  ["a ring of orders", 80, { constraints: ring(order) }],
  [
    "rings of orders across one another",
    40,
    {
      constraints: (names) =>
        names.flatMap((name, i) =>
          [1, 7, -3].map((step) =>
            order(name, names[(i + step + names.length) % names.length]!, { id: `o${i}-${step}` }),
          ),
        ),
    },
  ],
  ["sets of an order", 1000, { constraints: sets("order") }],
  [
    "one set of all",
    80,
    {
      constraints: (names) => [
        { kind: "order", id: "o", orderKind: "Mandatory", sets: [{ id: "s", members: names }] },
        { kind: "colocation", id: "c", score: 1_000_000, sets: [{ id: "t", members: names }] },
      ],
    },
  ],
  [
    "a chain of interleaved clones",
    20,
    {
      lines: cloned("interleave=true"),
      constraints: chain((name, before) => [
        order(`k${before}`, `k${name}`),
        colocation(`k${name}`, `k${before}`, 1_000_000),
      ]),
    },
  ],
  [
    "a chain of clones that are told of everything",
    20,
    {
      lines: cloned("notify=true"),
      constraints: chain((name, before) => [
        order(`k${before}`, `k${name}`),
        colocation(`k${name}`, `k${before}`, 500),
      ]),
    },
  ],
  [
    "restarts of what follows the two before it, while it is not known what runs elsewhere",
    12,
    {
      lines: (names) => [
        "unprobed",
        ...names.map((name) => `is ${name} started a`),
        `failed ${names[0]} a`,
      ],
      constraints: followTwo,
    },
  ],
  [
    "migrations to where room must become free first, of what follows the two before it",
    12,
    {
      lines: (names) => [
        "options placement-strategy=utilization",
        "nodes a b has.cpu=1000",
        ...names.flatMap((name, i) => {
          const [from, to] = i % 2 === 0 ? ["a", "b"] : ["b", "a"];
          return [
            `primitive ${name} uses.cpu=1 allow-migrate=true`,
            `is ${name} started ${from}`,
            `location ${name} ${to} 100`,
          ];
        }),
      ],
      constraints: followTwo,
    },
  ],
  [
    "a chain of promotable clones",
    20,
    {
      lines: scored,
      constraints: chain((name, before) => [
        order(`k${before}`, `k${name}`, PROMOTION),
        colocation(`k${name}`, `k${before}`, 1_000_000, PROMOTED),
      ]),
    },
  ],
];

describe("twice as much is at most four times the work", () => {
  test.each(GROWING)("%s, %i", (_, count, input) => {
    const [once, twice] = [count, 2 * count].map((each) => planWork(each, input));
    expect(once).toBeGreaterThan(10 * count);
    expect(twice! / once!).toBeLessThan(4);
  });
});

/** Each (named by its number) where the two before it are. */
const withTwo = (prefix: string) => (names: readonly string[]) =>
  names
    .slice(2)
    .flatMap((_, i) =>
      [0, 1].map((k) => colocation(`${prefix}${i + 2}`, `${prefix}${i + k}`, 300_000)),
    );

/** In so many ways may one depend on another that they are not followed to the end. */
const TANGLED: readonly (readonly [what: string, count: number, input: Input])[] = [
  [
    "everything with everything",
    40,
    {
      constraints: (names) =>
        names.flatMap((name, i) =>
          names
            .filter((other) => other !== name)
            .map((other, k) => colocation(name, other, (i + k) % 2 === 0 ? 10 : -10)),
        ),
    },
  ],
  ["thousands of sets of a colocation", 3000, { constraints: sets("colocation") }],
  ["each with the two before it", 80, { constraints: withTwo("r") }],
  [
    "each with the two before it, in the order of what they use",
    26,
    { lines: () => ["options placement-strategy=utilization"], constraints: withTwo("r") },
  ],
  [
    "clones, each with the two before it",
    26,
    {
      lines: (names) => [
        ...cloned("")(names),
        ...names.flatMap((name) => ["a", "b"].map((node) => `is ${name} started ${node}`)),
      ],
      constraints: withTwo("kr"),
    },
  ],
];

describe("what would take for ever is cut short", () => {
  /** A million merges of scores, and some sixty steps for each. */
  const LIMIT = 80_000_000;
  /** A slice is of ten milliseconds, and a plan like this takes some hundred times as long. */
  const SLICE_LIMIT = 4_000_000;

  test.each(TANGLED)("%s, %i", { timeout: 120_000 }, (_, count, input) => {
    const slices = sliceWork(count, input);
    console.log(
      slices.length,
      Math.max(...slices),
      slices.reduce((a, b) => a + b),
    );
    expect(slices.reduce((sum, each) => sum + each)).toBeLessThan(LIMIT);
    expect(Math.max(...slices)).toBeLessThan(SLICE_LIMIT);
  });
});
