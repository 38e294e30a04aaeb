import type { Plan } from "../model/plan.ts";
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
