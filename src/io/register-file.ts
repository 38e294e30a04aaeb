import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { isRegisterState, type RegisterState } from "../model/vote-register.ts";

/** What an arbiter must not forget: the register of each cluster, in one small file. */
export interface RegisterFile {
  readonly registers: ReadonlyMap<string, RegisterState>;
  /** Where a file that could not be read was put aside. */
  readonly damaged: string | undefined;
  /** Durable when it returns; throws if it cannot be written. */
  save(registers: ReadonlyMap<string, RegisterState>): void;
}

/**
 * Opens the file in a directory, which is made. A damaged file is put aside: an arbiter that has
 * forgotten a cluster decides nothing for it until all its voters were there.
 */
export function openRegisterFile(directory: string): RegisterFile {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const path = join(directory, "registers.json");
  let text: string | undefined;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  const registers = text === undefined ? new Map<string, RegisterState>() : parse(text);
  let damaged: string | undefined;
  if (registers === undefined) {
    damaged = `${path}.damaged-${Date.now()}`;
    renameSync(path, damaged);
  }
  return {
    registers: registers ?? new Map(),
    damaged,
    save: (all) => write(directory, path, JSON.stringify(Object.fromEntries(all))),
  };
}

function parse(text: string): Map<string, RegisterState> | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const entries = Object.entries(value);
  if (!entries.every(([, state]) => isRegisterState(state))) return undefined;
  return new Map(entries as [string, RegisterState][]);
}

function write(directory: string, path: string, text: string): void {
  const temporary = `${path}.new`;
  const file = openSync(temporary, "w", 0o600);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
  const folder = openSync(directory, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
