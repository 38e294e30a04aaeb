import { execFileSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { spawnBound } from "./at-end.ts";
import { allPids, tryKill } from "./process-tree.ts";

/** The checkout, from test/support or from dist-test/test/support. */
export const ROOT = findRoot();

function findRoot(): string {
  const here = resolve(fileURLToPath(new URL("../..", import.meta.url)));
  return here.endsWith("dist-test") ? resolve(here, "..") : here;
}

/** Whether this process may make network namespaces. */
export function canMakeNamespaces(): boolean {
  const name = `pcl${process.pid}probe`;
  try {
    execFileSync("ip", ["netns", "add", name], { stdio: "ignore" });
    execFileSync("ip", ["netns", "del", name], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** Asks again until the answer is there; fails loudly after the deadline. */
export async function until<T>(
  what: string,
  ask: () => Promise<T | undefined | false>,
  timeoutMs = 30_000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (Date.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await new Promise((done) => setTimeout(done, 50));
  }
}

/** Runs a command to its end, at the latest that of this process; it never rejects for an exit code. */
export async function run(
  command: string,
  args: readonly string[],
): Promise<{ code: number; stdout: string; stderr: string }> {
  return await new Promise((done, fail) => {
    const child = spawnBound(command, args, { stdio: ["ignore", "pipe", "pipe"] });
    let stdout = "";
    let stderr = "";
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    child.once("error", fail);
    child.once("close", (code) => done({ code: code ?? -1, stdout, stderr }));
  });
}

/** Runs `ip`; throws with what it said if it fails. */
export function ip(...args: string[]): void {
  execFileSync("ip", args, { stdio: ["ignore", "ignore", "pipe"] });
}

/** The processes in a namespace, in the order of their numbers; none if there is no such namespace. */
export function pidsIn(namespace: string): number[] {
  const wanted = identityOf(fileOf(namespace));
  if (wanted === undefined) return [];
  return allPids().filter((pid) => identityOf(`/proc/${pid}/ns/net`) === wanted);
}

/** Ends every process in a namespace and removes it, if there is such a one. */
export function removeNamespace(namespace: string): void {
  const deadline = Date.now() + EMPTIED_MS;
  while (existsSync(fileOf(namespace))) {
    const pids = pidsIn(namespace);
    for (const pid of pids) tryKill(pid);
    const isLate = Date.now() > deadline;
    // One that was killed may just have started another one.
    if (pids.length === 0 || isLate) tryIp("netns", "del", namespace);
    if (isLate) return;
    if (pids.length > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
  }
}

/** A process that waits for a disk is not killed before that has answered. */
const EMPTIED_MS = 5_000;

/** Runs `ip` where that may fail; who presses Ctrl-C ends it too. */
function tryIp(...args: string[]): void {
  try {
    ip(...args);
  } catch {
    // It is gone already, or it is tried again.
  }
}

function fileOf(namespace: string): string {
  return `/run/netns/${namespace}`;
}

/** What two names of one namespace have in common; undefined where there is none. */
function identityOf(path: string): string | undefined {
  try {
    const { dev, ino } = statSync(path);
    return `${dev}:${ino}`;
  } catch {
    return undefined;
  }
}
