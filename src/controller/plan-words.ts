import { type Note, note } from "../core/note.ts";
import type { Plan } from "../model/plan.ts";
import { foundRunning } from "../transition/outcome.ts";
import type { RunnerOutput } from "../transition/transition-events.ts";
import type { PlanProblem } from "./plan-making.ts";

/** For the log and the status: no plan can be made, and what that means. */
export function planFailure(problem: PlanProblem): string {
  const tries = problem.times === 1 ? "" : ` (tried ${problem.times} times)`;
  return `no plan can be made${tries}, a defect of the policy engine: ${problem.message}; what runs goes on as it is`;
}

type Row = Plan["summary"][number];

/** As many changes as one line tells. */
const TOLD = 10;

/** What a plan does that a person would notice, such as `start db node1, stop web node2, 3 more`. */
export function changesInWords(rows: readonly Row[], words: (row: Row) => string): string {
  const more = rows.length > TOLD ? [`${rows.length - TOLD} more`] : [];
  return [...rows.slice(0, TOLD).map(words), ...more].join(", ");
}

/** One change as the timeline tells it. */
export function changeInWords(row: Row): string {
  const place = row.to ?? row.node ?? row.from;
  return [row.action, row.resource, place].filter((word) => word !== undefined).join(" ");
}

/** One change and why, as the log tells it. */
export function changeWithReason(row: Row): string {
  const remarks = [row.blocked === true ? "blocked" : undefined, row.reason];
  const told = remarks.filter((remark) => remark !== undefined).join(": ");
  const from = row.from !== undefined && row.to !== undefined && row.from !== row.to;
  const change = from
    ? `${row.action} ${row.resource} ${row.from} -> ${row.to}`
    : changeInWords(row);
  return told === "" ? change : `${change} (${told})`;
}

/**
 * Promotable clone to the nodes on which a plan promotes it. While the plan is carried out its word
 * counts among instances that deserve promotion equally: a replica that has just started and says
 * the same score as the one that served all along must not take the promotion from it.
 */
export function promotedBy(plan: Plan | undefined): ReadonlyMap<string, readonly string[]> {
  const nodes = new Map<string, string[]>();
  for (const { resource, collective = resource, next } of plan?.placements ?? []) {
    if (next.role !== "Promoted") continue;
    nodes.set(collective, [...(nodes.get(collective) ?? []), ...next.nodes]);
  }
  return nodes;
}

/** A node owes an answer. */
export function silentNote({ node, action, key }: Extract<RunnerOutput, { kind: "unanswered" }>) {
  const what = `${action.operation} of ${action.resource ?? "?"}`;
  const message = `${node} did not answer for ${what} in time`;
  return note("error", "lrm-silent", message, { node, key });
}

/** What is told of a run that failed here is told already, by who ran it. */
export function unlessOwn(told: Note, self: string): Note {
  const { event, fields } = told;
  return event === "action-failed" && fields?.["node"] === self
    ? { ...told, level: "debug" }
    : told;
}

/** What came of a transition, for us. That a probe finds something running is no failure. */
export function finishedNote(output: Extract<RunnerOutput, { kind: "finished" }>): Note {
  const { transitionId: transition, outcome, failed } = output;
  const failures = failed.filter((action) => !foundRunning(action, action.rc));
  const isFinding = outcome === "failed" && failed.length > 0 && failures.length === 0;
  const words = isFinding ? "planned anew, for what was found running" : outcome;
  return note("debug", "transition-finished", `transition ${transition}: ${words}`, {
    transition,
    failed: failures.map(
      (action) => `${action.operation} ${action.resource ?? action.node ?? ""}: ${action.detail}`,
    ),
  });
}
