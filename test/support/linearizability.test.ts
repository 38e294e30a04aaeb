import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type DefinitionAnswer,
  type DefinitionCall,
  definitionRegister,
  type OverrideAnswer,
  type OverrideCall,
  overrideRegister,
} from "./cib-registers.ts";
import { CallRecorder, judgeLinearizability, type RecordedCall } from "./linearizability.ts";

type Step = RecordedCall<OverrideCall, OverrideAnswer>;

/** One call: from, to (undefined: nobody knows), what, and what was answered. */
function call(
  begun: number,
  ended: number | undefined,
  what: OverrideCall,
  answer?: OverrideAnswer,
): Step {
  return { client: "c", call: what, answer, begun, ended };
}
const set = (value: string): OverrideCall => ({ kind: "set", value });
const read: OverrideCall = { kind: "read" };
const remove: OverrideCall = { kind: "remove" };
const is = (value: string | null): OverrideAnswer => ({ kind: "is", value });
const wasSet: OverrideAnswer = { kind: "set" };
const removed = (existed: boolean): OverrideAnswer => ({ kind: "removed", existed });

function verdict(...history: Step[]): string {
  return judgeLinearizability(overrideRegister, history).kind;
}

describe("one register", () => {
  test.each<[string, Step[]]>([
    ["nothing at all", []],
    ["one after the other", [call(0, 1, set("a"), wasSet), call(2, 3, read, is("a"))]],
    [
      "a read beside a write sees the old value",
      [call(0, 9, set("a"), wasSet), call(1, 2, read, is(null))],
    ],
    [
      "a read beside a write sees the new value",
      [call(0, 9, set("a"), wasSet), call(1, 2, read, is("a"))],
    ],
    [
      "two writes at once, and the one that ended first came last",
      [call(0, 9, set("a"), wasSet), call(1, 2, set("b"), wasSet), call(10, 11, read, is("b"))],
    ],
    [
      "an unknown write takes effect long after",
      [call(0, undefined, set("a")), call(1, 2, read, is(null)), call(99, 100, read, is("a"))],
    ],
    [
      "an unknown write never takes effect",
      [call(0, undefined, set("a")), call(1, 2, set("b"), wasSet), call(99, 100, read, is("b"))],
    ],
    [
      "begin and end at the same moment overlap",
      [call(0, 1, set("a"), wasSet), call(1, 2, read, is(null))],
    ],
    [
      "removed by two at once: one finds nothing",
      [
        call(0, 1, set("a"), wasSet),
        call(2, 5, remove, removed(false)),
        call(3, 4, remove, removed(true)),
      ],
    ],
  ])("%s", (_, history) => {
    expect(verdict(...history)).toBe("linearizable");
  });

  test.each<[string, Step[]]>([
    ["a read of what nobody wrote", [call(0, 1, read, is("a"))]],
    ["a stale read", [call(0, 1, set("a"), wasSet), call(2, 3, read, is(null))]],
    [
      "a write that is lost",
      [
        call(0, 1, set("a"), wasSet),
        call(2, 3, set("b"), wasSet),
        call(4, 5, read, is("a")),
        call(6, 7, read, is("a")),
      ],
    ],
    [
      "new, then old again, while the write still goes on",
      [call(0, 9, set("a"), wasSet), call(1, 2, read, is("a")), call(3, 4, read, is(null))],
    ],
    [
      "two readers disagree on the order of two writes",
      [
        call(0, 9, set("a"), wasSet),
        call(0, 9, set("b"), wasSet),
        call(10, 11, read, is("a")),
        call(12, 13, read, is("b")),
      ],
    ],
    [
      "an unknown write takes effect before it was asked for",
      [call(0, 1, read, is("a")), call(2, undefined, set("a"))],
    ],
    [
      "nothing was there to remove, though it was set",
      [call(0, 1, set("a"), wasSet), call(2, 3, remove, removed(false))],
    ],
    [
      "an unknown write that takes effect twice",
      [
        call(0, undefined, set("a")),
        call(1, 2, read, is("a")),
        call(3, 4, set("b"), wasSet),
        call(5, 6, read, is("a")),
      ],
    ],
  ])("not: %s", (_, history) => {
    expect(verdict(...history)).toBe("violated");
  });

  test("a problem is told with the calls that do not fit", () => {
    const history = [call(0, 1, set("a"), wasSet), call(2, 3, read, is(null))];
    const judged = judgeLinearizability(overrideRegister, history);
    expect(judged).toMatchObject({
      kind: "violated",
      problem: expect.stringContaining('{"kind":"read"} -> {"kind":"is","value":null}'),
    });
  });

  test("a search that grows too large says so, and is no pass", () => {
    const history = Array.from({ length: 24 }, (_, i) => call(0, undefined, set(`v${i}`)));
    const judged = judgeLinearizability(
      overrideRegister,
      [...history, call(1, 2, read, is("nobody"))],
      1_000,
    );
    expect(judged.kind).toBe("undecided");
  });
});

describe("compare and swap", () => {
  const register = definitionRegister({ version: 1, text: "one" });
  const apply = (text: string, baseVersion: number): DefinitionCall => ({
    kind: "apply",
    text,
    baseVersion,
  });
  const applied = (version: number): DefinitionAnswer => ({ kind: "applied", version });
  type Applied = RecordedCall<DefinitionCall, DefinitionAnswer>;
  const at = (
    begun: number,
    ended: number | undefined,
    what: DefinitionCall,
    answer?: DefinitionAnswer,
  ): Applied => ({ client: "c", call: what, answer, begun, ended });

  test("of two on the same base one wins", () => {
    const won = at(0, 5, apply("two", 1), applied(2));
    const lost = at(1, 4, apply("other", 1), { kind: "conflict" });
    expect(judgeLinearizability(register, [won, lost]).kind).toBe("linearizable");
  });

  test("not: both win, or none does", () => {
    const one = at(0, 5, apply("two", 1), applied(2));
    const other = at(1, 4, apply("other", 1), applied(2));
    expect(judgeLinearizability(register, [one, other]).kind).toBe("violated");
    const conflict = at(0, 5, apply("two", 1), { kind: "conflict" });
    expect(judgeLinearizability(register, [conflict]).kind).toBe("violated");
  });

  test("a conflict is explained by a write whose outcome is unknown", () => {
    const unknown = at(0, undefined, apply("two", 1));
    const conflict = at(1, 4, apply("other", 1), { kind: "conflict" });
    expect(judgeLinearizability(register, [unknown, conflict]).kind).toBe("linearizable");
  });
});

describe("generated histories", () => {
  /** Plays calls at a real register, at a moment between begin and end: linearizable by making. */
  const history = fc
    .array(
      fc.record({
        moment: fc.nat(1_000),
        before: fc.nat(60),
        after: fc.nat(60),
        kind: fc.constantFrom("read", "set", "remove"),
        lost: fc.nat(9).map((n) => n === 0),
      }),
      { maxLength: 40 },
    )
    .map((plans) => {
      const recorder = new CallRecorder<OverrideCall, OverrideAnswer>();
      let state: string | null = null;
      const byMoment = [...plans].sort((a, b) => a.moment - b.moment);
      for (const [i, { moment, before, after, kind, lost }] of byMoment.entries()) {
        const what = kind === "set" ? set(`v${i}`) : kind === "read" ? read : remove;
        const end = recorder.begin("c", what, moment - before);
        const answer =
          kind === "read" ? is(state) : kind === "set" ? wasSet : removed(state !== null);
        if (kind !== "read") state = kind === "set" ? `v${i}` : null;
        if (!lost) end(answer, moment + after);
      }
      return recorder.calls();
    });

  test("what a register really did is linearizable", () => {
    fc.assert(
      fc.property(history, (calls) => {
        expect(judgeLinearizability(overrideRegister, calls).kind).toBe("linearizable");
      }),
    );
  });

  test("with one read changed to a value that nobody wrote it is not", () => {
    fc.assert(
      fc.property(history, fc.nat(), (calls, n) => {
        const reads = calls.filter((each) => each.answer?.kind === "is");
        if (reads.length === 0) return;
        const changed = reads[n % reads.length];
        const wrong = calls.map((each) => (each === changed ? { ...each, answer: is("!") } : each));
        expect(judgeLinearizability(overrideRegister, wrong).kind).toBe("violated");
      }),
    );
  });
});
