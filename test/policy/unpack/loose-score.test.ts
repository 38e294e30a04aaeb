import { expect, test } from "vitest";
import { parseLooseScore } from "../../../src/model/score.ts";

/** What crm_simulate 2.1.5 makes of such scores in a meta attribute. */
test.each([
  ["2.0", 2],
  ["-1.9", -1],
  [" 7 ", 7],
  ["+5x", 5],
  ["1000001", 1_000_000],
  ["-2147483648", -1_000_000],
  ["INFINITY", 1_000_000],
  ["+INFINITY", 1_000_000],
  ["-INFINITY", -1_000_000],
  ["infinity", undefined],
  ["INFINITYx", undefined],
  ["x2", undefined],
  ["+-3", undefined],
  ["99999999999999999999", undefined],
  ["", undefined],
])("a score of %j counts as %s", (text, score) => {
  expect(parseLooseScore(text)).toBe(score);
});
