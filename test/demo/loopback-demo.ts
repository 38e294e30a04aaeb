import type { ChildProcess } from "node:child_process";
import { mkdirSync, openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { scratchDirectory, spawnBound } from "../support/at-end.ts";
import { ROOT, run, until } from "../support/lab-commands.ts";
import { nodeFlagsOf } from "../support/node-flags.ts";

const NAMES = ["node1", "node2", "node3"];

/**
 * The small demo, for a user who may make no namespaces: three daemons on loopback and a dummy
 * resource; the daemon that runs it is killed, and another one takes over.
 */
export async function loopbackDemo(): Promise<void> {
  process.stdout.write(
    "Neither root nor a user namespace is to be had here: three daemons on loopback, a dummy resource.\n",
  );
  const { path: directory } = scratchDirectory("paceline-demo");
  const daemons = new Map<string, ChildProcess>();
  writeFileSync(join(directory, "key"), `1:${"5a".repeat(32)}\n`, { mode: 0o600 });
  process.stdout.write("\n== Three daemons start\n");
  for (const name of NAMES) daemons.set(name, startDaemon(directory, name));
  const owner = await running(directory, "node1");
  await print(directory, "node1");
  process.stdout.write(`\n== The daemon of ${owner} is killed\n`);
  daemons.get(owner)?.kill("SIGKILL");
  const witness = NAMES.find((name) => name !== owner) ?? "node1";
  await until("another node runs it", async () => (await place(directory, witness)) !== owner);
  await running(directory, witness);
  await print(directory, witness);
  process.stdout.write("\n== Done: the daemons leave\n");
  for (const daemon of daemons.values()) daemon.kill("SIGTERM");
  await until("all have left", () =>
    Promise.resolve([...daemons.values()].every((each) => hasEnded(each))),
  );
}

function hasEnded(daemon: ChildProcess): boolean {
  return daemon.exitCode !== null || daemon.signalCode !== null;
}

function startDaemon(directory: string, name: string): ChildProcess {
  const base = join(directory, name);
  mkdirSync(base);
  writeFileSync(join(base, "cluster.yaml"), definition(directory));
  const log = openSync(join(base, "log"), "a");
  const program = join(ROOT, "dist/daemon/main.js");
  return spawnBound(
    process.execPath,
    [
      ...[...nodeFlagsOf(program), program],
      ...["--node", name, "--config", join(base, "cluster.yaml")],
      ...["--state-dir", join(base, "state"), "--run-dir", join(base, "run")],
    ],
    { stdio: ["ignore", log, log] },
  );
}

function definition(directory: string): string {
  const states = NAMES.map(
    (name) =>
      `{ rule: "#uname eq ${name}", values: { state: "${join(directory, name, "demo.state")}" } }`,
  );
  return `cluster: demo
nodes: { node1: 127.77.0.1, node2: 127.77.0.2, node3: 127.77.0.3 }
messaging: { transport: unicast, key-file: ${join(directory, "key")} }
properties: { fencing-enabled: false }
resources:
  demo: { agent: dummy, params: [ ${states.join(", ")} ] }
`;
}

async function place(directory: string, name: string): Promise<string | undefined> {
  const { stdout } = await run(process.execPath, [
    join(ROOT, "dist/cli/main.js"),
    ...["--run-dir", join(directory, name, "run"), "status", "--json"],
  ]);
  if (stdout === "") return undefined;
  // Before there is a daemon, the answer is why there is none.
  const report = JSON.parse(stdout) as { resources?: { role: string; nodes: string[] }[] };
  const resource = report.resources?.[0];
  return resource?.role === "Started" ? resource.nodes[0] : undefined;
}

async function running(directory: string, name: string): Promise<string> {
  return await until("the resource runs", () => place(directory, name));
}

async function print(directory: string, name: string): Promise<void> {
  const { stdout, stderr } = await run(process.execPath, [
    join(ROOT, "dist/cli/main.js"),
    ...["--run-dir", join(directory, name, "run"), "status"],
  ]);
  process.stdout.write(stdout + stderr);
}
