import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { judgeQuorum, type QuorumQuestion } from "../../src/membership/quorum.ts";
import type { QuorumSettings } from "../../src/model/definition.ts";

const PLAIN: QuorumSettings = {
  twoNode: false,
  waitForAll: false,
  autoTieBreaker: false,
  autoTieBreakerNode: [],
  lastManStanding: false,
  lastManStandingWindowMs: 10_000,
  pingTargets: [],
};

/** `a b:3 w:0` as nodes with votes. */
function nodesOf(text: string) {
  return text.split(" ").map((word) => {
    const [name = "", votes = "1"] = word.split(":");
    return { name, votes: Number(votes) };
  });
}

interface Case {
  readonly nodes: string;
  readonly members: string;
  readonly settings?: Partial<QuorumSettings>;
  readonly more?: Partial<Pick<QuorumQuestion, "seenAll" | "tieBreak">>;
  readonly excused?: string;
  readonly dismissed?: string;
}

function judge(c: Case) {
  const words = (text = "") => new Set(text.split(" ").filter((word) => word !== ""));
  return judgeQuorum({
    settings: { ...PLAIN, ...c.settings },
    nodes: nodesOf(c.nodes),
    members: words(c.members),
    seenAll: true,
    tieBreak: "unknown",
    ...c.more,
    excused: words(c.excused),
    dismissed: words(c.dismissed),
  });
}

const table = (
  rows: readonly (readonly [string, string, boolean, string, string])[],
  rest: Partial<Case> = {},
) =>
  test.each(rows)("of %s are here: %s -> %s, %s", (nodes, members, quorate, reason, tally) => {
    const verdict = judge({ nodes, members, ...rest });
    expect(verdict.quorate).toBe(quorate);
    expect(verdict.reason).toBe(reason);
    expect(`${verdict.votes}/${verdict.expected}, ${verdict.needed}`).toBe(tally);
    expect(verdict.explanation).toContain(`${verdict.votes} of ${verdict.expected} votes`);
  });

describe("majority of the votes", () => {
  table([
    ["a", "a", true, "majority", "1/1, 1"],
    ["a b", "a b", true, "majority", "2/2, 2"],
    ["a b", "a", false, "even-split", "1/2, 2"],
    ["a b c", "a b", true, "majority", "2/3, 2"],
    ["a b c", "c", false, "minority", "1/3, 2"],
    ["a b c d", "a b", false, "even-split", "2/4, 3"],
    ["a b c d", "a b c", true, "majority", "3/4, 3"],
    ["a b c d e f g h", "a b c d e", true, "majority", "5/8, 5"],
    ["a b c d e f g h", "a b c d", false, "even-split", "4/8, 5"],
    ["a:3 b c", "a", true, "majority", "3/5, 3"],
    ["a:3 b c", "b c", false, "minority", "2/5, 3"],
    ["a b w:0", "a b", true, "majority", "2/2, 2"],
    ["a b w:0", "a w", false, "even-split", "1/2, 2"],
    ["a:0 b:0", "a b", false, "minority", "0/0, 1"],
    ["a b c", "stranger a", false, "minority", "1/3, 2"],
  ]);
});

describe("a witness is a voter like any other", () => {
  table([
    ["a b wit", "a wit", true, "majority", "2/3, 2"],
    ["a b wit", "wit", false, "minority", "1/3, 2"],
  ]);
});

describe("expected-votes", () => {
  describe("above the sum: votes that nobody has", () => {
    table(
      [
        ["a b c", "a b c", false, "even-split", "3/6, 4"],
        ["a b c:2", "a b c", true, "majority", "4/6, 4"],
      ],
      { settings: { expectedVotes: 6 } },
    );
  });
  describe("below the sum: raised to it", () => {
    table([["a b c", "a", false, "minority", "1/3, 2"]], { settings: { expectedVotes: 1 } });
  });
});

describe("auto-tie-breaker", () => {
  describe("lowest is the default", () => {
    table(
      [
        ["a b", "a", true, "tie-breaker", "1/2, 2"],
        ["a b", "b", false, "even-split", "1/2, 2"],
        ["a b c d", "a d", true, "tie-breaker", "2/4, 3"],
        ["a b c d", "b c", false, "even-split", "2/4, 3"],
        ["a b c", "a", false, "minority", "1/3, 2"],
        ["a:0 b c", "b", true, "tie-breaker", "1/2, 2"],
      ],
      { settings: { autoTieBreaker: true } },
    );
  });
  describe("highest", () => {
    table(
      [
        ["a b c d", "a d", true, "tie-breaker", "2/4, 3"],
        ["a b c d", "a b", false, "even-split", "2/4, 3"],
      ],
      { settings: { autoTieBreaker: true, autoTieBreakerNode: ["highest"] } },
    );
  });
  describe("names in order of preference: the first that counts", () => {
    const settings = { autoTieBreaker: true, autoTieBreakerNode: ["c", "b"] };
    table(
      [
        ["a b c d", "c d", true, "tie-breaker", "2/4, 3"],
        ["a b c d", "a b", false, "even-split", "2/4, 3"],
        ["a b", "b", true, "tie-breaker", "1/2, 2"],
      ],
      { settings },
    );
  });
});

describe("last-man-standing: votes excused by the leader do not count", () => {
  table([["a b c d e f g h", "a b c", true, "majority", "3/5, 3"]], { excused: "f g h" });
  table([["a b c d e f g h", "a b", true, "majority", "2/3, 2"]], { excused: "d e f g h" });
  table([["a b c d", "a", false, "even-split", "1/2, 2"]], { excused: "c d" });
  table([["a b c d", "a", true, "tie-breaker", "1/2, 2"]], {
    excused: "c d",
    settings: { autoTieBreaker: true },
  });
  // A node that has just come back counts once the leader has restored its vote.
  table([["a b c", "a c", false, "even-split", "1/2, 2"]], { excused: "c" });
});

describe("wait-for-all", () => {
  const settings = { waitForAll: true };
  test("not before all were seen at once, whatever the majority", () => {
    const verdict = judge({
      nodes: "a b c d",
      members: "a b c",
      settings,
      more: { seenAll: false },
    });
    expect(verdict).toMatchObject({ quorate: false, reason: "waiting-for-all", waitingFor: ["d"] });
    expect(verdict.explanation).toContain("waiting for d");
  });
  test("once they were, a majority will do", () => {
    expect(judge({ nodes: "a b c d", members: "a b c", settings }).quorate).toBe(true);
  });
  test("nodes without votes and excused ones are not waited for", () => {
    const more = { seenAll: false };
    expect(judge({ nodes: "a b w:0", members: "a b", settings, more }).quorate).toBe(true);
    expect(judge({ nodes: "a b", members: "a", settings, more, excused: "b" }).quorate).toBe(true);
  });
});

describe("two-node", () => {
  const two = (c: Partial<Case>) =>
    judge({ nodes: "a b", members: "a", ...c, settings: { twoNode: true, ...c.settings } });

  test("the survivor is told whom to fence, and has quorum once that is done", () => {
    const before = two({});
    expect(before).toMatchObject({
      quorate: false,
      reason: "needs-dismissal",
      needsDismissal: ["b"],
    });
    const after = two({ dismissed: "b" });
    expect(after).toMatchObject({ quorate: true, reason: "others-dismissed", needsDismissal: [] });
  });

  test("after a cold start alone it waits and may fence nobody", () => {
    const verdict = two({ settings: { waitForAll: true }, more: { seenAll: false } });
    expect(verdict).toMatchObject({ quorate: false, waitingFor: ["b"], needsDismissal: [] });
  });

  test("with more than two nodes the option does nothing", () => {
    const verdict = judge({ nodes: "a b c d", members: "a b", settings: { twoNode: true } });
    expect(verdict).toMatchObject({ quorate: false, reason: "even-split", needsDismissal: [] });
  });

  test("a minority is no half: dismissing the others does not help it", () => {
    expect(judge({ nodes: "a b c", members: "a", dismissed: "b c" }).quorate).toBe(false);
  });
});

describe("even splits decided from outside", () => {
  const arbiter = { arbiter: "10.0.0.9:7701" };
  test.each([
    ["granted", true, "tie-break-granted", ["c", "d"], []],
    ["refused", false, "tie-break-refused", [], []],
    ["unknown", false, "tie-break-unknown", [], []],
  ] as const)("arbiter or disk %s", (tieBreak, quorate, reason, mayDismiss, needsDismissal) => {
    for (const settings of [arbiter, { disk: "/dev/x" }]) {
      const verdict = judge({ nodes: "a b c d", members: "a b", settings, more: { tieBreak } });
      expect(verdict).toMatchObject({ quorate, reason, mayDismiss, needsDismissal });
    }
  });

  test("who has left already is not to be fenced with the others", () => {
    const settings = { pingTargets: ["10.0.0.254"] };
    const more = { tieBreak: "granted" } as const;
    const verdict = judge({ nodes: "a b c d", members: "a b", dismissed: "d", settings, more });
    expect(verdict).toMatchObject({ quorate: false, needsDismissal: ["c"] });
    expect(verdict.explanation).toContain("until c is confirmed fenced");
  });

  test("a ping both sides may pass: it permits fencing, and decides nothing alone", () => {
    const settings = { pingTargets: ["10.0.0.254"], twoNode: true };
    const ask = (tieBreak: "granted" | "refused") =>
      judge({ nodes: "a b", members: "a", settings, more: { tieBreak } });
    expect(ask("granted")).toMatchObject({ quorate: false, needsDismissal: ["b"] });
    expect(ask("refused")).toMatchObject({ quorate: false, needsDismissal: [] });
  });

  test("the verdict is not asked where there is a majority or a minority", () => {
    const more = { tieBreak: "refused" as const };
    expect(judge({ nodes: "a b c", members: "a b", settings: arbiter, more }).quorate).toBe(true);
    const granted = { tieBreak: "granted" as const };
    expect(judge({ nodes: "a b c", members: "a", settings: arbiter, more: granted }).quorate).toBe(
      false,
    );
  });
});

describe("never two quorate sides", () => {
  const names = ["a", "b", "c", "d", "e", "f"];
  const nodes = fc
    .integer({ min: 1, max: 6 })
    .chain((n) =>
      fc.tuple(
        ...names
          .slice(0, n)
          .map((name) => fc.record({ name: fc.constant(name), votes: fc.nat(3) })),
      ),
    );
  const settings = fc.record({
    twoNode: fc.boolean(),
    autoTieBreaker: fc.boolean(),
    autoTieBreakerNode: fc.constantFrom([], ["lowest"], ["highest"], ["b", "c"]),
    expectedVotes: fc.option(fc.nat(12), { nil: undefined }),
  });

  test("for any votes, options and split, with nobody falsely dismissed", () => {
    fc.assert(
      fc.property(nodes, settings, fc.nat(63), (all, options, mask) => {
        const { expectedVotes, ...some } = options;
        const full = {
          ...PLAIN,
          ...some,
          ...(expectedVotes === undefined ? {} : { expectedVotes }),
        };
        const side = (mine: (i: number) => boolean) =>
          judgeQuorum({
            settings: full,
            nodes: all,
            members: new Set(all.filter((_, i) => mine(i)).map((node) => node.name)),
            seenAll: true,
            excused: new Set(),
            dismissed: new Set(),
            tieBreak: "unknown",
          }).quorate;
        const left = side((i) => ((mask >> i) & 1) === 1);
        const right = side((i) => ((mask >> i) & 1) === 0);
        expect(left && right).toBe(false);
      }),
      { numRuns: 1000 },
    );
  });
});
