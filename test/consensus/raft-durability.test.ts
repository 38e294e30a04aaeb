import { describe, expect, test } from "vitest";
import { Raft } from "../../src/consensus/raft.ts";
import { loadRaftState } from "../../src/consensus/raft-codec.ts";
import type { RaftOutput } from "../../src/consensus/raft-types.ts";
import { Bench, EMPTY, optionsOf, vote } from "./raft-bench.ts";
import { PLAIN_QUORUM } from "./raft-sim-options.ts";

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
