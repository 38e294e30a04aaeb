import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  ABSENT_VOTES,
  isQuorum,
  isSafeStep,
  nextVoterStep,
  sameVoters,
  sortVoters,
  totalWeight,
  type VoterSet,
  type VotingRules,
  votersDigest,
  votersOf,
} from "../../src/consensus/voters.ts";
import { PLAIN_QUORUM } from "./raft-sim-options.ts";

const NAMES = ["a", "b", "c", "d", "e"];

const voterSet: fc.Arbitrary<VoterSet> = fc
  .subarray(NAMES)
  .chain((names) =>
    fc.tuple(
      ...names.map((name) =>
        fc.record({
          name: fc.constant(name),
          weight: fc.nat(4),
          disk: fc.constantFrom("", "1", "2"),
        }),
      ),
    ),
  )
  .map(sortVoters);

/** All subsets of the names. */
function subsets(): ReadonlySet<string>[] {
  return Array.from({ length: 1 << NAMES.length }, (_, mask) => {
    return new Set(NAMES.filter((_name, i) => ((mask >> i) & 1) === 1));
  });
}

const nobody = new Set<string>();

/** Brute force: is there a quorum of each that have no node in common? */
function overlap(from: VoterSet, to: VoterSet): boolean {
  const quorums = (set: VoterSet) => subsets().filter((s) => isQuorum(set, s, nobody));
  const news = quorums(to);
  return quorums(from).every((q) => news.every((r) => [...q].some((name) => r.has(name))));
}

describe("steps", () => {
  test("a safe step keeps every two quorums overlapping, by brute force", () => {
    fc.assert(
      fc.property(voterSet, voterSet, (from, to) => {
        fc.pre(isSafeStep(from, to));
        expect(overlap(from, to)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test("small changes, where it matters most", () => {
    const change = fc.record({
      name: fc.constantFrom(...NAMES),
      by: fc.integer({ min: -3, max: 3 }),
    });
    fc.assert(
      fc.property(voterSet, change, (from, { name, by }) => {
        const before = from.find((v) => v.name === name) ?? { name, weight: 0, disk: "" };
        const to = sortVoters([
          ...from.filter((v) => v.name !== name),
          { ...before, weight: Math.max(0, before.weight + by) },
        ]);
        if (isSafeStep(from, to)) expect(overlap(from, to)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test("two half votes at once are unsafe beside a tie-breaker", () => {
    const set = (weights: Record<string, number>) =>
      sortVoters(Object.entries(weights).map(([name, weight]) => ({ name, weight, disk: "" })));
    const from = set({ a: 3, b: 2, c: 2, d: 2 });
    const to = set({ a: 3, b: 2, c: 2 });
    expect(overlap(from, to)).toBe(false);
    expect(isSafeStep(from, to)).toBe(false);
    expect(isSafeStep(set({ a: 2, b: 2 }), set({ a: 2 }))).toBe(true);
  });

  test("steps lead from any set to any wanted one, each safe, and end", () => {
    fc.assert(
      fc.property(voterSet, voterSet, fc.subarray(NAMES), (from, wanted, alive) => {
        let current = from;
        for (let i = 0; i < 100; i++) {
          const next = nextVoterStep(current, wanted, new Set(alive));
          if (next === undefined) break;
          expect(isSafeStep(current, next)).toBe(true);
          current = next;
        }
        expect(sameVoters(current, wanted)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test("the weight of the dead goes first", () => {
    const whole = sortVoters(["a", "b", "c"].map((name) => ({ name, weight: 2, disk: "" })));
    const next = nextVoterStep(whole, whole.slice(0, 1), new Set(["a", "b"]));
    expect(next?.find((voter) => voter.name === "c")?.weight).toBe(0);
    expect(next?.find((voter) => voter.name === "b")?.weight).toBe(2);
  });

  test("a disk is replaced only at weight 0", () => {
    const set = (weight: number, disk: string) => [
      { name: "a", weight: 2, disk: "x" },
      { name: "b", weight, disk },
    ];
    expect(isSafeStep(set(2, "1"), set(2, "2"))).toBe(false);
    expect(isSafeStep(set(0, "1"), set(2, "2"))).toBe(true);
    expect(isSafeStep(set(2, ""), set(2, "2"))).toBe(true);
  });
});

describe("quorums", () => {
  const even: VoterSet = NAMES.slice(0, 4).map((name) => ({ name, weight: 2, disk: "" }));

  test.each([
    ["a b c", "", true],
    ["a b", "", false],
    ["a b", "c d", true],
    ["a b", "c", false],
    ["a", "b c d", false],
    ["", "a b c d", false],
  ])("counted %s, dismissed %s: %s", (counted, dismissed, expected) => {
    const names = (text: string) => new Set(text.split(" ").filter((n) => n !== ""));
    expect(isQuorum(even, names(counted), names(dismissed))).toBe(expected);
  });

  test("no voters, no quorum", () => {
    expect(isQuorum([], new Set(["a"]), nobody)).toBe(false);
  });
});

describe("voters of a definition", () => {
  const rules = (
    votes: Record<string, number>,
    quorum: Partial<VotingRules["quorum"]> = {},
  ): VotingRules => ({
    nodes: Object.entries(votes).map(([name, v]) => ({ name, votes: v })),
    quorum: { ...PLAIN_QUORUM, ...quorum },
  });
  const text = (set: VoterSet) => set.map((v) => `${v.name}=${v.weight}`).join(" ");

  test.each([
    [rules({ b: 1, a: 1 }), "", "a=2 b=2"],
    [rules({ a: 1, b: 3, w: 0 }), "", "a=2 b=6 w=0"],
    [rules({ a: 1, b: 1 }, { autoTieBreaker: true }), "", "a=3 b=2"],
    [
      rules({ a: 1, b: 1 }, { autoTieBreaker: true, autoTieBreakerNode: ["highest"] }),
      "",
      "a=2 b=3",
    ],
    [rules({ a: 1, b: 1, c: 1 }, { autoTieBreaker: true }), "a", "a=0 b=3 c=2"],
    [rules({ a: 1, b: 1 }, { expectedVotes: 4 }), "", `${ABSENT_VOTES}=4 a=2 b=2`],
    [rules({ a: 1, b: 1 }, { expectedVotes: 1 }), "", "a=2 b=2"],
  ])("%o without %s", (given, excused, expected) => {
    const set = votersOf(given, new Set(excused.split(" ")));
    expect(text(set)).toBe(expected);
    expect(totalWeight(set)).toBeGreaterThan(0);
  });

  test("the digest sees names and weights, not disks", () => {
    const set = votersOf(rules({ a: 1, b: 1 }));
    expect(votersDigest(set)).toBe(votersDigest(set.map((v) => ({ ...v, disk: "x" }))));
    expect(votersDigest(set)).not.toBe(votersDigest(votersOf(rules({ a: 1, b: 2 }))));
  });
});
