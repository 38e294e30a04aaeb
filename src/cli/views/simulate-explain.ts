import { placementWords, type StateOf } from "../../model/placement-words.ts";
import type { Placement, Plan, SummaryRow } from "../../model/plan.ts";
import { actionWaits } from "../../model/plan-waits.ts";
import type { NodeReport } from "../../policy/outcome/report.ts";
import type { Simulation } from "../../policy/outcome/simulation.ts";
import { type Paint, plain } from "./paint.ts";
import { scoreLines } from "./score-lines.ts";
import { nodeState } from "./simulate-view.ts";
import { waitLines } from "./wait-lines.ts";

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
  const stateOf = stateIn(context.nodes);
  return [
    paint("bold", `${plain(resource)}: ${placeText(placement)}`),
    ...rows.map((row) => `  ${summaryText(row)}`),
    ...flagLines(placement),
    ...notices.map((notice) => `  ${plain(notice.message)}`),
    ...placementWords(placement, stateOf, node).map((line) => `  ${plain(line)}`),
    ...waitLines(actionWaits(plan, (id) => id === resource)),
    ...(scores.length === 0 ? ["  no node is considered"] : []),
    ...scores.flatMap((each) => scoreLines(each, placement, stateOf, paint)),
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
