import { plan } from "../../policy/make-plan.ts";
import { type Simulation, simulate } from "../../policy/outcome/simulation.ts";
import { applyWhatIfs } from "../../policy/outcome/what-if.ts";
import type { CliContext } from "../cli-context.ts";
import { reportDiagnostics } from "./cib-diagnostics.ts";
import { knownNames } from "./known-names.ts";
import { readSimulationInput } from "./simulate-input.ts";
import { parseWhatIfs, type WhatIfOptions } from "./what-if-options.ts";

/** Which CIB, as of when, and with what changed. */
export interface CibOptions extends WhatIfOptions {
  readonly cib: string;
  readonly at?: string;
}

/** Reads a CIB, tells what is doubtful in it, makes the changes and simulates. */
export function simulateCib(
  context: CliContext,
  options: CibOptions,
  explain: boolean,
): Simulation {
  const input = readSimulationInput(options.cib, options.at, context.now());
  reportDiagnostics(context, options.cib, input.diagnostics);
  const { definition, status, now } = input;
  const seconds = Math.floor(now / 1000);
  const changes = parseWhatIfs(options, () => knownNames(definition, status, seconds));
  return simulate(plan, definition, applyWhatIfs(status, changes, seconds), now, explain);
}
