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

/** One row of a plan's summary for the log. */
export function describeRow(row: Plan["summary"][number]): string {
  const where = [row.from, row.to].filter((node) => node !== undefined).join(" -> ");
  const why = row.reason === undefined ? "" : ` (${row.reason})`;
  return `${row.action} ${row.resource ?? row.node ?? ""} ${where || (row.node ?? "")}${why}`;
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

/** What came of a transition, for the log. That a probe finds something running is no failure. */
export function finishedNote(output: Extract<RunnerOutput, { kind: "finished" }>): Note {
  const { transitionId: transition, outcome, failed } = output;
  const failures = failed.filter((action) => !foundRunning(action, action.rc));
  const isFinding = outcome === "failed" && failed.length > 0 && failures.length === 0;
  const words = isFinding ? "planned anew, for what was found running" : outcome;
  const level = outcome === "failed" && !isFinding ? "warn" : "info";
  return note(level, "transition-finished", `transition ${transition}: ${words}`, {
    transition,
    failed: failures.map(
      (action) => `${action.operation} ${action.resource ?? action.node ?? ""}: ${action.detail}`,
    ),
  });
}
