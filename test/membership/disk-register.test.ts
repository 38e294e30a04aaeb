import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SeededRandom } from "../../src/core/random.ts";
import {
  type DiskAction,
  DiskRegisterRequest,
  type DiskSlot,
  isDiskSlot,
} from "../../src/membership/disk-register.ts";
import type { RegisterRequest, RegisterState } from "../../src/model/vote-register.ts";

const NODES = ["a", "b", "c"];

/** A disk, and nodes whose writes and single reads of slots interleave as the seed wants it. */
class DiskLab {
  readonly slots = new Map<string, DiskSlot>();
  readonly decided = new Map<number, string>();
  readonly #random: SeededRandom;
  readonly #running: { steps: Generator<void>; node: string }[] = [];
  readonly done: (RegisterState | undefined)[] = [];

  constructor(seed: number) {
    this.#random = new SeededRandom(seed);
  }

  start(node: string, request: RegisterRequest): void {
    if (this.#running.some((each) => each.node === node)) return;
    this.#running.push({ node, steps: this.#run(node, request) });
  }

  crash(node: string): void {
    const at = this.#running.findIndex((each) => each.node === node);
    if (at >= 0) this.#running.splice(at, 1);
  }

  step(): void {
    const at = this.#random.below(Math.max(1, this.#running.length));
    if (this.#running[at]?.steps.next().done === true) this.#running.splice(at, 1);
  }

  finish(): void {
    while (this.#running.length > 0) this.step();
  }

  *#run(node: string, request: RegisterRequest): Generator<void> {
    const machine = new DiskRegisterRequest(request, node, NODES);
    let action: DiskAction = machine.begin(yield* this.#readAll());
    while (action.kind === "write-and-read") {
      this.slots.set(node, action.slot);
      this.#check(action.slot.decided);
      yield;
      action = machine.next(yield* this.#readAll());
    }
    if (action.kind === "done") {
      this.#check(action.state);
      this.done.push(action.state);
    }
  }

  *#readAll(): Generator<void, Map<string, DiskSlot>> {
    const found = new Map<string, DiskSlot>();
    const order = this.#random.below(2) === 0 ? NODES : [...NODES].reverse();
    for (const name of order) {
      const slot = this.slots.get(name);
      if (slot !== undefined) found.set(name, structuredClone(slot));
      yield;
    }
    return found;
  }

  #check(state: RegisterState | undefined): void {
    if (state === undefined) return;
    const text = state.electorate.join();
    expect(this.decided.get(state.number) ?? text).toBe(text);
    this.decided.set(state.number, text);
  }
}

describe("the register on a shared disk", () => {
  test("is empty, then holds what was put there, for everybody", () => {
    const lab = new DiskLab(1);
    for (const [node, number, electorate] of [
      ["a", 0, ["a", "b", "c"]],
      ["b", 1, ["b", "c"]],
      ["a", 1, ["a"]],
    ] as const) {
      lab.start(node, { kind: "swap", number, electorate: [...electorate] });
      lab.finish();
    }
    expect(lab.done.at(-1)).toEqual({ number: 2, electorate: ["b", "c"] });
    lab.start("c", { kind: "read" });
    lab.finish();
    expect(lab.done.at(-1)).toEqual({ number: 2, electorate: ["b", "c"] });
  });

  test("gives each number to one value, however writes, reads and crashes interleave", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 31 }), (seed) => {
        const lab = new DiskLab(seed);
        const random = new SeededRandom(seed + 1);
        for (let i = 0; i < 400; i++) {
          const node = NODES[random.below(3)]!;
          const what = random.below(40);
          const highest = Math.max(0, ...lab.decided.keys());
          if (what < 4) {
            const number = Math.max(0, highest - random.below(2));
            lab.start(node, { kind: "swap", number, electorate: [node] });
          } else if (what === 4) lab.start(node, { kind: "read" });
          else if (what === 5) lab.crash(node);
          else lab.step();
        }
        lab.finish();
        const number = Math.max(0, ...lab.decided.keys());
        lab.start("b", { kind: "swap", number, electorate: ["b"] });
        lab.finish();
        // Alone at last: decided, if perhaps for what somebody had accepted before it crashed.
        expect(lab.done.at(-1)?.number).toBe(number + 1);
      }),
      { numRuns: 200 },
    );
  });

  test.each([
    [undefined],
    [{}],
    [{ instance: -1, ballot: 0, accepted: 0, beat: 0 }],
    [{ instance: 1, ballot: 0, accepted: 0, beat: 0, value: ["a\n"] }],
    [{ instance: 1, ballot: 0, accepted: 0, beat: 0, decided: { number: 0, electorate: ["a"] } }],
    [{ instance: 1, ballot: 0, accepted: 0, beat: 0, decided: { number: 1, electorate: [] } }],
  ])("%j is no slot", (value) => {
    expect(isDiskSlot(value)).toBe(false);
  });
});
