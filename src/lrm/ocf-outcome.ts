import { EXECUTION, OCF } from "../model/exit-code.ts";
import type { AgentOutcome } from "../model/operation.ts";

/** What is recorded of a run. */
export interface RecordedOutcome {
  readonly rc: number;
  readonly status: number;
  readonly exitReason: string;
}

/** Turns what the executor saw into what Pacemaker would have written into the history. */
export function recordedOutcome(outcome: AgentOutcome, timeoutMs: number): RecordedOutcome {
  switch (outcome.reason) {
    case "exited":
      return exited(outcome);
    case "timeout":
      return {
        rc: OCF.genericError,
        status: EXECUTION.timeout,
        exitReason: outcome.message ?? `did not end within ${timeoutMs} ms and was killed`,
      };
    case "cancelled":
      return { rc: OCF.genericError, status: EXECUTION.cancelled, exitReason: "cancelled" };
    case "not-started":
      return notStarted(outcome);
    case "killed":
      return {
        rc: OCF.genericError,
        status: EXECUTION.error,
        exitReason: outcome.message ?? "killed by a signal",
      };
  }
}

function exited(outcome: AgentOutcome): RecordedOutcome {
  const rc = outcome.rc ?? OCF.genericError;
  const said = agentExitReason(outcome.stderr) || outcome.message;
  const exitReason = said || (NO_COMPLAINT.has(rc) ? "" : lastWords(outcome.stderr));
  if (rc !== OCF.pending) return { rc, status: EXECUTION.done, exitReason };
  // An agent that exits 193 must not look as if it were still running.
  const odd = { rc: OCF.genericError, status: EXECUTION.done };
  return { ...odd, exitReason: exitReason || `exit code ${rc}` };
}

/** States rather than failures: what is written beside them is no reason. */
const NO_COMPLAINT: ReadonlySet<number> = new Set([
  OCF.success,
  OCF.notRunning,
  OCF.runningPromoted,
  OCF.degraded,
  OCF.degradedPromoted,
]);
const LAST_WORDS_MAX = 200;

/** Most agents and all plain commands give no reason, but say what is wrong in their last line. */
function lastWords(stderr: string): string {
  const line = stderr.trimEnd().split("\n").at(-1) ?? "";
  return line.trim().slice(0, LAST_WORDS_MAX);
}

function notStarted(outcome: AgentOutcome): RecordedOutcome {
  const rc = outcome.rc ?? OCF.notInstalled;
  return {
    rc,
    status: rc === OCF.notInstalled ? EXECUTION.notInstalled : EXECUTION.error,
    exitReason: outcome.message ?? "the agent could not be started",
  };
}

export const EXIT_REASON = "ocf-exit-reason:";
const EXIT_REASON_MAX = 500;

/** The last `ocf-exit-reason:` line that the agent wrote to stderr, empty if none (OCF 1.1). */
export function agentExitReason(stderr: string): string {
  const at = stderr.lastIndexOf(EXIT_REASON);
  if (at < 0) return "";
  const end = stderr.indexOf("\n", at);
  const line = stderr.slice(at + EXIT_REASON.length, end < 0 ? undefined : end);
  return line.trim().slice(0, EXIT_REASON_MAX);
}
