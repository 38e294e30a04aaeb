import { describeExitCode, EXECUTION, isKnownCode, OCF } from "../model/exit-code.ts";
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
  const given = agentExitReason(outcome.stderr);
  const reason = given || outcome.message || "";
  const known = isKnownCode(rc) && rc !== OCF.pending;
  // An agent that exits 193 must not look as if it were still running.
  const safeRc = rc === OCF.pending ? OCF.genericError : rc;
  if (known) return { rc, status: EXECUTION.done, exitReason: reason };
  return { rc: safeRc, status: EXECUTION.done, exitReason: reason || describeExitCode(rc) };
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
