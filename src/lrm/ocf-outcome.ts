import type { AgentOutcome } from "../model/operation.ts";

/** OCF exit codes (OCF Resource Agent API 1.1, "Exit status codes"), and Pacemaker's additions. */
export const OCF = {
  success: 0,
  genericError: 1,
  badArguments: 2,
  unimplemented: 3,
  insufficientPermission: 4,
  notInstalled: 5,
  notConfigured: 6,
  notRunning: 7,
  runningPromoted: 8,
  failedPromoted: 9,
  degraded: 190,
  degradedPromoted: 191,
  /** Never from an agent: the record of an operation that has not ended. */
  pending: 193,
} as const;

/** Values of OperationRecord.status (Pacemaker's pcmk_exec_status). */
export const EXECUTION = {
  pending: -1,
  done: 0,
  cancelled: 1,
  timeout: 2,
  notSupported: 3,
  error: 4,
  hardError: 5,
  fatalError: 6,
  notInstalled: 7,
  notConnected: 8,
  invalid: 9,
} as const;

/** Where a failure of this kind may be recovered (Pacemaker Explained, "Failure types"). */
export type Severity = "soft" | "hard" | "fatal";

interface CodeMeaning {
  readonly text: string;
  readonly severity: Severity;
}

const MEANINGS: ReadonlyMap<number, CodeMeaning> = new Map([
  [OCF.success, { text: "ok", severity: "soft" }],
  [OCF.genericError, { text: "error", severity: "soft" }],
  [OCF.badArguments, { text: "invalid parameter", severity: "hard" }],
  [OCF.unimplemented, { text: "action not implemented", severity: "hard" }],
  [OCF.insufficientPermission, { text: "insufficient permission", severity: "hard" }],
  [OCF.notInstalled, { text: "not installed", severity: "hard" }],
  [OCF.notConfigured, { text: "invalid configuration", severity: "fatal" }],
  [OCF.notRunning, { text: "not running", severity: "soft" }],
  [OCF.runningPromoted, { text: "promoted", severity: "soft" }],
  [OCF.failedPromoted, { text: "promoted and failed", severity: "soft" }],
  [OCF.degraded, { text: "running, but degraded", severity: "soft" }],
  [OCF.degradedPromoted, { text: "promoted, but degraded", severity: "soft" }],
  [OCF.pending, { text: "pending", severity: "soft" }],
]);

/** The meaning of an exit code in a few words. */
export function describeExitCode(rc: number): string {
  const known = MEANINGS.get(rc);
  if (known !== undefined) return known.text;
  if (rc > 128 && rc < 160) return `ended as by signal ${rc - 128}`;
  return `unknown exit code ${rc}`;
}

/** soft: try again anywhere; hard: not on this node; fatal: nowhere. */
export function severityOf(rc: number): Severity {
  return MEANINGS.get(rc)?.severity ?? "soft";
}

/** The instance is active after this exit code of a monitor. */
export function isActiveCode(rc: number): boolean {
  return (
    rc === OCF.success ||
    rc === OCF.runningPromoted ||
    rc === OCF.degraded ||
    rc === OCF.degradedPromoted
  );
}

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
  const known = MEANINGS.has(rc) && rc !== OCF.pending;
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

const EXIT_REASON = "ocf-exit-reason:";
const EXIT_REASON_MAX = 500;

/** The last `ocf-exit-reason:` line that the agent wrote to stderr, empty if none (OCF 1.1). */
export function agentExitReason(stderr: string): string {
  const at = stderr.lastIndexOf(EXIT_REASON);
  if (at < 0) return "";
  const end = stderr.indexOf("\n", at);
  const line = stderr.slice(at + EXIT_REASON.length, end < 0 ? undefined : end);
  return line.trim().slice(0, EXIT_REASON_MAX);
}
