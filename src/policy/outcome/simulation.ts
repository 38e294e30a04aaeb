import type { WallTime } from "../../core/units.ts";
import type { ClusterStatus } from "../../model/cluster-status.ts";
import type { Plan } from "../../model/plan.ts";
import type { PolicyDefinition } from "../../model/policy-definition.ts";
import { unpack } from "../unpack/unpack.ts";
import { finish } from "../work.ts";
import { WorkingSet } from "../working-set.ts";
import { applyPlan } from "./apply-plan.ts";
import { type ClusterReport, type NodeReport, reportStatus } from "./report.ts";

/** One run of the engine on a given cluster: as it is, what would be done, what comes of it. */
export interface Simulation {
  readonly before: ClusterReport;
  readonly plan: Plan;
  readonly after: ClusterReport;
  /** The status after the plan, to plan on. */
  readonly outcome: ClusterStatus;
}

export type Planner = (
  definition: PolicyDefinition,
  status: ClusterStatus,
  now: WallTime,
  options?: { readonly explain?: boolean; readonly sanitized?: boolean },
) => Plan;

/** Plans and carries the plan out on paper. */
export function simulate(
  planner: Planner,
  definition: PolicyDefinition,
  status: ClusterStatus,
  now: WallTime,
  explain = false,
): Simulation {
  const plan = planner(definition, status, now, { explain, sanitized: true });
  const seconds = Math.floor(now / 1000);
  const outcome = applyPlan(definition, status, plan, seconds);
  const before = reportOf(definition, status, seconds);
  const after = reportOf(definition, outcome, seconds);
  return { before, plan, after: { ...after, nodes: withLost(before.nodes, after.nodes) }, outcome };
}

/** A node that nothing mentions any more is gone: it is shown once more, as offline. */
function withLost(before: readonly NodeReport[], after: readonly NodeReport[]): NodeReport[] {
  const names = new Set(after.map((node) => node.name));
  const lost = before.filter((node) => !names.has(node.name));
  return [...after, ...lost.map((node) => ({ ...node, online: false, pending: false }))];
}

/** How the cluster stands by a status. */
export function reportOf(
  definition: PolicyDefinition,
  status: ClusterStatus,
  nowSeconds: number,
): ClusterReport {
  const ws = new WorkingSet(definition, status, nowSeconds);
  finish(unpack(ws));
  return reportStatus(ws);
}
