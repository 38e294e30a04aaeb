import { describe, expect, test } from "vitest";
import type { Plan } from "../../src/model/plan.ts";
import type { Constraint, ResourceSet } from "../../src/model/policy-definition.ts";
import { plan } from "../../src/policy/make-plan.ts";
import { NOW_SECONDS, SmallCluster } from "./small-cluster.ts";

/** Input that is made to keep the engine busy for ever: it must end, and with a plan that ends. */

const NAMES = (count: number) => Array.from({ length: count }, (_, i) => `r${i}`);

function planned(count: number, constraints: (names: readonly string[]) => Constraint[]): Plan {
  const cluster = new SmallCluster();
  const names = NAMES(count);
  for (const line of ["nodes a b c d", ...names.map((name) => `primitive ${name}`)]) {
    cluster.line(line);
  }
  const definition = { ...cluster.definition(), constraints: constraints(names) };
  return plan(definition, cluster.status(), NOW_SECONDS * 1000);
}

const following = (names: readonly string[], i: number) => names[(i + 1) % names.length]!;

function order(id: string, first: string, next: string): Constraint {
  // biome-ignore lint/suspicious/noThenProperty: the name of the constraint's field
  return { kind: "order", id, first, then: next, orderKind: "Mandatory" };
}

function colocation(id: string, resource: string, other: string, score: number): Constraint {
  return { kind: "colocation", id, resource, with: other, score };
}

/** No action waits for itself, however far round. */
function expectExecutable({ actions }: Plan): void {
  const done = new Set<number>();
  let left = [...actions];
  for (let before = Number.POSITIVE_INFINITY; left.length < before; ) {
    before = left.length;
    const ready = left.filter((action) => action.after.every((id) => done.has(id)));
    for (const action of ready) done.add(action.id);
    left = left.filter((action) => !done.has(action.id));
  }
  expect(left).toEqual([]);
}

describe("it ends", () => {
  test.each([1_000_000, 500, -500, -1_000_000])("a ring of colocations of %i", (score) => {
    expectExecutable(
      planned(100, (names) =>
        names.map((name, i) => colocation(`c${i}`, name, following(names, i), score)),
      ),
    );
  });

  test("everything with everything", () => {
    const constraints = (names: readonly string[]) =>
      names.flatMap((name, i) =>
        names
          .filter((other) => other !== name)
          .map((other, k) => colocation(`c${i}-${k}`, name, other, (i + k) % 2 === 0 ? 10 : -10)),
      );
    expectExecutable(planned(24, constraints));
  });

  test("a ring of orders", () => {
    expectExecutable(
      planned(150, (names) => names.map((name, i) => order(`o${i}`, name, following(names, i)))),
    );
  });

  // The stack must not grow with it.
  test.each<[string, (before: string, after: string) => Constraint]>([
    ["each with the next", (before, after) => colocation(before, before, after, 1_000_000)],
    ["each with the one before", (before, after) => colocation(before, after, before, 1_000_000)],
    ["each after the one before", (before, after) => order(before, before, after)],
    ["each before the one before", (before, after) => order(before, after, before)],
  ])("a chain of thousands, %s: all of it is placed", (_, link) => {
    const made = planned(2500, (names) => {
      return names.slice(1).map((name, i) => link(names[i]!, name));
    });
    const started = made.actions.filter(({ operation }) => operation === "start");
    expect(started).toHaveLength(2500);
  });

  test("rings of orders across one another", () => {
    const constraints = (names: readonly string[]) =>
      names.flatMap((name, i) => [
        order(`a${i}`, name, names[(i + 1) % names.length]!),
        order(`b${i}`, name, names[(i + 7) % names.length]!),
        order(`c${i}`, names[(i + 3) % names.length]!, name),
      ]);
    expectExecutable(planned(60, constraints));
  });

  test.each(["order", "colocation"] as const)("thousands of sets of an %s", (kind) => {
    const set = (names: readonly string[], i: number): ResourceSet => ({
      id: `s${i}`,
      members: [names[i % names.length]!, names[(i * 7 + 1) % names.length]!],
      ...(i % 3 === 0 ? { sequential: "false" } : {}),
    });
    const constraints = (names: readonly string[]): Constraint[] => [
      {
        kind,
        id: "many",
        score: kind === "order" ? "INFINITY" : 100,
        sets: Array.from({ length: 3_000 }, (_, i) => set(names, i)),
      } as Constraint,
    ];
    expectExecutable(planned(40, constraints));
  });

  test("one set of a thousand", () => {
    const constraints = (names: readonly string[]): Constraint[] => [
      { kind: "order", id: "o", orderKind: "Mandatory", sets: [{ id: "s", members: names }] },
      { kind: "colocation", id: "c", score: 1_000_000, sets: [{ id: "t", members: names }] },
    ];
    const { placements } = planned(1_000, constraints);
    expect(new Set(placements.flatMap(({ next }) => next.nodes)).size).toBe(1);
  });
});
