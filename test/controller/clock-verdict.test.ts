import { describe, expect, test } from "vitest";
import { judgeClocks } from "../../src/controller/clock-verdict.ts";

const judge = (offsets: Readonly<Record<string, number>>, members?: number, limit = 300_000) => {
  const all = new Map(Object.entries(offsets));
  const { off, doubtful } = judgeClocks(all, members ?? all.size, limit);
  return { off: [...off.keys()], doubtful: [...doubtful.keys()] };
};

const S = 1_000;

describe("whose clock is wrong", () => {
  test.each([
    ["all agree", { a: 0, b: 2 * S, c: -3 * S }, [], []],
    ["one of three is off", { a: 0, b: 2 * S, c: 400 * S }, ["c"], []],
    ["the judge itself is off", { judge: 0, b: 900 * S, c: 901 * S }, ["judge"], []],
    ["it is a warning below the limit", { a: 0, b: 0, c: 40 * S }, [], ["c"]],
    ["of two nobody knows which", { a: 0, b: 9_000 * S }, [], ["a"]],
    ["three that all differ", { a: 0, b: 1_000 * S, c: 2_000 * S }, [], ["a", "c"]],
    ["two against two", { a: 0, b: 0, c: 800 * S, d: 800 * S }, [], ["a", "b"]],
    ["two of five are off", { a: 0, b: 0, c: 0, d: 999 * S, e: -999 * S }, ["d", "e"], []],
  ])("%s", (_case, offsets, off, doubtful) => {
    const said = judge(offsets);
    expect(said.off.sort()).toEqual(off);
    expect(said.doubtful.sort()).toEqual(doubtful);
  });

  test("clocks that are not known agree with nobody", () => {
    expect(judge({ a: 0, b: 0, c: 999 * S }, 5)).toEqual({ off: [], doubtful: ["c"] });
    expect(judge({ a: 0 }, 3)).toEqual({ off: [], doubtful: [] });
  });

  test("a limit of 0: no matter", () => {
    expect(judge({ a: 0, b: 0, c: 999_999 * S }, 3, 0)).toEqual({ off: [], doubtful: [] });
  });
});
