import type { ControlClient } from "../../io/control-client.ts";
import type { StatusReport } from "../../model/status-report.ts";
import { type CliContext, printJson, withClient } from "../cli-context.ts";
import { shownError } from "../cli-error.ts";
import { EXIT, type ExitCode } from "../cli-exit-codes.ts";
import { findProblems } from "../views/problems.ts";
import { statusView } from "../views/status-view.ts";

/** `paceline status`. */
export async function statusCommand(
  context: CliContext,
  options: { readonly watch?: boolean; readonly check?: boolean },
): Promise<ExitCode> {
  if (options.watch === true) return await watchStatus(context);
  const report = await withClient(context, (client) => client.request({ method: "status" }));
  if (context.json) printJson(context, report);
  else context.out(statusView(report, context.paint));
  const wrong = findProblems(report).some((each) => each.severity === "error");
  return options.check === true && wrong ? EXIT.failed : EXIT.ok;
}

/** Redrawn at least so often, because ages grow though nothing happens. */
const REFRESH_MS = 2_000;
/** Redrawn at most so often, because a failover makes a hundred events. */
const PAUSE_MS = 100;
const RECONNECT_MS = 1_000;

/** Stays until interrupted, and through restarts of the daemon. */
async function watchStatus(context: CliContext): Promise<ExitCode> {
  for (;;) {
    try {
      await withClient(context, (client) => watchOne(context, client));
    } catch (error) {
      const { message, code } = shownError(error);
      if (code === "PERMISSION_DENIED" || code === "INTERNAL") throw error;
      draw(context, `${context.paint("red", message)}\n(trying again)\n`);
    }
    await pause(RECONNECT_MS);
  }
}

async function watchOne(context: CliContext, client: ControlClient): Promise<void> {
  let changed = (): void => undefined;
  let ended = false;
  void client.closed.then(() => {
    ended = true;
    changed();
  });
  await client.subscribe(() => changed());
  while (!ended) {
    // Listening starts before the question, so that no change falls between two of them.
    const nextChange = new Promise<void>((resolve) => {
      changed = resolve;
    });
    show(context, await client.request({ method: "status" }));
    await Promise.race([nextChange, pause(REFRESH_MS)]);
    await pause(PAUSE_MS);
  }
}

function show(context: CliContext, report: StatusReport): void {
  // One line each: a program reads them as they come.
  if (context.json) context.out(`${JSON.stringify(report)}\n`);
  else draw(context, statusView(report, context.paint));
}

/** From the top left, each line cleared to its end, then all below: no flicker. */
function draw(context: CliContext, text: string): void {
  if (context.json) return;
  context.out(`\u001b[H${text.replaceAll("\n", "\u001b[K\n")}\u001b[J`);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
