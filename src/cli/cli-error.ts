import { type ExitCode, exitCodeOf } from "./cli-exit-codes.ts";

/** What a command throws to end with a message: what is wrong, and what to do about it. */
export class CliError extends Error {
  override readonly name = "CliError";
  readonly code: string;
  readonly hint: string | undefined;

  constructor(code: string, message: string, hint?: string) {
    super(message);
    this.code = code;
    this.hint = hint;
  }
}

/** Wrong usage that only a command itself can notice. */
export function usageError(message: string, hint?: string): CliError {
  return new CliError("USAGE", message, hint);
}

/** An error as it is shown, whoever threw it. */
export interface ShownError {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  readonly details?: unknown;
  readonly exit: ExitCode;
}

/** Reads CliError and ControlError alike, and the system's errors as far as people understand them. */
export function shownError(error: unknown): ShownError {
  const fields = (typeof error === "object" && error !== null ? error : {}) as {
    readonly code?: unknown;
    readonly hint?: unknown;
    readonly details?: unknown;
    readonly path?: unknown;
  };
  const message = error instanceof Error ? error.message : String(error);
  const code = typeof fields.code === "string" ? fields.code : "INTERNAL";
  return {
    code,
    message:
      SYSTEM_MESSAGES[code] === undefined
        ? message
        : `${SYSTEM_MESSAGES[code]}: ${typeof fields.path === "string" ? fields.path : message}`,
    ...(typeof fields.hint === "string" ? { hint: fields.hint } : {}),
    ...(fields.details === undefined ? {} : { details: fields.details }),
    exit: exitCodeOf(code),
  };
}

const SYSTEM_MESSAGES: Readonly<Record<string, string>> = {
  ENOENT: "no such file",
  EACCES: "not allowed",
  EISDIR: "that is a directory",
  EROFS: "the file system is read-only",
  ENOSPC: "the disk is full",
};
