import { link, mkdir, open, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Diagnostic } from "../model/diagnostic.ts";
import { readJournal } from "./state-journal.ts";
import { stateProblem } from "./state-problem.ts";

/** Name of the journal in the state directory; `.prev` is the one before it. */
export const JOURNAL = "state";

export interface LoadedState {
  readonly values: Map<string, Uint8Array>;
  readonly generation: number;
  readonly diagnostics: readonly Diagnostic[];
}

/** Reads the journal; a damaged one is moved aside, and with `salvage` its readable part used. */
export async function loadState(directory: string, salvage: boolean): Promise<LoadedState> {
  const path = join(directory, JOURNAL);
  const diagnostics: Diagnostic[] = [...(await checkMode(path))];
  const bytes = await readIfThere(path);
  if (bytes === undefined) {
    if (!(await exists(`${path}.prev`))) return { values: new Map(), generation: 0, diagnostics };
    const reason = "it is missing, only its predecessor is there";
    return setAside(directory, reason, new Map(), diagnostics);
  }
  const contents = readJournal(bytes);
  if (!contents.ok) {
    const kept = salvage ? contents.salvaged : new Map<string, Uint8Array>();
    return setAside(directory, contents.message, kept, diagnostics);
  }
  if (contents.torn) {
    const message = `The last write to ${path} was cut short by a crash; nothing was promised on it.`;
    diagnostics.push(stateProblem("STATE_TORN", "warning", message, "nothing to do"));
  }
  return { values: contents.values, generation: contents.generation, diagnostics };
}

/** Keeps what is damaged for a person to look at, and begins anew. */
async function setAside(
  directory: string,
  reason: string,
  values: Map<string, Uint8Array>,
  diagnostics: readonly Diagnostic[],
): Promise<LoadedState> {
  const path = join(directory, JOURNAL);
  let number = 1;
  while (await exists(join(directory, `damaged-${number}`))) number += 1;
  const aside = join(directory, `damaged-${number}`);
  await mkdir(aside, { mode: 0o700 });
  for (const name of [JOURNAL, `${JOURNAL}.prev`]) {
    await rename(join(directory, name), join(aside, name)).catch((error: unknown) => {
      if (!isMissing(error)) throw error;
    });
  }
  await syncDirectory(directory);
  const then =
    values.size > 0
      ? "What was readable is used."
      : "This node starts without its state and gets it from the others.";
  const message = `The state file ${path} is damaged: ${reason}. It is kept in ${aside}. ${then}`;
  const hint = "check the disk; remove the directory when it is not needed any more";
  const problem = stateProblem("STATE_DAMAGED", "warning", message, hint);
  return { values, generation: 0, diagnostics: [...diagnostics, problem] };
}

/** The CIB may hold secrets, and who can write it can vote for this node. */
async function checkMode(path: string): Promise<readonly Diagnostic[]> {
  try {
    const { mode } = await stat(path);
    if ((mode & 0o077) === 0) return [];
    const message = `${path} is open to other users (mode ${(mode & 0o777).toString(8)}).`;
    const hint = "it is written anew with mode 600";
    return [stateProblem("STATE_PERMISSION", "warning", message, hint)];
  } catch {
    return [];
  }
}

/** The journal in place stays reachable as `.prev`, while its own name is never missing. */
export async function keepPrevious(path: string): Promise<void> {
  await rm(`${path}.prev`, { force: true });
  try {
    await link(path, `${path}.prev`);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

/** Makes renames in the directory durable. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}
