import { link, readFile, rename, rm, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Diagnostic } from "../model/diagnostic.ts";
import { fromSystemError, stateProblem } from "./state-problem.ts";

/**
 * One daemon per state directory. The lock is a file that says who holds it: process id and start
 * time (a process id alone may have been given to another process since). It appears by `link`, whole
 * or not at all; a lock whose holder is gone is taken away and the attempt repeated.
 */
const LOCK_FILE = "lock";
const MAX_ATTEMPTS = 5;

export type LockResult =
  | { readonly ok: true; readonly release: () => Promise<void> }
  | { readonly ok: false; readonly diagnostic: Diagnostic };

export async function lockDirectory(directory: string): Promise<LockResult> {
  const path = join(directory, LOCK_FILE);
  const mine = `${path}.${process.pid}`;
  try {
    const holder = await describeProcess(process.pid);
    await writeFile(mine, `${holder}\n`, { mode: 0o600 });
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      if (await tryLink(mine, path)) return { ok: true, release: () => rm(path, { force: true }) };
      const other = (await readOrEmpty(path)).trim();
      if (other !== "" && (await isRunning(other)))
        return { ok: false, diagnostic: held(directory, other) };
      await removeStale(path, other);
    }
    return { ok: false, diagnostic: held(directory, "another process") };
  } catch (error) {
    return { ok: false, diagnostic: fromSystemError(`lock ${directory}`, error) };
  } finally {
    await rm(mine, { force: true }).catch(() => undefined);
  }
}

function held(directory: string, holder: string): Diagnostic {
  const pid = holder.split(" ")[0] ?? holder;
  return stateProblem(
    "STATE_LOCKED",
    "error",
    `The state directory ${directory} is in use by process ${pid}.`,
    "stop that daemon, or give this one a directory of its own with --state-dir",
  );
}

async function tryLink(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (errnoOf(error) === "EEXIST") return false;
    throw error;
  }
}

/** Moved away rather than removed: whoever moves it can see whether it is still the stale one. */
async function removeStale(path: string, expected: string): Promise<void> {
  const aside = `${path}.stale.${process.pid}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return;
    throw error;
  }
  const moved = (await readOrEmpty(aside)).trim();
  if (moved !== expected) await tryLink(aside, path); // A new holder was faster: give it back.
  await unlink(aside);
}

/** `PID START`, the start time in clock ticks since boot; 0 where /proc is missing. */
async function describeProcess(pid: number): Promise<string> {
  const stat = await readOrEmpty(`/proc/${pid}/stat`);
  // The command's name, in parentheses, may hold anything; the fields after it are numbers.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  // A zombie has ended: it holds nothing, whoever is slow to collect it.
  if (fields[0] === "Z") return `${pid} ended`;
  return `${pid} ${fields[19] ?? 0}`;
}

async function isRunning(holder: string): Promise<boolean> {
  const pid = Number(holder.split(" ")[0]);
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  if (pid === process.pid) return (await describeProcess(pid)) === holder;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (errnoOf(error) === "ESRCH") return false;
  }
  return (await describeProcess(pid)) === holder;
}

async function readOrEmpty(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === "ENOENT" || errno === "ESRCH") return "";
    throw error;
  }
}

function errnoOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}
