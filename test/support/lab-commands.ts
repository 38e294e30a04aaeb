import { execFileSync, spawn } from "node:child_process";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";

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

/** Runs a command to its end; it never rejects for an exit code. */
export async function run(
  command: string,
  args: readonly string[],
): Promise<{ code: number; stdout: string; stderr: string }> {
  return await new Promise((done, fail) => {
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
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

/** Runs `ip` for something that may be gone already. */
export function tryIp(...args: string[]): void {
  try {
    ip(...args);
  } catch {
    // It is gone already, or was never made.
  }
}

/** The processes in a namespace; none if there is no such namespace. */
export function pidsIn(namespace: string): number[] {
  try {
    const text = execFileSync("ip", ["netns", "pids", namespace], { encoding: "utf8" });
    return text
      .split("\n")
      .filter((line) => line !== "")
      .map(Number);
  } catch {
    return [];
  }
}

/** Kills a process that may have ended by itself. */
export function tryKill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}
