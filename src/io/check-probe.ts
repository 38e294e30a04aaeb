import { connect } from "node:net";
import type { CheckSettings } from "../model/definition.ts";

/** Runs one probe of a check; resolves with the targets that answered in time. Never rejects. */
export async function probe(check: CheckSettings): Promise<string[]> {
  if (check.kind === "command") {
    return (await succeeds("sh", ["-c", check.command], check.timeoutMs)) ? [""] : [];
  }
  const tried = check.targets.map(async (target) =>
    (await reach(check, target)) ? target : undefined,
  );
  return (await Promise.all(tried)).filter((target) => target !== undefined);
}

async function reach(
  check: Exclude<CheckSettings, { kind: "command" }>,
  target: string,
): Promise<boolean> {
  switch (check.kind) {
    case "ping": {
      const seconds = String(Math.max(1, Math.ceil(check.timeoutMs / 1000)));
      return await succeeds(
        "ping",
        ["-n", "-q", "-c", "1", "-W", seconds, target],
        check.timeoutMs,
      );
    }
    case "tcp":
      return await connects(target, check.timeoutMs);
    case "http":
      return await answers(target, check.timeoutMs);
  }
}

/** Exit code 0 within the time. A child that is late is killed with all that it started. */
async function succeeds(
  command: string,
  args: readonly string[],
  timeout: number,
): Promise<boolean> {
  const { execa } = await import("execa");
  const child = execa(command, args, {
    reject: false,
    stdin: "ignore",
    stdout: "ignore",
    stderr: "ignore",
    detached: true,
  });
  const timer = setTimeout(() => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    } catch {
      // It has just ended by itself.
    }
  }, timeout);
  try {
    return (await child).exitCode === 0;
  } finally {
    clearTimeout(timer);
  }
}

/** A TCP connection to ADDRESS:PORT or [ADDRESS]:PORT is accepted within the time. */
async function connects(target: string, timeout: number): Promise<boolean> {
  const at = target.lastIndexOf(":");
  const host = target.slice(0, at).replace(/^\[|\]$/g, "");
  return await new Promise((done) => {
    const socket = connect({ host, port: Number(target.slice(at + 1)) });
    const end = (ok: boolean): void => {
      socket.destroy();
      done(ok);
    };
    socket.setTimeout(timeout, () => end(false));
    socket.once("connect", () => end(true));
    socket.once("error", () => end(false));
  });
}

/** An HTTP answer of 200 to 399 within the time. */
async function answers(url: string, timeout: number): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(timeout), redirect: "manual" });
    await response.body?.cancel();
    return response.status >= 200 && response.status < 400;
  } catch {
    return false;
  }
}
