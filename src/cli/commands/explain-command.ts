import { type CliContext, printJson, withClient } from "../cli-context.ts";
import { usageError } from "../cli-error.ts";
import { EXIT, type ExitCode } from "../cli-exit-codes.ts";
import { explainView } from "../views/explain-view.ts";
import { printExplanation } from "./explain-simulation.ts";
import { knownNode, unknownResource } from "./report-names.ts";
import { simulateCib } from "./simulate-cib.ts";
import { givenWhatIfs, type WhatIfOptions } from "./what-if-options.ts";

export interface ExplainOptions extends WhatIfOptions {
  readonly cib?: string;
  readonly at?: string;
}

/** `paceline explain RESOURCE [NODE]`: of the live cluster, or of what a CIB makes of itself. */
export async function explainCommand(
  context: CliContext,
  resource: string,
  node: string | undefined,
  options: ExplainOptions,
): Promise<ExitCode> {
  const { cib } = options;
  if (cib === undefined) return await explainLive(context, resource, node, options);
  const simulation = simulateCib(context, { ...options, cib }, true);
  printExplanation(context, simulation, resource, node);
  return EXIT.ok;
}

async function explainLive(
  context: CliContext,
  resource: string,
  node: string | undefined,
  options: ExplainOptions,
): Promise<ExitCode> {
  if (options.at !== undefined || givenWhatIfs(options)) {
    throw usageError("the live cluster is as it is, now", "what-if flags go with --cib FILE");
  }
  return await withClient(context, async (client) => {
    const status = await client.request({ method: "status" });
    const only = node === undefined ? {} : { node: knownNode(status, node) };
    const report = await client
      .request({ method: "explain", resource, ...only })
      .catch((error: unknown) => {
        const isUnknown = (error as { code?: unknown }).code === "UNKNOWN_RESOURCE";
        throw isUnknown ? unknownResource(status, resource) : error;
      });
    const meant = new Set(report.placements.map((each) => each.resource));
    const rows = status.resources.filter(({ id }) => meant.has(id));
    if (context.json) printJson(context, report);
    else context.out(explainView({ report, status, rows, node }, context.paint));
    return EXIT.ok;
  });
}
