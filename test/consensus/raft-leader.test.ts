import { describe, expect, test } from "vitest";
import { Bench, optionsOf, three } from "./raft-bench.ts";
import { PLAIN_QUORUM } from "./raft-sim-options.ts";
import { RaftSimulation } from "./raft-simulation.ts";

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
