import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { actingCoordinator } from "../../src/consensus/acting-coordinator.ts";
import { Raft } from "../../src/consensus/raft.ts";
import { entryKey, loadRaftState, parseRaftMessage } from "../../src/consensus/raft-codec.ts";
import {
  type LoadedRaft,
  RAFT_DEFAULTS,
  type RaftInput,
  type RaftMessage,
  type RaftOptions,
  type RaftOutput,
} from "../../src/consensus/raft-types.ts";
import { PLAIN_QUORUM, RaftSimulation } from "./raft-simulation.ts";

const EMPTY: LoadedRaft = { hard: undefined, snapshot: undefined, entries: [] };

const three = ["a", "b", "c"].map((name) => ({ name, votes: 1 }));

function optionsOf(self: string, more: Partial<RaftOptions> = {}): RaftOptions {
  const rules = { nodes: three, quorum: PLAIN_QUORUM };
  return { ...RAFT_DEFAULTS, self, incarnation: 1, rules, ...more };
}

/** A machine whose writes are durable when the test says so. */
class Bench {
  readonly raft: Raft;
  readonly sent: { to: string; body: RaftMessage }[] = [];
  readonly pending: Extract<RaftOutput, { kind: "persist" }>[] = [];
  readonly disk = new Map<string, Uint8Array>();
  readonly other: RaftOutput[] = [];
  now = 0;

  constructor(options: RaftOptions, loaded = EMPTY) {
    this.raft = new Raft(options, loaded);
  }

  step(input: RaftInput): void {
    this.perform(this.raft.step(this.now, input));
  }

  perform(outputs: readonly RaftOutput[]): void {
    for (const output of outputs) {
      if (output.kind === "send") this.sent.push(output);
      else if (output.kind === "persist") this.pending.push(output);
      else this.other.push(output);
    }
  }

  sync(): void {
    for (const write of this.pending.splice(0)) {
      for (const { key, bytes } of write.writes) {
        if (bytes === undefined) this.disk.delete(key);
        else this.disk.set(key, bytes);
      }
      this.perform(write.whenDurable);
      this.step({ kind: "stored", id: write.id });
    }
    if (this.pending.length > 0) this.sync();
  }

  hear(...names: string[]): void {
    const alive = names.map((name) => ({ name, incarnation: 1, priority: 100 }));
    this.step({ kind: "peers", alive });
  }

  receive(from: string, body: Record<string, unknown>, incarnation = 1): void {
    const message = { founding: "", ...body } as unknown as RaftMessage;
    this.step({ kind: "message", from, incarnation, body: message });
  }

  takeSent(kind: RaftMessage["kind"]) {
    return this.sent.splice(0).filter(({ body }) => body.kind === kind);
  }
}

const vote = (term: number, more: object = {}) => {
  return { kind: "vote", term, lastIndex: 9, lastTerm: 0, digest: "", transfer: false, ...more };
};

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

describe("nothing is promised before it is durable", () => {
  test("a vote leaves when the term and the vote are on disk, and survives a restart", () => {
    const bench = new Bench(optionsOf("b"));
    bench.sync();
    bench.receive("a", vote(3));
    expect(bench.takeSent("vote-reply")).toEqual([]);
    bench.sync();
    expect(bench.takeSent("vote-reply")).toMatchObject([
      { to: "a", body: { granted: true, term: 3 } },
    ]);
    const loaded = loadRaftState(bench.disk);
    if (!loaded.ok) throw new Error(loaded.message);
    const again = new Bench(optionsOf("b", { incarnation: 2 }), loaded.state);
    again.receive("c", vote(3));
    again.sync();
    expect(again.takeSent("vote-reply")).toMatchObject([{ to: "c", body: { granted: false } }]);
  });

  test("a vote asked for again while the first write is under way waits for it", () => {
    const bench = new Bench(optionsOf("b"));
    bench.sync();
    bench.receive("a", vote(3));
    bench.receive("a", vote(3));
    expect(bench.takeSent("vote-reply")).toEqual([]);
    bench.sync();
    expect(bench.takeSent("vote-reply").length).toBe(2);
  });

  test("an append is acknowledged when it is on disk; a heartbeat needs no write", () => {
    const bench = new Bench(optionsOf("b"));
    bench.sync();
    const entry = { index: 1, term: 1, kind: "no-op" };
    const append = {
      kind: "append",
      term: 1,
      prevIndex: 0,
      prevTerm: 0,
      commit: 0,
      counted: true,
      sentAt: 5,
    };
    bench.receive("a", { ...append, entries: [entry] });
    expect(bench.takeSent("append-reply")).toEqual([]);
    bench.sync();
    expect(bench.takeSent("append-reply")).toMatchObject([
      { body: { ok: true, match: 1, echo: 5 } },
    ]);
    bench.receive("a", { ...append, prevIndex: 1, prevTerm: 1, entries: [] });
    expect(bench.pending).toEqual([]);
    expect(bench.takeSent("append-reply").length).toBe(1);
  });

  test("a candidate counts its own vote only when stored: alone it leads after one write", () => {
    const rules = { nodes: [{ name: "a", votes: 1 }], quorum: PLAIN_QUORUM };
    const bench = new Bench(optionsOf("a", { rules }));
    bench.step({ kind: "tick" });
    expect(bench.raft.role).toBe("candidate");
    bench.sync();
    expect(bench.raft.isReady(bench.now)).toBe(true);
  });

  // Found by reasoning: a snapshot taken while the outputs of a step were performed was written
  // before that step's own write, which then counted as durable too early.
  test("writes reach the storage in order although the machine is stepped in between", () => {
    const raft = new Raft(optionsOf("b", { snapshotEntries: 2 }), EMPTY);
    const ids: number[] = [];
    let snapshots = 0;
    const perform = (outputs: readonly RaftOutput[]): void => {
      for (const output of outputs) {
        if (output.kind === "persist") ids.push(output.id);
        if (output.kind !== "snapshot-wanted") continue;
        snapshots += 1;
        perform(raft.step(0, { kind: "snapshot-taken", index: output.index, data: "" }));
      }
    };
    const common = { kind: "append", founding: "", term: 1, counted: true, sentAt: 0 } as const;
    for (let index = 1; index <= 20; index++) {
      const prevTerm = index === 1 ? 0 : 1;
      const entries = [{ index, term: 1, kind: "no-op" as const }];
      const body = { ...common, prevIndex: index - 1, prevTerm, entries, commit: index - 1 };
      perform(raft.step(0, { kind: "message", from: "a", incarnation: 1, body }));
    }
    expect(snapshots).toBeGreaterThan(5);
    expect(ids.length).toBeGreaterThan(20);
    expect(ids).toEqual([...ids].sort((a, b) => a - b));
  });

  test("term and vote are one write, and nobody waits for it to be asked", () => {
    const bench = new Bench(optionsOf("a"));
    bench.step({ kind: "tick" });
    bench.sync();
    bench.hear("b", "c");
    const grant = { granted: true, disk: "b:1", leader: "", lastIndex: 0, lastTerm: 0 };
    bench.receive("b", { kind: "pre-vote-reply", term: 1, ...grant });
    expect(bench.pending.length).toBe(1);
    expect(bench.pending[0]?.writes.map((w) => w.key)).toEqual(["raft-hard"]);
    // The request left without waiting for the disk.
    expect(bench.takeSent("vote").map((s) => s.to)).toEqual(["b", "c"]);
  });
});

describe("who is asked and who may ask", () => {
  test("a living leader is an objection, and the higher term is not taken over", () => {
    const bench = new Bench(optionsOf("b"));
    bench.hear("a", "c");
    bench.receive("a", {
      kind: "append",
      term: 1,
      prevIndex: 0,
      prevTerm: 0,
      entries: [],
      commit: 0,
      counted: true,
      sentAt: 0,
    });
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
    bench.receive("a", {
      kind: "append",
      term: 1,
      prevIndex: 0,
      prevTerm: 0,
      entries: [],
      commit: 0,
      counted: true,
      sentAt: 0,
    });
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

/** A cluster of three at work, on the simulator without faults. */
function atWork(more: { leaseMs?: number } = {}) {
  const simulation = new RaftSimulation({ seed: 1, nodes: three, trace: true, ...more });
  simulation.runFor(600);
  expect(simulation.leader()?.name).toBe("a");
  return simulation;
}

describe("leading", () => {
  test("a leader steps down the moment its peers are no quorum", () => {
    const simulation = atWork();
    simulation.input("a", { kind: "peers", alive: [] });
    expect(simulation.nodes.get("a")?.raft?.role).toBe("follower");
    expect(simulation.takeLog().join()).toContain("leader-stepped-down");
  });

  test("with a lease it steps down by itself, detector or not", () => {
    const simulation = atWork({ leaseMs: 300 });
    const raft = simulation.nodes.get("a")!.raft!;
    const isReadyAt = (ms: number) => raft.isReady(simulation.now + ms);
    expect(isReadyAt(0)).toBe(true);
    expect(isReadyAt(300)).toBe(false);
    raft.step(simulation.now + 301, { kind: "tick" });
    expect(raft.role).toBe("follower");
  });

  test("being heard elsewhere extends the lease", () => {
    const simulation = atWork({ leaseMs: 300 });
    const raft = simulation.nodes.get("a")!.raft!;
    raft.step(simulation.now, { kind: "heard-by", node: "b", at: simulation.now + 200 });
    expect(raft.isReady(simulation.now + 400)).toBe(true);
  });

  test("proposals elsewhere, too early or too many are refused, not lost", () => {
    const refusal = (bench: Bench) =>
      bench.other.find((output) => output.kind === "proposal-result");
    const follower = new Bench(optionsOf("b"));
    follower.step({ kind: "propose", id: "x", command: 1 });
    expect(refusal(follower)).toMatchObject({ result: { ok: false, reason: "not-leader" } });
    const rules = { nodes: [{ name: "a", votes: 1 }], quorum: PLAIN_QUORUM };
    const lone = new Bench(optionsOf("a", { rules, maxProposals: 2 }));
    lone.step({ kind: "tick" });
    lone.sync();
    for (const id of ["1", "2", "3"]) lone.step({ kind: "propose", id, command: id });
    expect(refusal(lone)).toMatchObject({ id: "3", result: { ok: false, reason: "too-many" } });
    lone.sync();
    const done = lone.other.filter((output) => output.kind === "proposal-result");
    expect(done.map((output) => output.result.ok)).toEqual([false, true, true]);
  });

  test("a leader that is cut off says of open proposals that it does not know", () => {
    const simulation = atWork();
    const raft = simulation.nodes.get("a")!.raft!;
    raft.step(simulation.now, { kind: "propose", id: "x", command: 1 });
    const outputs = raft.step(simulation.now, { kind: "peers", alive: [] });
    expect(outputs).toContainEqual(
      expect.objectContaining({
        kind: "proposal-result",
        id: "x",
        result: { ok: false, reason: "unknown", leader: undefined },
      }),
    );
  });

  test("with a disk that does not take writes it steps down, and stands again when it does", () => {
    const simulation = atWork();
    simulation.input("a", { kind: "storage-trouble", on: true, message: "disk full" });
    simulation.runFor(300);
    expect(simulation.leader()?.name).toBe("b");
    simulation.input("a", { kind: "storage-trouble", on: false, message: "" });
    simulation.crash("b");
    simulation.runFor(400);
    expect(simulation.leader()?.name).toBe("a");
  });

  test("a long log is cut by a snapshot, and who was away catches up by it", () => {
    const simulation = atWork();
    simulation.crash("c");
    simulation.runFor(200);
    for (let i = 0; i < 40; i++) {
      simulation.propose("a", `v${i}`);
      simulation.runFor(20);
    }
    simulation.start("c");
    simulation.runFor(600);
    expect(simulation.takeLog().join()).toContain("snapshot-installed");
    expect([...simulation.nodes.get("c")!.applied]).toEqual([
      ...simulation.nodes.get("a")!.applied,
    ]);
    const keys = [...simulation.nodes.get("a")!.disk.keys()].filter((key) =>
      key.startsWith("raft-log-"),
    );
    expect(keys.length).toBeLessThan(20);
  });

  test("a node that the definition gets is brought up to date before it counts", () => {
    const simulation = atWork();
    simulation.setRules({ nodes: [...three, { name: "d", votes: 1 }], quorum: PLAIN_QUORUM });
    simulation.runFor(300);
    const weightOf = () => simulation.leader()?.raft?.voters.find((v) => v.name === "d")?.weight;
    expect(weightOf()).toBe(0);
    simulation.add("d");
    simulation.runFor(600);
    expect(weightOf()).toBe(2);
  });

  test("nor before the tie-breaker, where there is one, has been told to count it", () => {
    const simulation = atWork();
    for (const name of ["a", "b", "c"]) simulation.input(name, { kind: "admit", names: [] });
    simulation.setRules({ nodes: [...three, { name: "d", votes: 1 }], quorum: PLAIN_QUORUM });
    simulation.add("d");
    simulation.runFor(900);
    const weightOf = () => simulation.leader()?.raft?.voters.find((v) => v.name === "d")?.weight;
    expect(weightOf()).toBe(0);
    expect(simulation.leader()?.raft?.electorate()).toEqual(["a", "b", "c", "d"]);
    for (const name of ["a", "b", "c"]) {
      simulation.input(name, { kind: "admit", names: ["a", "b", "c", "d"] });
    }
    simulation.runFor(300);
    expect(weightOf()).toBe(2);
  });

  test("votes that nobody has are in no electorate", () => {
    const simulation = atWork();
    simulation.setRules({ nodes: three, quorum: { ...PLAIN_QUORUM, expectedVotes: 4 } });
    simulation.runFor(600);
    expect(simulation.leader()?.raft?.electorate()).toEqual(["a", "b", "c"]);
  });

  test("survivors of another founding are refused, and it is said", () => {
    const bench = new Bench(optionsOf("b"));
    const entry = {
      index: 1,
      term: 1,
      kind: "voters",
      founding: "a:1",
      voters: [{ name: "a", weight: 2, disk: "" }],
    };
    const append = { kind: "append", prevTerm: 0, counted: true, sentAt: 0 };
    bench.receive("a", { ...append, term: 1, prevIndex: 0, entries: [entry], commit: 1 });
    bench.sync();
    bench.receive("c", {
      ...append,
      founding: "c:9",
      term: 8,
      prevIndex: 0,
      entries: [],
      commit: 0,
    });
    expect(bench.raft.term).toBe(1);
    expect(bench.other).toContainEqual(expect.objectContaining({ event: "foreign-founding" }));
  });
});

describe("reading", () => {
  const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
  const hard = { term: 1, disk: "a:1", commit: 0 };

  test.each([
    ["no JSON", { "raft-hard": new Uint8Array([255, 1]) }],
    ["another shape", { "raft-hard": bytes({ term: -1, disk: "x", commit: 0 }) }],
    ["a log without a term", { [entryKey(1)]: bytes({ index: 1, term: 1, kind: "no-op" }) }],
    [
      "a gap",
      { "raft-hard": bytes(hard), [entryKey(2)]: bytes({ index: 2, term: 1, kind: "no-op" }) },
    ],
    ["a snapshot that is none", { "raft-hard": bytes(hard), "raft-snapshot": bytes({}) }],
  ])("%s is refused", (_, stored) => {
    expect(loadRaftState(new Map(Object.entries(stored))).ok).toBe(false);
  });

  test("keys of others are left alone", () => {
    const loaded = loadRaftState(new Map([["incarnation", bytes(7)]]));
    expect(loaded).toEqual({ ok: true, state: EMPTY });
  });

  test("anything at all as a message is refused or harmless", () => {
    const message = fc.record(
      {
        kind: fc.constantFrom(
          "pre-vote",
          "pre-vote-reply",
          "vote",
          "vote-reply",
          "append",
          "append-reply",
          "snapshot",
          "stand-now",
          "stepped-down",
          "x",
        ),
        term: fc.oneof(fc.nat(5), fc.anything()),
        founding: fc.constantFrom("", "z"),
        lastIndex: fc.nat(5),
        lastTerm: fc.nat(5),
        digest: fc.string(),
        transfer: fc.boolean(),
        granted: fc.boolean(),
        disk: fc.constantFrom("", "a:1", "b:1"),
        leader: fc.constantFrom("", "a"),
        ok: fc.boolean(),
        match: fc.nat(9),
        echo: fc.nat(),
        sentAt: fc.nat(),
        counted: fc.boolean(),
        prevIndex: fc.nat(3),
        prevTerm: fc.nat(3),
        commit: fc.nat(9),
        entries: fc.oneof(fc.constant([]), fc.anything()),
        snapshot: fc.anything(),
      },
      { requiredKeys: ["kind", "term", "founding"] },
    );
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom("a", "c", "zz"), message), { maxLength: 20 }),
        (all) => {
          const bench = new Bench(optionsOf("b"));
          bench.hear("a", "c");
          for (const [from, value] of all) {
            const body = parseRaftMessage(JSON.parse(JSON.stringify(value)));
            if (body !== undefined) bench.step({ kind: "message", from, incarnation: 1, body });
            bench.sync();
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe("acting coordinator", () => {
  test.each([
    [[], undefined],
    [
      [
        { name: "b", priority: 1 },
        { name: "a", priority: 1 },
      ],
      "a",
    ],
    [
      [
        { name: "b", priority: 2 },
        { name: "a", priority: 1 },
      ],
      "b",
    ],
  ])("of %j: %s", (members, expected) => {
    expect(actingCoordinator(members)).toBe(expected);
  });
});
