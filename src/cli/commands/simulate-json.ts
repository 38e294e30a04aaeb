import type { PlanAction } from "../../model/plan.ts";
import type { ClusterReport } from "../../policy/outcome/report.ts";
import type { Simulation } from "../../policy/outcome/simulation.ts";

/** A simulation as programs read it: the contract of DESIGN 10 and 11. */
export function simulationJson({ before, plan, after }: Simulation): unknown {
  return {
    summary: plan.summary,
    actions: plan.actions.map(actionJson),
    revised: reportJson(after),
    current: reportJson(before),
    ...(plan.notices.length === 0 ? {} : { notices: plan.notices }),
    ...(plan.recheckAt === undefined ? {} : { recheckAt: plan.recheckAt }),
  };
}

function actionJson(action: PlanAction): unknown {
  const { id, kind, resource, operation, node, intervalMs, after, notify, reason } = action;
  return { id, kind, resource, operation, node, intervalMs, after, notify, reason };
}

function reportJson(report: ClusterReport): unknown {
  const nodes = report.nodes.map(({ name, ...rest }) => [name, rest]);
  return { nodes: Object.fromEntries(nodes), resources: report.resources };
}
