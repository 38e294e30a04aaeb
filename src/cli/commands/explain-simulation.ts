import { didYouMean } from "../../core/suggestion.ts";
import type { ExplainReport } from "../../model/control.ts";
import type { Placement } from "../../model/plan.ts";
import { actionWaits } from "../../model/plan-waits.ts";
import type { Simulation } from "../../policy/outcome/simulation.ts";
import { type CliContext, printJson } from "../cli-context.ts";
import { CliError } from "../cli-error.ts";
import { explainText, placementsOf } from "../views/simulate-explain.ts";
import { requireNode } from "./what-if-options.ts";

/** Tells why a simulated plan has a resource where it has it, or why not on a node. */
export function printExplanation(
  context: CliContext,
  simulation: Simulation,
  resource: string,
  node: string | undefined,
): void {
  const meant = placementsOf(simulation.plan, resource);
  if (meant.length === 0) throw unknownResource(simulation, resource);
  if (node !== undefined) {
    requireNode(
      node,
      simulation.before.nodes.map((each) => each.name),
    );
  }
  if (context.json) printJson(context, explanationJson(simulation, resource, meant));
  else context.out(explainText(simulation, meant, node, context.paint));
}

function unknownResource({ plan }: Simulation, name: string): CliError {
  const known = plan.placements.flatMap((each) => [each.resource, each.collective ?? ""]);
  const names = [...new Set(known.filter((each) => each !== ""))];
  const hint = didYouMean(name, names);
  return new CliError("UNKNOWN_RESOURCE", `there is no resource ${name}`, hint);
}

/** As a daemon reports it of its cluster. */
function explanationJson(
  { plan }: Simulation,
  resource: string,
  placements: readonly Placement[],
): ExplainReport {
  const names = new Set(placements.map((each) => each.resource));
  const meant = (each: { readonly resource?: string }) => names.has(each.resource ?? "");
  return {
    resource,
    placements,
    notices: plan.notices.filter(meant),
    changes: plan.summary.filter(meant),
    actions: actionWaits(plan, (id) => names.has(id)),
  };
}
