import { plan } from "../../policy/make-plan.ts";
import { type Simulation, simulate } from "../../policy/outcome/simulation.ts";
import { applyWhatIfs } from "../../policy/outcome/what-if.ts";
import { type CliContext, printJson } from "../cli-context.ts";
import { usageError } from "../cli-error.ts";
import { EXIT, type ExitCode } from "../cli-exit-codes.ts";
import { explainText } from "../views/simulate-explain.ts";
import { planDot, simulationText } from "../views/simulate-view.ts";
import { reportDiagnostics } from "./cib-diagnostics.ts";
import { simulateBatch } from "./simulate-batch.ts";
import { readSimulationInput } from "./simulate-input.ts";
import { simulationJson } from "./simulate-json.ts";
import { parseWhatIfs, type WhatIfOptions } from "./what-if-options.ts";

export interface SimulateOptions extends WhatIfOptions {
  readonly cib?: string;
  readonly at?: string;
  readonly batch?: boolean;
  readonly dot?: boolean;
  /** RESOURCE or RESOURCE@NODE. */
  readonly explain?: string;
}

/** `paceline simulate`: what the engine would do with a Pacemaker CIB, and what comes of it. */
export async function simulateCommand(
  context: CliContext,
  options: SimulateOptions,
  input: NodeJS.ReadableStream = process.stdin,
): Promise<ExitCode> {
  if (options.batch === true) {
    await simulateBatch(context, input);
    return EXIT.ok;
  }
  if (options.cib === undefined) {
    throw usageError("which cluster?", "paceline simulate --cib FILE");
  }
  const { definition, status, now, diagnostics } = readSimulationInput(
    options.cib,
    options.at,
    context.now(),
  );
  reportDiagnostics(context, options.cib, diagnostics);
  const changed = applyWhatIfs(status, parseWhatIfs(options, status), Math.floor(now / 1000));
  const result = simulate(plan, definition, changed, now, options.explain !== undefined);
  if (options.explain !== undefined) {
    context.out(explanation(context, result, options.explain));
    return EXIT.ok;
  }
  if (options.dot === true) context.out(planDot(result.plan));
  else if (context.json) printJson(context, simulationJson(result));
  else context.out(simulationText(result, context.paint));
  return EXIT.ok;
}

function explanation(context: CliContext, simulation: Simulation, asked: string): string {
  const [resource, node] = asked.split("@") as [string, string?];
  const text = explainText(simulation, resource, node, context.paint);
  if (text !== undefined) return text;
  const known = [...new Set(simulation.plan.placements.map((each) => each.resource))].join(", ");
  throw usageError(`there is no resource ${resource}`, `there are: ${known}`);
}
