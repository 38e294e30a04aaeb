import { awayWords, type StateOf } from "../../model/placement-words.ts";
import type { NodeScore, Placement } from "../../model/plan.ts";
import { formatScore, INFINITY_SCORE } from "../../model/score.ts";
import { columns } from "./columns.ts";
import { type Paint, plain } from "./paint.ts";

type Part = NodeScore["parts"][number];

/** Infinity twice is as much as once: a failure may be on record under two names. */
function isRepeated({ score, source, detail }: Part, before: readonly Part[]): boolean {
  if (Math.abs(score) < INFINITY_SCORE) return false;
  return before.some((each) => {
    return each.score === score && each.source === source && each.detail === detail;
  });
}

/** The score of a node, and what it is made of: the most decisive first, what gives nothing not at all. */
export function scoreLines(
  score: NodeScore,
  { current, next }: Placement,
  stateOf: StateOf,
  paint: Paint,
): string[] {
  const { node } = score;
  const facts = [
    awayWords(node, stateOf) ?? "",
    next.nodes.includes(node) ? "chosen" : "",
    current.nodes.includes(node) ? "is here" : "",
    score.score <= -INFINITY_SCORE ? "may not run here" : "",
  ].filter((fact) => fact !== "");
  const note = facts.length === 0 ? "" : `  (${facts.join(", ")})`;
  const parts = score.parts.toSorted((a, b) => Math.abs(b.score) - Math.abs(a.score));
  const rows = parts
    .filter((part, index) => part.score !== 0 && !isRepeated(part, parts.slice(0, index)))
    .map((part) => [
      paint(part.score < 0 ? "red" : "green", formatScore(part.score).padStart(9)),
      plain(part.source),
      plain(part.detail ?? ""),
    ]);
  return [`  ${plain(node)}  ${formatScore(score.score)}${note}`, ...columns(rows, "    ")];
}
