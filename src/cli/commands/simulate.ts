import type { Simulation } from "../../policy/outcome/simulation.ts";
import { type CliContext, printJson } from "../cli-context.ts";
import { usageError } from "../cli-error.ts";
import { EXIT, type ExitCode } from "../cli-exit-codes.ts";
import { planDot, simulationText } from "../views/simulate-view.ts";
import { printExplanation } from "./explain-simulation.ts";
import { simulateBatch } from "./simulate-batch.ts";
import { simulateCib } from "./simulate-cib.ts";
import { simulationJson } from "./simulate-json.ts";
import type { WhatIfOptions } from "./what-if-options.ts";

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
  const { cib, explain } = options;
  if (options.batch === true) {
    await simulateBatch(context, input);
    return EXIT.ok;
  }
  if (cib === undefined) {
    throw usageError("which cluster?", "paceline simulate --cib FILE");
  }
  const simulation = simulateCib(context, { ...options, cib }, explain !== undefined);
  if (explain === undefined) show(context, simulation, options.dot === true);
  else {
    const [resource, node] = explain.split("@") as [string, string?];
    printExplanation(context, simulation, resource, node);
  }
  return EXIT.ok;
}

function show(context: CliContext, simulation: Simulation, dot: boolean): void {
  if (dot) context.out(planDot(simulation.plan));
  else if (context.json) printJson(context, simulationJson(simulation));
  else context.out(simulationText(simulation, context.paint));
}
