import { spawn, spawnSync } from "node:child_process";
import { constants } from "node:os";

const MARK = "PACELINE_DEMO_USER_NAMESPACE";

/**
 * Without root: runs this program again in a user namespace, where it may make network namespaces.
 * Resolves with its exit code, or with undefined where that is not to be had either.
 */
export async function reexecInUserNamespace(): Promise<number | undefined> {
  if (process.env[MARK] !== undefined) return undefined;
  const unshare = ["--user", "--map-root-user", "--mount", "--net"];
  const probe = spawnSync("unshare", [...unshare, "true"]);
  if (probe.status !== 0) return undefined;
  const prepare = 'mount -t tmpfs tmpfs /run && mkdir -p /run/netns && exec "$@"';
  const child = spawn(
    "unshare",
    [...unshare, "sh", "-c", prepare, "sh", process.execPath, ...process.argv.slice(1)],
    { stdio: "inherit", env: { ...process.env, [MARK]: "1" } },
  );
  // The program in there clears up and ends, and this one after it.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => child.kill(signal));
  }
  return await new Promise((done, fail) => {
    child.once("error", fail);
    child.once("exit", (code, signal) =>
      done(code ?? 128 + constants.signals[signal ?? "SIGKILL"]),
    );
  });
}
