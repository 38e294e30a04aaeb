/** Exit codes of `paceline`: a contract with scripts. They are listed in `paceline --help`. */
export const EXIT = {
  ok: 0,
  /** It was tried and did not work, or --check found something wrong. */
  failed: 1,
  /** The command line makes no sense. */
  usage: 2,
  /** No daemon runs here, or it does not answer, or it is not for this user. */
  unreachable: 3,
  /** This partition has no quorum, or no coordinator yet: nothing can be changed. */
  notQuorate: 4,
  /** The definition has errors. */
  invalidDefinition: 5,
  /** Somebody else changed it in the meantime. */
  conflict: 6,
  /** It was begun, and was not done in the time given. */
  timedOut: 7,
  /** Interrupted by the operator, as shells count it. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

const BY_CODE: Readonly<Record<string, ExitCode>> = {
  USAGE: EXIT.usage,
  NO_DAEMON: EXIT.unreachable,
  NO_RUN_DIR: EXIT.unreachable,
  PERMISSION_DENIED: EXIT.unreachable,
  NO_ANSWER: EXIT.unreachable,
  CONNECTION_LOST: EXIT.unreachable,
  BAD_ANSWER: EXIT.unreachable,
  TOO_MANY_CLIENTS: EXIT.unreachable,
  NOT_QUORATE: EXIT.notQuorate,
  NO_DC: EXIT.notQuorate,
  INVALID_DEFINITION: EXIT.invalidDefinition,
  CONFLICT: EXIT.conflict,
  TIMED_OUT: EXIT.timedOut,
};

/** The exit code for an error's stable code. */
export function exitCodeOf(errorCode: string): ExitCode {
  return BY_CODE[errorCode] ?? EXIT.failed;
}

/** For the end of `paceline --help`. */
export const EXIT_CODE_HELP = `Exit codes:
  0  done
  1  failed, or something is wrong (status --check)
  2  wrong usage
  3  the daemon on this node cannot be reached
  4  no quorum, or no coordinator: nothing can be changed now
  5  the definition has errors
  6  conflict: somebody else changed it in the meantime
  7  timed out waiting`;
