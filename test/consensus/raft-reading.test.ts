import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { entryKey, loadRaftState, parseRaftMessage } from "../../src/consensus/raft-codec.ts";
import { Bench, EMPTY, optionsOf } from "./raft-bench.ts";

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
