import { spawnSync } from "node:child_process";

const MARK = "PACELINE_DEMO_USER_NAMESPACE";

/**
 * Without root: runs this program again in a user namespace, where it may make network namespaces.
 * Returns its exit code, or undefined where that is not to be had either.
 */
export function reexecInUserNamespace(): number | undefined {
  if (process.env[MARK] !== undefined) return undefined;
  const unshare = ["--user", "--map-root-user", "--mount", "--net"];
  const probe = spawnSync("unshare", [...unshare, "true"]);
  if (probe.status !== 0) return undefined;
  const prepare = 'mount -t tmpfs tmpfs /run && mkdir -p /run/netns && exec "$@"';
  const child = spawnSync(
    "unshare",
    [...unshare, "sh", "-c", prepare, "sh", process.execPath, ...process.argv.slice(1)],
    { stdio: "inherit", env: { ...process.env, [MARK]: "1" } },
  );
  return child.status ?? 1;
}
