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
  noFenceDevice: 10,
  noSecrets: 11,
} as const;

const MEANINGS: ReadonlyMap<number, string> = new Map([
  [OCF.success, "ok"],
  [OCF.genericError, "error"],
  [OCF.badArguments, "invalid parameter"],
  [OCF.unimplemented, "action not implemented"],
  [OCF.insufficientPermission, "insufficient permission"],
  [OCF.notInstalled, "not installed"],
  [OCF.notConfigured, "invalid configuration"],
  [OCF.notRunning, "not running"],
  [OCF.runningPromoted, "promoted"],
  [OCF.failedPromoted, "promoted and failed"],
  [OCF.degraded, "running, but degraded"],
  [OCF.degradedPromoted, "promoted, but degraded"],
  [OCF.pending, "pending"],
]);

/** The meaning of an exit code in a few words. */
export function describeExitCode(rc: number): string {
  const known = MEANINGS.get(rc);
  if (known !== undefined) return known;
  if (rc > 128 && rc < 160) return `ended as by signal ${rc - 128}`;
  return `unknown exit code ${rc}`;
}

/** How an operation ended, in a few words: one that was killed has no exit code of its own. */
export function describeResult({ rc, status }: { rc: number; status: number }): string {
  return status === EXECUTION.timeout ? "timed out" : describeExitCode(rc);
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
