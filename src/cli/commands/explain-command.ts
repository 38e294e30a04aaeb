import { type CliContext, printJson, withClient } from "../cli-context.ts";
import { EXIT, type ExitCode } from "../cli-exit-codes.ts";
import { explainView } from "../views/explain-view.ts";
import { knownNode, knownRows } from "./report-names.ts";

/** `paceline explain RESOURCE [NODE]`. */
export async function explainCommand(
  context: CliContext,
  resource: string,
  node: string | undefined,
): Promise<ExitCode> {
  return await withClient(context, async (client) => {
    const status = await client.request({ method: "status" });
    const rows = knownRows(status, resource);
    const only = node === undefined ? {} : { node: knownNode(status, node) };
    const report = await client.request({ method: "explain", resource, ...only });
    if (context.json) printJson(context, report);
    else context.out(explainView({ report, status, rows, node }, context.paint));
    return EXIT.ok;
  });
}
