import type { NodeScore, Placement } from "../../model/plan.ts";
import { formatScore, INFINITY_SCORE } from "../../model/score.ts";
import { columns } from "./columns.ts";
import { type Paint, plain } from "./paint.ts";
import type { StateOf } from "./placement-words.ts";

/** The score of a node, and what it is made of: the most decisive first, what gives nothing not at all. */
export function scoreLines(
  score: NodeScore,
  { current, next }: Placement,
  stateOf: StateOf,
  paint: Paint,
): string[] {
  const { node } = score;
  const state = stateOf(node) ?? "online";
  const facts = [
    state === "online" ? "" : `the node is ${state}`,
    next.nodes.includes(node) ? "chosen" : "",
    current.nodes.includes(node) ? "is here" : "",
    score.score <= -INFINITY_SCORE ? "may not run here" : "",
  ].filter((fact) => fact !== "");
  const note = facts.length === 0 ? "" : `  (${facts.join(", ")})`;
  const parts = score.parts.toSorted((a, b) => Math.abs(b.score) - Math.abs(a.score));
  const rows = parts
    .filter((part) => part.score !== 0)
    .map((part) => [
      paint(part.score < 0 ? "red" : "green", formatScore(part.score).padStart(9)),
      plain(part.source),
      plain(part.detail ?? ""),
    ]);
  return [`  ${plain(node)}  ${formatScore(score.score)}${note}`, ...columns(rows, "    ")];
}
