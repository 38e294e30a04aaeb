import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  applyCommand,
  emptyCib,
  MAX_ATTRIBUTES,
  MAX_FENCING,
  MAX_HISTORY,
} from "../../src/cib/apply-command.ts";
import { cibDigest, decodeCib, encodeCib, parseCibCommand } from "../../src/cib/cib-codec.ts";
import type { Cib, CibCommand, FencingRecord, Override } from "../../src/model/cib.ts";

function run(commands: readonly CibCommand[], from: Cib = emptyCib()) {
  let cib = from;
  const results = commands.map((command) => {
    const applied = applyCommand(cib, cib.index + 1, command);
    cib = applied.cib;
    return applied.result;
  });
  return { cib, results };
}

type Apply = Extract<CibCommand, { kind: "apply-definition" }>;

const define = (text: string, baseVersion?: number): Apply => ({
  kind: "apply-definition",
  text,
  author: "root",
  at: 1000,
  ...(baseVersion === undefined ? {} : { baseVersion }),
});

const override = (id: string, author = "root"): Override => {
  return { id, kind: "standby", target: "node1", author, at: 5 };
};

const fencing = (id: string, outcome: FencingRecord["outcome"]): FencingRecord => {
  const startedAt = 1;
  const requestedBy = "node1";
  return { id, target: "node2", action: "off", requestedBy, reason: "lost", startedAt, outcome };
};

describe("definition", () => {
  test("versions count up and the earlier ones are kept", () => {
    const { cib, results } = run([define("a"), define("b"), define("c")]);
    expect(cib.definition).toEqual({ version: 3, text: "c", author: "root", at: 1000 });
    expect(cib.history.map((v) => v.text)).toEqual(["a", "b"]);
    expect(results.at(-1)).toEqual({ ok: true, index: 3, version: 3 });
  });

  test("the same text again is no new version", () => {
    const { cib, results } = run([define("a"), define("a")]);
    expect(cib.definition?.version).toBe(1);
    expect(results[1]).toEqual({ ok: true, index: 2, version: 1 });
  });

  test.each([
    { base: 0, ok: false },
    { base: 1, ok: true },
    { base: 2, ok: false },
    { base: undefined, ok: true },
  ])("compare-and-swap on version $base: $ok", ({ base, ok }) => {
    const { results, cib } = run([define("a"), define("b", base)]);
    expect(results[1]?.ok).toBe(ok);
    expect(cib.definition?.text).toBe(ok ? "b" : "a");
    expect(cib.index).toBe(2);
    if (results[1]?.ok === false) expect(results[1].code).toBe("VERSION_CONFLICT");
  });

  test("version 0 as base means: only if there is none yet", () => {
    const { results } = run([define("a", 0), define("b", 0)]);
    expect(results.map((r) => r.ok)).toEqual([true, false]);
  });

  test("the history is bounded, newest last", () => {
    const { cib } = run(Array.from({ length: MAX_HISTORY + 5 }, (_, i) => define(`v${i}`)));
    expect(cib.history.length).toBe(MAX_HISTORY);
    expect(cib.history.at(-1)?.text).toBe(`v${MAX_HISTORY + 3}`);
  });
});

describe("the nodes of a definition", () => {
  const nodes = (...names: string[]): Apply => {
    return { ...define(names.join(" ")), nodes: names };
  };
  const left = (node: string): CibCommand => {
    return { kind: "record-departure", departure: { node, incarnation: 7, at: 1 } };
  };
  const record = (more: Partial<FencingRecord>): CibCommand => {
    return { kind: "record-fencing", record: { ...fencing("1.1", "succeeded"), ...more } };
  };
  const ACCEPTED = { ok: true };
  const REFUSED = { ok: false, code: "NODE_PRESENT" };

  test.each<[string, CibCommand[], object]>([
    ["of which nothing is known is not left out", [], REFUSED],
    ["that has left may be", [left("node2")], ACCEPTED],
    [
      "that has left and is back may not",
      [left("node2"), { kind: "end-departure", node: "node2" }],
      REFUSED,
    ],
    ["that was fenced may be", [record({})], ACCEPTED],
    [
      "of which somebody swears that it is off may be",
      [record({ outcome: "confirmed-by-operator" })],
      ACCEPTED,
    ],
    ["that was fenced and is back may not", [record({ over: true })], REFUSED],
    ["that could not be fenced may not", [record({ outcome: "failed" })], REFUSED],
    ["to which power was given may not", [record({ action: "on" })], REFUSED],
    ["beside another that has left may not", [left("node1")], REFUSED],
  ])("one %s", (_, before, expected) => {
    const commands = [nodes("node1", "node2"), ...before, nodes("node1")];
    expect(run(commands).results.at(-1)).toMatchObject(expected);
  });

  test("one that is new counts as away until it is seen; the first ones, and those that are known, do not", () => {
    const commands = [nodes("node1"), left("node1"), nodes("node1", "node2")];
    expect(run(commands.slice(0, 1)).cib.departures).toBeUndefined();
    expect(run(commands).cib.departures).toEqual([
      { node: "node1", incarnation: 7, at: 1 },
      { node: "node2", incarnation: 0, at: 1000 },
    ]);
  });

  test("one that is taken in again keeps the record of how it went", () => {
    const back = [nodes("node1", "node2"), left("node2"), nodes("node1"), nodes("node1", "node2")];
    expect(run(back).cib.departures).toEqual([{ node: "node2", incarnation: 7, at: 1 }]);
  });

  test("what an earlier program committed names none, and is replaced without a question", () => {
    const { results } = run([define("a"), nodes("node1")]);
    expect(results.at(-1)).toMatchObject(ACCEPTED);
  });
});

describe("overrides", () => {
  test("setting one again replaces it", () => {
    const set = (author: string): CibCommand => {
      return { kind: "set-override", override: override("standby:node1", author) };
    };
    const { cib } = run([set("ann"), set("bob")]);
    expect(cib.overrides.map((o) => o.author)).toEqual(["bob"]);
  });

  test("they are listed by id whatever the order they came in", () => {
    const set = (id: string): CibCommand => ({ kind: "set-override", override: override(id) });
    expect(run([set("b"), set("a")]).cib.overrides).toEqual(
      run([set("a"), set("b")]).cib.overrides,
    );
  });

  test("removal: some known is fine, none known is refused", () => {
    const set: CibCommand = { kind: "set-override", override: override("a") };
    const remove = (ids: string[]): CibCommand => ({ kind: "remove-overrides", ids });
    const { results, cib } = run([set, remove(["a", "b"]), remove(["a"])]);
    expect(results.map((r) => r.ok)).toEqual([true, true, false]);
    expect(cib.overrides).toEqual([]);
  });
});

describe("fencing and tickets", () => {
  const record = (r: FencingRecord): CibCommand => ({ kind: "record-fencing", record: r });

  test("an outcome replaces the pending record in its place", () => {
    const { cib } = run([
      record(fencing("1.1", "pending")),
      record(fencing("1.2", "pending")),
      record(fencing("1.1", "succeeded")),
    ]);
    expect(cib.fencing.map((r) => [r.id, r.outcome])).toEqual([
      ["1.1", "succeeded"],
      ["1.2", "pending"],
    ]);
  });

  test("the bound drops the oldest finished, never a pending one", () => {
    const many = Array.from({ length: MAX_FENCING }, (_, i) => fencing(`x${i}`, "succeeded"));
    const { cib } = run([fencing("open", "pending"), ...many].map(record));
    expect(cib.fencing.length).toBe(MAX_FENCING);
    expect(cib.fencing[0]?.id).toBe("open");
    expect(cib.fencing[1]?.id).toBe("x1");
  });

  test("tickets are replaced by id", () => {
    const ticket = (granted: boolean): CibCommand => {
      return { kind: "set-ticket", ticket: { id: "t", granted, standby: false } };
    };
    expect(run([ticket(true), ticket(false)]).cib.tickets).toEqual([
      { id: "t", granted: false, standby: false },
    ]);
  });
});

describe("log semantics", () => {
  test("an index applied before changes nothing", () => {
    const { cib } = run([define("a")]);
    const again = applyCommand(cib, 1, define("b"));
    expect(again.cib).toBe(cib);
    expect(again.result.ok).toBe(false);
  });

  test("gaps in the index are fine: entries of Raft itself lie between", () => {
    const applied = applyCommand(emptyCib(), 7, { kind: "nothing" });
    expect(applied.cib.index).toBe(7);
  });

  test("a command of a newer version is refused alike everywhere, and counted", () => {
    const command = { kind: "dance" } as unknown as CibCommand;
    const { cib, result } = applyCommand(emptyCib(), 1, command);
    expect(cib.index).toBe(1);
    expect(result).toMatchObject({ ok: false, code: "UNKNOWN_COMMAND" });
  });
});

const anyCommand: fc.Arbitrary<CibCommand> = fc.oneof(
  fc.record({
    kind: fc.constant("apply-definition" as const),
    text: fc.string({ unit: "binary" }),
    author: fc.string(),
    at: fc.nat(),
    baseVersion: fc.nat(5),
  }),
  fc.constantFrom("a", "b", "c").map((id) => {
    return { kind: "set-override" as const, override: override(id) };
  }),
  fc.subarray(["a", "b", "c"]).map((ids) => ({ kind: "remove-overrides" as const, ids })),
  fc.constantFrom("1", "2").map((id) => {
    return { kind: "record-fencing" as const, record: fencing(id, "failed") };
  }),
  fc.constant({ kind: "nothing" as const }),
);

describe("codec", () => {
  test("a CIB survives encoding, and continues alike", () => {
    fc.assert(
      fc.property(fc.array(anyCommand, { maxLength: 30 }), anyCommand, (commands, next) => {
        const { cib } = run(commands);
        const decoded = decodeCib(encodeCib(cib));
        if (!decoded.ok) throw new Error(decoded.message);
        expect(decoded.cib).toEqual(cib);
        expect(cibDigest(run([next], decoded.cib).cib)).toBe(cibDigest(run([next], cib).cib));
      }),
      { numRuns: 200 },
    );
  });

  test("any change of a byte is noticed or harmless", () => {
    const text = encodeCib(run([define("hello"), define("you")]).cib);
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.constantFrom("x", "0", '"', " "), (at, char) => {
        const broken = text.slice(0, at) + char + text.slice(at + 1);
        const decoded = decodeCib(broken);
        if (decoded.ok) expect(encodeCib(decoded.cib)).toBe(text);
      }),
    );
  });

  test.each([
    ["", "CIB_UNREADABLE"],
    ["[]", "CIB_UNREADABLE"],
    ['{"format":2}', "CIB_FORMAT"],
    ['{"format":1,"checksum":"0","content":"{}"}', "CIB_CHECKSUM"],
  ])("%s is refused as %s", (text, code) => {
    expect(decodeCib(text)).toMatchObject({ ok: false, code });
  });

  test("commands are checked before they are believed", () => {
    fc.assert(
      fc.property(anyCommand, (command) => {
        expect(parseCibCommand(command)).toBe(command);
      }),
    );
    for (const bad of [
      undefined,
      1,
      [],
      {},
      { kind: "set-override" },
      { kind: "apply-definition" },
      { ...define("a"), nodes: "node1" },
      { ...define("a"), nodes: [1] },
    ]) {
      expect(parseCibCommand(bad)).toBeUndefined();
    }
  });
});

describe("attributes that agents keep", () => {
  const set = (node: string | undefined, name: string, value?: string): CibCommand => ({
    kind: "set-attribute",
    name,
    ...(node === undefined ? {} : { node }),
    ...(value === undefined ? {} : { value }),
  });

  test("are per node or the cluster's, replaced by name, sorted, and go when asked to", () => {
    const commands = [set("b", "x", "1"), set("a", "x", "2"), set(undefined, "x", "3")];
    const { cib } = run([...commands, set("b", "x", "4"), set("a", "w", ""), set("a", "x")]);
    expect(cib.attributes).toEqual([
      { name: "x", value: "3" },
      { node: "a", name: "w", value: "" },
      { node: "b", name: "x", value: "4" },
    ]);
  });

  test("removing what is not there changes nothing", () => {
    const { cib, results } = run([set("a", "x")]);
    expect(results).toEqual([{ ok: true, index: 1 }]);
    expect(cib.attributes).toBeUndefined();
  });

  test("are bounded", () => {
    const many = Array.from({ length: MAX_ATTRIBUTES }, (_, i) => ({ name: `n${i}`, value: "" }));
    const { cib, results } = run([set("a", "x", "1")], { ...emptyCib(), attributes: many });
    expect(results[0]).toMatchObject({ ok: false, code: "TOO_MANY_ATTRIBUTES" });
    expect(cib.attributes).toBe(many);
  });

  test("survive a snapshot, and damaged ones are refused", () => {
    const { cib } = run([set("a", "x", "1"), set(undefined, "y", "2")]);
    const decoded = decodeCib(encodeCib(cib));
    expect(decoded).toEqual({ ok: true, cib });
    expect(decoded.ok && cibDigest(decoded.cib)).toBe(cibDigest(cib));
    const damaged = { ...cib, attributes: [{ name: "x" }] } as unknown as Cib;
    expect(decodeCib(encodeCib(damaged)).ok).toBe(false);
  });

  test("commands of that kind are checked", () => {
    expect(parseCibCommand(set("a", "x", "1"))).toEqual(set("a", "x", "1"));
    expect(parseCibCommand(set(undefined, "x"))).toEqual(set(undefined, "x"));
    for (const bad of [{ name: 1 }, { name: "x", node: 2 }, { name: "x", value: {} }, {}]) {
      expect(parseCibCommand({ kind: "set-attribute", ...bad })).toBeUndefined();
    }
  });
});

describe("nodes that left cleanly", () => {
  const left = (node: string, incarnation: number): CibCommand => {
    return { kind: "record-departure", departure: { node, incarnation, at: 9 } };
  };

  test("the last leave of each node stands, until the node is back", () => {
    const { cib } = run([left("b", 1), left("a", 1), left("b", 2)]);
    expect(cib.departures?.map((each) => `${each.node}${each.incarnation}`)).toEqual(["a1", "b2"]);
    const back = run([{ kind: "end-departure", node: "b" }], cib).cib;
    expect(back.departures?.map((each) => each.node)).toEqual(["a"]);
  });

  test("survive a snapshot; damaged ones are refused", () => {
    const { cib } = run([left("a", 3)]);
    expect(decodeCib(encodeCib(cib))).toEqual({ ok: true, cib });
    const damaged = { ...cib, departures: [{ node: "a" }] } as unknown as Cib;
    expect(decodeCib(encodeCib(damaged)).ok).toBe(false);
    expect(parseCibCommand({ kind: "record-departure", departure: { node: "a" } })).toBeUndefined();
    expect(parseCibCommand({ kind: "end-departure", node: "a" })).toBeDefined();
  });
});
