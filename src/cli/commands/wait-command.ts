import { type CliContext, printJson, withClient } from "../cli-context.ts";
import { usageError } from "../cli-error.ts";
import { EXIT, type ExitCode } from "../cli-exit-codes.ts";
import { findProblems } from "../views/problems.ts";
import { summaryLine } from "../views/status-view.ts";
import { parseSpan } from "../views/time-text.ts";
import { settle } from "./settle.ts";

/** `paceline wait [timeout]`. */
export async function waitCommand(context: CliContext, timeout = "60s"): Promise<ExitCode> {
  const timeoutMs = parseSpan(timeout);
  if (timeoutMs === undefined) throw usageError(`${timeout} is no time: write 30s, 5min or 1h`);
  const report = await withClient(context, (client) => settle(client, timeoutMs));
  if (context.json) printJson(context, { settled: true });
  else context.out(`settled: ${summaryLine(report, findProblems(report))}\n`);
  return EXIT.ok;
}
