import { readdirSync, readFileSync } from "node:fs";

/** Every process of this machine, in the order of their numbers. */
export function allPids(): number[] {
  return readdirSync("/proc")
    .map(Number)
    .filter(Number.isInteger)
    .sort((a, b) => a - b);
}

/** A process and every process below it, parents before their children. */
export function treeOf(root: number): number[] {
  const parents = allPids().map((pid) => [pid, parentOf(pid)] as const);
  const found = [root];
  for (const each of found) {
    for (const [pid, parent] of parents) if (parent === each) found.push(pid);
  }
  return found;
}

/** Kills a process and all below it, whoever of them is still there. */
export function killTree(root: number | undefined): void {
  if (root === undefined) return;
  for (const pid of treeOf(root)) tryKill(pid);
}

/** Kills a process that may have ended by itself. */
export function tryKill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}

/** The name of a process's program; empty where there is no such process. */
export function nameOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, "utf8").trim();
  } catch {
    return "";
  }
}

function parentOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name before it may have spaces and brackets of its own.
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
  } catch {
    return undefined;
  }
}
