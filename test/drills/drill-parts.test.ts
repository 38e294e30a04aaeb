import { describe, expect, test } from "vitest";
import { SeededRandom } from "../../src/core/random.ts";
import { takenLocks } from "../support/holder-agent.ts";
import { overlaps } from "../support/presence.ts";
import { describeFault, drillRounds } from "./drill-faults.ts";
import { DRILL_KINDS, type DrillKind } from "./drill-kinds.ts";

const FIVE = DRILL_KINDS.find((kind) => kind.name === "five-fenced") as DrillKind;

describe("the eyes of a drill", () => {
  test("two nodes at once are seen, from the second's begin to the first end", () => {
    const presences = [
      { node: "b", from: 15, to: 40 },
      { node: "a", from: 0, to: 20 },
      { node: "a", from: 39, to: undefined },
    ];
    expect(overlaps(presences, 100)).toEqual([
      { nodes: ["a", "b"], from: 15, ms: 5 },
      { nodes: ["b", "a"], from: 39, ms: 1 },
    ]);
  });

  test("one after the other is no overlap, nor is one node twice", () => {
    const presences = [
      { node: "a", from: 0, to: 20 },
      { node: "b", from: 20, to: 30 },
      { node: "b", from: 25, to: 40 },
    ];
    expect(overlaps(presences, 100)).toEqual([]);
  });
});

test("a lock that was taken is told with how long the other one still ran", () => {
  const journal = [
    "10.00 node1 held",
    "12.00 node2 TWICE",
    "12.01 node2 released",
    "12.05 node1 released",
    "14.00 node3 TWICE",
    "",
  ];
  expect(takenLocks(journal.join("\n"))).toEqual([
    { node: "node2", ms: 50 },
    { node: "node3", ms: undefined },
  ]);
});

describe("the rounds of a drill", () => {
  test("one seed draws the same rounds again", () => {
    const draw = () => drillRounds(FIVE, 50, new SeededRandom(3));
    expect(draw()).toEqual(draw());
  });

  test("every sort of fault comes up, and groups of every shape", () => {
    const faults = drillRounds(FIVE, 2_000, new SeededRandom(1)).map((round) => round.fault);
    const kinds = new Set(faults.map((fault) => fault.kind));
    expect([...kinds].sort()).toEqual(
      ["crash", "flap", "hang", "kill", "loss", "one-way", "pair", "partition"].sort(),
    );
    const shapes = faults.flatMap((fault) =>
      fault.kind === "partition"
        ? [
            fault.groups
              .map((group) => group.length)
              .sort((a, b) => b - a)
              .join("+"),
          ]
        : [],
    );
    // All ways to write five as a sum of two or more.
    expect([...new Set(shapes)].sort()).toEqual(
      ["4+1", "3+2", "3+1+1", "2+2+1", "2+1+1+1", "1+1+1+1+1"].sort(),
    );
    expect(faults.every((fault) => describeFault(fault) !== "")).toBe(true);
  });

  test("without fencing no daemon is made to stand still: nobody could end what it runs", () => {
    for (const kind of DRILL_KINDS.filter((each) => !each.fenced)) {
      const faults = drillRounds(kind, 200, new SeededRandom(2));
      expect(faults.filter(({ fault }) => fault.kind === "hang")).toEqual([]);
    }
  });
});
