import type { Millis } from "../../core/units.ts";
import type { ControlClient } from "../../io/control-client.ts";
import type { StatusReport } from "../../model/status-report.ts";
import type { CliContext } from "../cli-context.ts";
import { CliError, shownError } from "../cli-error.ts";
import { findProblems } from "../views/problems.ts";
import { spanText } from "../views/time-text.ts";

/** Time for the answer itself to travel, on top of the time to wait. */
const ANSWER_MARGIN_MS = 5_000;

/** What passes by itself: the coordinator changes, often because of what one waits for. */
const PASSING: ReadonlySet<string> = new Set(["NO_DC", "NOT_QUORATE"]);
const RETRY_MS = 200;

/**
 * Waits until the cluster is settled, and returns what it is then. Fails with TIMED_OUT and with
 * what is still under way.
 */
export async function settle(client: ControlClient, timeoutMs: Millis): Promise<StatusReport> {
  for (let leftMs = timeoutMs; ; ) {
    const started = performance.now();
    try {
      await client.request(
        { method: "wait", timeoutMs: Math.ceil(leftMs) },
        { timeoutMs: leftMs + ANSWER_MARGIN_MS },
      );
      return await client.request({ method: "status" });
    } catch (error) {
      const { code } = shownError(error);
      leftMs -= performance.now() - started + RETRY_MS;
      const over = code === "TIMED_OUT" || code === "NO_ANSWER" || leftMs <= 0;
      if (!over && !PASSING.has(code)) throw error;
      if (over) throw await notSettled(client, timeoutMs);
      await new Promise((resolve) => {
        setTimeout(resolve, RETRY_MS);
      });
    }
  }
}

async function notSettled(client: ControlClient, timeoutMs: Millis): Promise<CliError> {
  const report = await client.request({ method: "status" }).catch(() => undefined);
  const message = `not settled after ${spanText(timeoutMs)}`;
  if (report === undefined) return new CliError("TIMED_OUT", message);
  const running = report.transition.running.map(
    (each) =>
      `${[each.operation, each.resource].filter(Boolean).join(" ")} on ${each.node} for ${spanText(report.at - each.since)}`,
  );
  const waiting = report.transition.waitingFor === null ? [] : [report.transition.waitingFor];
  const worst = findProblems(report)
    .filter((each) => each.severity === "error")
    .map((each) => each.text);
  const why = [...running, ...waiting, ...worst].slice(0, 3).join("; ");
  const hint = "it goes on by itself: watch it with paceline status --watch";
  return new CliError("TIMED_OUT", why === "" ? message : `${message}: ${why}`, hint);
}

/** `--wait`: settles, then sees whether what was wanted is so. */
export async function settleAndVerify(
  context: CliContext,
  client: ControlClient,
  timeoutMs: Millis,
  verify: (report: StatusReport) => CliError | string,
): Promise<StatusReport> {
  const started = context.now();
  const report = await settle(client, timeoutMs);
  const verdict = verify(report);
  if (verdict instanceof CliError) throw verdict;
  if (!context.json) {
    const took = spanText(context.now() - started);
    context.out(`${context.paint("green", "settled")} after ${took}: ${verdict}\n`);
  }
  return report;
}
