import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { killTree } from "./process-tree.ts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** What is still to be undone when this process ends, oldest first. */
const pending = new Set<() => void>();

/**
 * Has `undo` run when this process ends: by itself, by an error that nobody caught, or by a signal to
 * end, of which it then dies as it would have died without. What was made last is undone first.
 * Returns how to take that back, for who has undone it. While nothing is pending nothing listens.
 */
export function atEnd(undo: () => void): () => void {
  if (pending.size === 0) listen();
  pending.add(undo);
  return () => {
    if (pending.delete(undo) && pending.size === 0) ignore();
  };
}

/** Starts a process that ends with this one, and all that it has started. */
export function spawnBound(
  command: string,
  args: readonly string[],
  options: SpawnOptions,
): ChildProcess {
  const child = spawn(command, args, options);
  // Where it cannot be started, its `error` says so to who asked for it.
  if (child.pid === undefined) return child;
  const forget = atEnd(() => killTree(child.pid));
  child.once("exit", forget);
  return child;
}

/** A directory in the temporary one, for as long as this process lives or until `remove`. */
export function scratchDirectory(name: string): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), `${name}-`));
  const forget = atEnd(() => removeDirectory(path));
  return {
    path,
    remove: () => {
      forget();
      removeDirectory(path);
    },
  };
}

/** A process that was killed may have been writing there. */
export function removeDirectory(path: string): void {
  rmSync(path, { recursive: true, force: true, maxRetries: 20, retryDelay: 10 });
}

function listen(): void {
  process.on("exit", undoAll);
  for (const signal of SIGNALS) process.on(signal, dieOf);
}

function ignore(): void {
  process.off("exit", undoAll);
  for (const signal of SIGNALS) process.off(signal, dieOf);
}

function undoAll(): void {
  for (const undo of [...pending].reverse()) {
    pending.delete(undo);
    try {
      undo();
    } catch (error) {
      // The others are to be undone all the same.
      process.stderr.write(`not cleared up: ${String(error)}\n`);
    }
  }
}

function dieOf(signal: NodeJS.Signals): void {
  undoAll();
  ignore();
  // Who else listens, decides; otherwise the signal does now what it does to any process.
  if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
}
