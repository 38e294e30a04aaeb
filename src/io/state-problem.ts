import type { Diagnostic } from "../model/diagnostic.ts";

/** What can be wrong with the state directory, for the operator. */
export type StateProblemCode =
  | "STATE_LOCKED"
  | "STATE_NO_SPACE"
  | "STATE_READ_ONLY"
  | "STATE_PERMISSION"
  | "STATE_DAMAGED"
  | "STATE_TORN"
  | "STATE_IO";

export function stateProblem(
  code: StateProblemCode,
  severity: "error" | "warning",
  message: string,
  hint: string,
): Diagnostic {
  return { code, severity, message, hint };
}

const BY_ERRNO: Readonly<Record<string, readonly [StateProblemCode, string, string]>> = {
  ENOSPC: [
    "STATE_NO_SPACE",
    "the file system is full",
    "free some space; writing goes on by itself",
  ],
  EDQUOT: ["STATE_NO_SPACE", "the quota is used up", "raise it; writing goes on by itself"],
  EROFS: [
    "STATE_READ_ONLY",
    "the file system is read-only",
    "see why (dmesg), repair and remount it",
  ],
  EACCES: ["STATE_PERMISSION", "permission denied", "the daemon's user must own it, mode 0700"],
  EPERM: ["STATE_PERMISSION", "not permitted", "the daemon's user must own it, mode 0700"],
  ENOENT: ["STATE_IO", "it does not exist", "create it, owned by the daemon's user, mode 0700"],
  ENOTDIR: ["STATE_IO", "it is no directory", "give a directory with --state-dir"],
};

/** A failed system call as a diagnostic. */
export function fromSystemError(what: string, error: unknown): Diagnostic {
  const errno = error instanceof Error && "code" in error ? String(error.code) : "";
  const known = BY_ERRNO[errno];
  const reason = error instanceof Error ? error.message : String(error);
  if (known === undefined) {
    return stateProblem(
      "STATE_IO",
      "error",
      `Cannot ${what}: ${reason}`,
      "look at the disk's health",
    );
  }
  const [code, text, hint] = known;
  return stateProblem(code, "error", `Cannot ${what}: ${text} (${errno}).`, hint);
}
