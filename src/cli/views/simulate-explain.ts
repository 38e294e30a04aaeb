import type { NodeScore, Placement, Plan, SummaryRow } from "../../model/plan.ts";
import { actionWaits } from "../../model/plan-waits.ts";
import { formatScore, INFINITY_SCORE } from "../../model/score.ts";
import type { NodeReport } from "../../policy/outcome/report.ts";
import type { Simulation } from "../../policy/outcome/simulation.ts";
import { columns } from "./columns.ts";
import { type Paint, plain } from "./paint.ts";
import { placementWords, type StateOf, waitLines } from "./placement-words.ts";
import { nodeState } from "./simulate-view.ts";

/** What a name means: a resource, an instance with or without its number, all of a collective. */
export function placementsOf(plan: Plan, name: string): Placement[] {
  return plan.placements.filter(({ resource, collective }) =>
    [resource, resource.replace(/:\d+$/, ""), collective].includes(name),
  );
}

/**
 * Why the plan has resources where it has them (or, with a node, what speaks for and against that
 * node): first in words, then score by score, the most decisive first.
 */
export function explainText(
  { plan, before }: Simulation,
  placements: readonly Placement[],
  node: string | undefined,
  paint: Paint,
): string {
  const context = { plan, nodes: before.nodes, node, paint };
  const parts = placements.map((each) => placementText(each, context));
  return `${parts.join("\n\n")}\n`;
}

interface Context {
  readonly plan: Plan;
  readonly nodes: readonly NodeReport[];
  readonly node: string | undefined;
  readonly paint: Paint;
}

function placementText(placement: Placement, context: Context): string {
  const { resource } = placement;
  const { plan, node, paint } = context;
  const rows = plan.summary.filter((row) => row.resource === resource);
  const notices = plan.notices.filter((notice) => notice.resource === resource);
  const scores = placement.scores.filter((each) => node === undefined || each.node === node);
  return [
    paint("bold", `${plain(resource)}: ${placeText(placement)}`),
    ...rows.map((row) => `  ${summaryText(row)}`),
    ...flagLines(placement),
    ...notices.map((notice) => `  ${plain(notice.message)}`),
    ...placementWords(placement, stateIn(context.nodes), node).map((line) => `  ${plain(line)}`),
    ...waitLines(actionWaits(plan, (id) => id === resource)),
    ...(scores.length === 0 ? ["  no node is considered"] : []),
    ...scores.flatMap((each) => scoreLines(each, placement, context)),
  ].join("\n");
}

function stateIn(nodes: readonly NodeReport[]): StateOf {
  return (name) => {
    const found = nodes.find((each) => each.name === name);
    return found === undefined ? undefined : nodeState(found);
  };
}

function placeText({ current, next }: Placement): string {
  const [now, then] = [stateText(current), stateText(next)];
  return now === then ? `${now}, and stays so` : `${now} now, ${then} then`;
}

function stateText({ role, nodes }: Placement["current"]): string {
  return role === "Stopped" || nodes.length === 0 ? "Stopped" : `${role} on ${nodes.join(", ")}`;
}

function summaryText(row: SummaryRow): string {
  const reason = row.reason === undefined ? "" : `: ${row.reason}`;
  return plain(`${row.action}${row.blocked ? " (blocked)" : ""}${reason}`);
}

function flagLines({ managed, blocked, failed, orphan }: Placement): string[] {
  return [
    failed ? "  it has failed" : "",
    blocked ? "  it is blocked: nothing is done with it until somebody helps" : "",
    managed || blocked ? "" : "  it is unmanaged: it is neither started nor stopped",
    orphan ? "  the definition does not have it any more" : "",
  ].filter((line) => line !== "");
}

function scoreLines(
  score: NodeScore,
  { current, next }: Placement,
  { nodes, paint }: Context,
): string[] {
  const node = nodes.find((each) => each.name === score.node);
  const state = node === undefined ? "online" : nodeState(node);
  const facts = [
    state === "online" ? "" : `the node is ${state}`,
    next.nodes.includes(score.node) ? "chosen" : "",
    current.nodes.includes(score.node) ? "is here" : "",
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
  return [`  ${plain(score.node)}  ${formatScore(score.score)}${note}`, ...columns(rows, "    ")];
}
