import { type CliContext, printJson, withClient } from "../cli-context.ts";
import { EXIT, type ExitCode } from "../cli-exit-codes.ts";
import { timelineView } from "../views/timeline-view.ts";

/** `paceline history`. */
export async function historyCommand(
  context: CliContext,
  limit: number | undefined,
): Promise<ExitCode> {
  const bound = limit === undefined ? {} : { limit };
  const entries = await withClient(context, (client) =>
    client.request({ method: "timeline", ...bound }),
  );
  if (context.json) printJson(context, entries);
  else context.out(timelineView(entries, context.now(), context.paint));
  return EXIT.ok;
}
