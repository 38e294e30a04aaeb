import { describe, expect, test } from "vitest";
import { RAFT_DEFAULTS } from "../../src/consensus/raft-types.ts";
import { Bench, optionsOf, vote } from "./raft-bench.ts";
import { PLAIN_QUORUM } from "./raft-sim-options.ts";

test("who lost its vote by an entry that the leader lost stands all the same: nobody else can win", () => {
  const voters = (weight: number) => [
    { name: "a", weight: 2, disk: "da" },
    { name: "b", weight, disk: "db" },
  ];
  const entry = (index: number, weight: number) =>
    ({ kind: "voters", index, term: 3, voters: voters(weight), founding: "f" }) as const;
  const nodes = ["a", "b"].map((name) => ({ name, votes: 1 }));
  const options = optionsOf("b", { rules: { nodes, quorum: PLAIN_QUORUM } });
  const bench = new Bench(options, {
    hard: { term: 3, vote: undefined, disk: "db", commit: 1 },
    snapshot: undefined,
    entries: [entry(1, 2), entry(2, 0)],
  });
  bench.sync();
  bench.hear("a");
  const asked = { kind: "pre-vote", founding: "f", term: 4, digest: "" };
  bench.receive("a", { ...asked, lastIndex: 1, lastTerm: 3 });
  const reply = { founding: "f", term: 4, granted: true, disk: "da", leader: "" };
  const end = { lastIndex: 1, lastTerm: 3 };
  bench.receive("a", { ...reply, ...end, kind: "pre-vote-reply" });
  bench.sync();
  bench.receive("a", { ...reply, ...end, kind: "vote-reply" });
  bench.sync();
  const [append] = bench.takeSent("append");
  expect(append).toMatchObject({ to: "a", body: { term: 4 } });
  expect(bench.other).toContainEqual(expect.objectContaining({ kind: "role", role: "leader" }));
});

/** Of a leader of term 1 that has nothing to say. */
const HEARTBEAT = {
  kind: "append",
  term: 1,
  prevIndex: 0,
  prevTerm: 0,
  entries: [],
  commit: 0,
  counted: true,
  sentAt: 0,
} as const;

describe("who is asked and who may ask", () => {
  test("a living leader is an objection, and the higher term is not taken over", () => {
    const bench = new Bench(optionsOf("b"));
    bench.hear("a", "c");
    bench.receive("a", HEARTBEAT);
    bench.receive("c", vote(9));
    bench.sync();
    expect(bench.raft.term).toBe(1);
    bench.receive("c", vote(9, { transfer: true }));
    bench.sync();
    expect(bench.raft.term).toBe(9);
    expect(bench.takeSent("vote-reply")).toMatchObject([{ body: { granted: true } }]);
  });

  test("a pre-vote that comes before we lost the leader is answered when we do", () => {
    const bench = new Bench(optionsOf("b"));
    bench.hear("a", "c");
    bench.receive("a", HEARTBEAT);
    bench.sync();
    bench.sent.splice(0);
    bench.receive("c", { kind: "pre-vote", term: 2, lastIndex: 1, lastTerm: 1, digest: "" });
    expect(bench.takeSent("pre-vote-reply")).toMatchObject([
      { body: { granted: false, leader: "a" } },
    ]);
    bench.hear("c");
    const replies = bench.takeSent("pre-vote-reply");
    expect(replies).toMatchObject([{ to: "c", body: { granted: true, term: 2 } }]);
  });

  test("the first by rank stands at once, the others wait their turn", () => {
    const first = new Bench(optionsOf("a"));
    first.hear("b", "c");
    expect(first.raft.role).toBe("pre-candidate");
    const third = new Bench(optionsOf("c"));
    third.hear("a", "b");
    expect(third.raft.role).toBe("follower");
    expect(third.raft.nextDeadline()).toBe(2 * RAFT_DEFAULTS.rankStepMs);
    const favoured = new Bench(optionsOf("c", { priority: 200 }));
    favoured.hear("a", "b");
    expect(favoured.raft.role).toBe("pre-candidate");
  });

  test("a minority does not even ask", () => {
    const bench = new Bench(optionsOf("a"));
    bench.hear();
    expect(bench.raft.role).toBe("follower");
    expect(bench.sent).toEqual([]);
  });

  test("a cluster is founded only by nodes with the same voters", () => {
    const bench = new Bench(optionsOf("b"));
    bench.receive("a", { kind: "pre-vote", term: 1, lastIndex: 0, lastTerm: 0, digest: "other" });
    expect(bench.sent).toEqual([]);
    expect(bench.other).toContainEqual(expect.objectContaining({ event: "voters-differ" }));
  });

  test("founding may be made to wait for all", () => {
    const bench = new Bench(optionsOf("a", { foundingNeedsAll: true }));
    bench.hear("b", "c");
    const grant = {
      kind: "pre-vote-reply",
      term: 1,
      granted: true,
      leader: "",
      lastIndex: 0,
      lastTerm: 0,
    };
    bench.receive("b", { ...grant, disk: "b:1" });
    expect(bench.raft.role).toBe("pre-candidate");
    bench.receive("c", { ...grant, disk: "c:1" });
    expect(bench.raft.role).toBe("candidate");
  });

  test("frames of an earlier incarnation and of dismissed nodes are not heard", () => {
    const bench = new Bench(optionsOf("b"));
    bench.step({ kind: "peers", alive: [{ name: "a", incarnation: 7, priority: 1 }] });
    bench.receive("a", vote(3), 6);
    expect(bench.raft.term).toBe(0);
    bench.step({ kind: "peer-dismissed", node: "a", why: "fenced" });
    bench.receive("a", vote(3), 7);
    expect(bench.raft.term).toBe(0);
  });
});
