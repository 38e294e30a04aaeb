import { didYouMean } from "../../core/suggestion.ts";
import { explainReport } from "../../model/explain-report.ts";
import type { Simulation } from "../../policy/outcome/simulation.ts";
import { type CliContext, printJson } from "../cli-context.ts";
import { CliError } from "../cli-error.ts";
import { explainText } from "../views/simulate-explain.ts";
import { requireNode } from "./what-if-options.ts";

/** Tells why a simulated plan has a resource where it has it, or why not on a node. */
export function printExplanation(
  context: CliContext,
  simulation: Simulation,
  resource: string,
  node: string | undefined,
): void {
  const report = explainReport(simulation.plan, resource);
  if (report === undefined) throw unknownResource(simulation, resource);
  if (node !== undefined) {
    requireNode(
      node,
      simulation.before.nodes.map((each) => each.name),
    );
  }
  if (context.json) printJson(context, report);
  else context.out(explainText(simulation, report.placements, node, context.paint));
}

function unknownResource({ plan }: Simulation, name: string): CliError {
  const known = plan.placements.flatMap((each) => [each.resource, each.group, each.collective]);
  const names = [...new Set(known.filter((each) => each !== undefined))];
  const hint = didYouMean(name, names);
  return new CliError("UNKNOWN_RESOURCE", `there is no resource ${name}`, hint);
}
