import {
  chmodSync,
  closeSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";

/** One thing that an installation puts in place. Paths are those on the installed machine. */
export type InstallStep =
  | { readonly kind: "directory"; readonly path: string; readonly mode: number }
  | {
      readonly kind: "file";
      readonly path: string;
      readonly mode: number;
      readonly content: Buffer;
      readonly note?: string;
    }
  | { readonly kind: "link"; readonly path: string; readonly target: string }
  /** Made once, never replaced: `create` gets the path. */
  | {
      readonly kind: "secret";
      readonly path: string;
      readonly note: string;
      readonly create: (path: string) => void;
    };

export interface StepResult {
  readonly path: string;
  readonly outcome: "created" | "updated" | "unchanged";
  readonly note?: string;
  /** Something that a person must mend. */
  readonly warning?: string;
}

/** Does one step below `root`, or only says what it would do. */
export function carryOutStep(step: InstallStep, root: string, dryRun: boolean): StepResult {
  const at = join(root, step.path);
  switch (step.kind) {
    case "directory":
      return directoryStep(step.path, at, step.mode, dryRun);
    case "file":
      return fileStep(step, at, dryRun);
    case "link":
      return linkStep(step, at, dryRun);
    case "secret":
      return secretStep(step, at, dryRun);
  }
}

function directoryStep(path: string, at: string, mode: number, dryRun: boolean): StepResult {
  const stat = lstatSync(at, { throwIfNoEntry: false });
  if (stat !== undefined) return { path, outcome: "unchanged" };
  if (!dryRun) {
    mkdirSync(at, { recursive: true });
    chmodSync(at, mode);
  }
  return { path, outcome: "created" };
}

function fileStep(
  step: Extract<InstallStep, { kind: "file" }>,
  at: string,
  dryRun: boolean,
): StepResult {
  const note = step.note === undefined ? {} : { note: step.note };
  const stat = lstatSync(at, { throwIfNoEntry: false });
  if (stat?.isFile() === true && readFileSync(at).equals(step.content)) {
    if ((stat.mode & 0o777) === step.mode)
      return { path: step.path, outcome: "unchanged", ...note };
  }
  if (!dryRun) writeAtomically(at, step.content, step.mode);
  return { path: step.path, outcome: stat === undefined ? "created" : "updated", ...note };
}

/** An agent that is being replaced may be running: it keeps the old file, the next run has the new. */
function writeAtomically(at: string, content: Buffer, mode: number): void {
  mkdirSync(dirname(at), { recursive: true });
  const temporary = `${at}.paceline-new`;
  rmSync(temporary, { force: true });
  const file = openSync(temporary, "wx", mode);
  try {
    writeSync(file, content);
  } finally {
    closeSync(file);
  }
  chmodSync(temporary, mode);
  renameSync(temporary, at);
}

function linkStep(
  step: Extract<InstallStep, { kind: "link" }>,
  at: string,
  dryRun: boolean,
): StepResult {
  const { path, target } = step;
  const stat = lstatSync(at, { throwIfNoEntry: false });
  const note = `→ ${target}`;
  if (stat?.isSymbolicLink() === true && readlinkSync(at) === target) {
    return { path, outcome: "unchanged", note };
  }
  if (stat !== undefined && !stat.isSymbolicLink()) {
    return { path, outcome: "unchanged", warning: `${path} is there and not ours: left alone` };
  }
  if (!dryRun) {
    mkdirSync(dirname(at), { recursive: true });
    rmSync(at, { force: true });
    symlinkSync(target, at);
  }
  return { path, outcome: stat === undefined ? "created" : "updated", note };
}

function secretStep(
  step: Extract<InstallStep, { kind: "secret" }>,
  at: string,
  dryRun: boolean,
): StepResult {
  const { path } = step;
  const stat = lstatSync(at, { throwIfNoEntry: false });
  if (stat === undefined) {
    if (!dryRun) {
      mkdirSync(dirname(at), { recursive: true });
      step.create(at);
    }
    return { path, outcome: "created", note: step.note };
  }
  const open = (stat.mode & 0o077) !== 0;
  const warning = `${path} can be read by others: chmod 600 ${path}`;
  return { path, outcome: "unchanged", note: "kept", ...(open ? { warning } : {}) };
}
