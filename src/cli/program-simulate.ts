import type { Command } from "commander";
import type { CommandMaker, OptionSpec } from "./command-maker.ts";
import type { SimulateOptions } from "./commands/simulate.ts";
import { collect } from "./program-options.ts";

/** Which CIB to simulate, and what is to be otherwise in it. */
export const SIMULATED: readonly OptionSpec[] = [
  ["--cib <file>", "a Pacemaker CIB, status section included"],
  ["--at <time>", "as if it were that time (ISO 8601); else the CIB's own, else now"],
  [
    "--node-fail <node>",
    "what if that node is lost (may be given again, like the others)",
    collect,
  ],
  ["--node-up <node>", "what if that node comes up", collect],
  ["--standby <node>", "what if that node goes into standby", collect],
  ["--op-fail <operation>", "what if RESOURCE_OPERATION_INTERVALMS@NODE[=EXITCODE] fails", collect],
  ["--ticket <change>", "what if TICKET=granted|revoked|standby|active", collect],
  ["--quorum <yes|no>", "what if there is quorum, or none"],
  ["--utilization <change>", "what if NODE:NAME=NUMBER is its capacity", collect],
];

const OPTIONS: readonly OptionSpec[] = [
  ...SIMULATED,
  ["--explain <resource[@node]>", "why the plan has it there, or why not on that node"],
  ["--dot", "the graph of actions for Graphviz"],
  ["--batch", "answer a line of JSON for each line {cib, at} of the input"],
];

/** What shows without doing: simulate. */
export function addSimulateCommands(program: Command, maker: CommandMaker): void {
  maker.add<SimulateOptions>(
    program,
    "simulate",
    "what would be done, why, and what comes of it; nothing is changed",
    async (context, _args, options) =>
      (await import("./commands/simulate.ts")).simulateCommand(context, options),
    OPTIONS,
  );
}
