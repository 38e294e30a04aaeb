import { expect, test } from "vitest";
import { scoreLines } from "../../../src/cli/views/score-lines.ts";
import type { NodeScore, Placement } from "../../../src/model/plan.ts";

const PLACEMENT: Placement = {
  resource: "web",
  current: { role: "Started", nodes: ["a"] },
  next: { role: "Started", nodes: ["a"] },
  managed: true,
  blocked: false,
  failed: false,
  orphan: false,
  scores: [],
};

function lines(score: number, parts: NodeScore["parts"]): string[] {
  const all = scoreLines(
    { node: "a", score, parts },
    PLACEMENT,
    () => "online",
    (_, text) => text,
  );
  return all.slice(1).map((line) => line.trim());
}

const part = (source: string, score: number, detail?: string) =>
  detail === undefined ? { source, score } : { source, score, detail };

test("the parts of a score: the most decisive first, whether for or against; equal ones as they came", () => {
  const parts = [
    part("stickiness", 5),
    part("location near", 300),
    part("location far", -500),
    part("colocation one", 300, "with db"),
    part("location none", 0),
  ];
  expect(lines(105, parts)).toEqual([
    "-500  location far",
    "300  location near",
    "300  colocation one  with db",
    "5  stickiness",
  ]);
});

test("an infinity is told once, a finite score as often as it counts", () => {
  const never = part("location never", -1_000_000);
  const some = part("location some", 10);
  expect(lines(-1_000_000, [some, never, some, never])).toEqual([
    "-INFINITY  location never",
    "10  location some",
    "10  location some",
  ]);
});
