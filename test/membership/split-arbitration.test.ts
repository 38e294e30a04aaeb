import { describe, expect, test } from "vitest";
import {
  type ArbitrationInput,
  type ArbitrationOutput,
  SplitArbitration,
} from "../../src/membership/split-arbitration.ts";
import {
  applyToRegister,
  type RegisterState,
  type TieBreakerAsk,
  type TieBreakerMeans,
} from "../../src/model/vote-register.ts";

/** A node's arbitration and a register that it may share with others. */
class Side {
  now = 0;
  readonly verdicts: string[] = [];
  admitted: readonly string[] | undefined = [];
  asks: TieBreakerAsk[] = [];
  readonly #machine: SplitArbitration;

  constructor(means: TieBreakerMeans = "arbiter") {
    this.#machine = new SplitArbitration({ means, place: "x", pollMs: 2000, retryMs: 250 });
    this.#take({ kind: "tick" });
  }

  #take(input: ArbitrationInput): void {
    for (const output of this.#machine.step(this.now, input)) this.#perform(output);
  }

  #perform(output: ArbitrationOutput): void {
    if (output.kind === "ask") this.asks.push(output.ask);
    else if (output.kind === "verdict") this.verdicts.push(output.verdict);
    else if (output.kind === "admit") this.admitted = output.names;
  }

  split(
    electorate: string,
    side: string,
    more: { mayClaim?: boolean; lostDc?: boolean } = {},
  ): void {
    const words = (text: string) => text.split(" ");
    const split = {
      electorate: words(electorate),
      side: words(side),
      mayClaim: more.mayClaim ?? true,
      lostDc: more.lostDc ?? false,
    };
    this.#take({ kind: "situation", situation: { split, wanted: undefined } });
  }

  lead(wanted: string | undefined): void {
    const situation = { split: undefined, wanted: wanted?.split(" ") };
    this.#take({ kind: "situation", situation });
  }

  /** Answers the latest question from the register, and returns the register as it then is. */
  answer(state: RegisterState | undefined): RegisterState | undefined {
    const ask = this.asks.splice(0).at(-1);
    if (ask?.request === undefined) return state;
    const after = applyToRegister(state, ask.request);
    this.#take({ kind: "answer", id: ask.id, answer: { kind: "register", state: after } });
    return after;
  }

  answerAll(state: RegisterState | undefined): RegisterState | undefined {
    let after = state;
    for (let i = 0; i < 5 && this.asks.length > 0; i++) after = this.answer(after);
    return after;
  }

  late(id: number, state: RegisterState): void {
    this.#take({ kind: "answer", id, answer: { kind: "register", state } });
  }

  pinged(...reached: string[]): void {
    const ask = this.asks.splice(0).at(-1);
    if (ask !== undefined)
      this.#take({ kind: "answer", id: ask.id, answer: { kind: "pinged", reached } });
  }

  pass(ms: number): void {
    const end = this.now + ms;
    for (let at = this.#machine.nextDeadline(); at !== undefined && at <= end; ) {
      this.now = Math.max(at, this.now);
      this.#take({ kind: "tick" });
      const next = this.#machine.nextDeadline();
      at = next !== undefined && next <= this.now ? this.now + 1 : next;
    }
    this.now = end;
  }

  get deciding(): boolean {
    return this.#machine.isDeciding();
  }
  get state(): string | undefined {
    return this.#machine.report()?.state;
  }
}

const WHOLE: RegisterState = { number: 1, electorate: ["a", "b"] };

describe("the register", () => {
  test("swaps only the number it has", () => {
    const first = applyToRegister(undefined, { kind: "swap", number: 0, electorate: ["b", "a"] });
    expect(first).toEqual(WHOLE);
    expect(applyToRegister(WHOLE, { kind: "swap", number: 0, electorate: ["b"] })).toBe(WHOLE);
    const next = applyToRegister(WHOLE, { kind: "swap", number: 1, electorate: ["b"] });
    expect(next).toEqual({ number: 2, electorate: ["b"] });
    expect(applyToRegister(WHOLE, { kind: "read" })).toBe(WHOLE);
  });
});

describe("an even split with an arbiter or a disk", () => {
  test("one side gets it, the other is refused", () => {
    const [a, b] = [new Side(), new Side()];
    a.split("a b", "a");
    b.split("a b", "b");
    let register = a.answer(WHOLE);
    register = b.answer(register);
    // Both have read; both claim.
    register = b.answer(register);
    register = a.answer(register);
    expect(register).toEqual({ number: 2, electorate: ["b"] });
    expect(b.verdicts).toEqual(["granted"]);
    expect(a.verdicts).toEqual(["refused"]);
  });

  test("the side that lost the DC lets the other go first", () => {
    const [a, b] = [new Side(), new Side()];
    b.split("a b", "b", { lostDc: true });
    a.split("a b", "a");
    let register = b.answerAll(WHOLE);
    register = a.answerAll(register);
    b.pass(300);
    register = b.answerAll(register);
    expect([a.verdicts, b.verdicts]).toEqual([["granted"], ["refused"]]);
    expect(register?.electorate).toEqual(["a"]);
  });

  test("alone, it does not wait for longer than that", () => {
    const b = new Side();
    b.split("a b", "b", { lostDc: true });
    let register = b.answerAll(WHOLE);
    b.pass(301);
    register = b.answerAll(register);
    expect(b.verdicts).toEqual(["granted"]);
  });

  test("an answer from before the split decides nothing", () => {
    const a = new Side();
    const old = a.asks[0]!;
    a.split("a b", "a");
    a.late(old.id, { number: 7, electorate: ["a"] });
    expect(a.verdicts).toEqual([]);
  });

  test("a side that holds it from before a further split passes it to one of its halves", () => {
    const a = new Side();
    a.split("a b", "a");
    const register = a.answerAll({ number: 5, electorate: ["a", "b"] });
    expect(register).toEqual({ number: 6, electorate: ["a"] });
    const c = new Side();
    c.split("a b c d", "c d");
    expect(c.answerAll(register)).toBe(register);
    expect(c.verdicts).toEqual(["refused"]);
  });

  test("whose log may be old does not claim, but what its side holds counts", () => {
    const a = new Side();
    a.split("a b", "a", { mayClaim: false });
    expect(a.answerAll(WHOLE)).toBe(WHOLE);
    expect([a.verdicts, a.deciding]).toEqual([[], false]);
    a.pass(2_100);
    a.answerAll({ number: 2, electorate: ["a"] });
    expect(a.verdicts).toEqual(["granted"]);
  });

  test("a register that knows nothing decides nothing", () => {
    const a = new Side();
    a.split("a b", "a");
    expect(a.answerAll(undefined)).toBeUndefined();
    expect(a.verdicts).toEqual([]);
  });

  test("without an answer nothing is decided, and the question is repeated", () => {
    const a = new Side();
    a.asks = [];
    a.split("a b", "a");
    expect(a.deciding).toBe(true);
    a.pass(1_100);
    expect(a.asks.length).toBeGreaterThanOrEqual(4);
    expect([a.verdicts, a.deciding, a.state]).toEqual([[], false, "failing"]);
    a.answerAll(WHOLE);
    expect([a.verdicts, a.state]).toEqual([["granted"], "ok"]);
  });
});

describe("a leader with all counting voters", () => {
  test("fills an empty register, and lets nobody in before it is filled", () => {
    const a = new Side();
    expect(a.admitted).toEqual([]);
    a.lead("a b");
    expect(a.admitted).toEqual([]);
    expect(a.answerAll(undefined)).toEqual(WHOLE);
    expect(a.admitted).toEqual(["a", "b"]);
    a.lead(undefined);
    expect(a.admitted).toEqual([]);
  });

  test("brings it up to date before votes count again", () => {
    const a = new Side();
    a.lead("a b");
    const read = a.answer({ number: 4, electorate: ["a"] });
    expect(a.admitted).toEqual([]);
    expect(a.answer(read)).toEqual({ number: 5, electorate: ["a", "b"] });
    expect(a.admitted).toEqual(["a", "b"]);
  });

  test("asks no register where there is none", () => {
    const a = new Side("ping");
    expect(a.admitted).toBeUndefined();
  });
});

describe("ping targets", () => {
  test("one that answers permits to go on", () => {
    const a = new Side("ping");
    a.split("a b", "a");
    a.pinged("10.0.0.254");
    expect(a.verdicts).toEqual(["granted"]);
  });

  test("none that answers forbids it, but not the first time", () => {
    const a = new Side("ping");
    a.split("a b", "a");
    a.pinged();
    expect(a.verdicts).toEqual([]);
    a.pass(2_100);
    a.pinged();
    expect(a.verdicts).toEqual(["refused"]);
  });
});
