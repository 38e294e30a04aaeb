import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OWN_AGENT_DIR } from "../../src/io/agent-lookup.ts";

export interface ActionResult {
  readonly rc: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Why tests with real addresses can't be run here; undefined if they can. */
export function noNamespaces(): string | undefined {
  if (process.getuid?.() !== 0) return "not root";
  const name = `pclprobe${process.pid}`;
  if (spawnSync("ip", ["netns", "add", name]).status !== 0) return "no network namespaces";
  spawnSync("ip", ["netns", "del", name]);
  return undefined;
}

/** A directory for the agents' state and, if asked for, two hosts on one wire. */
export class Sandbox {
  readonly dir = mkdtempSync(join(tmpdir(), "paceline-agents-"));
  readonly #namespaces: string[] = [];

  /** Runs an action of one of our agents, in a namespace if one is given. */
  action(
    agent: string,
    action: string,
    params: Readonly<Record<string, string>> = {},
    namespace?: string,
  ): ActionResult {
    const env: Record<string, string> = {
      PATH: process.env["PATH"] ?? "/usr/sbin:/usr/bin:/sbin:/bin",
      HA_RSCTMP: this.dir,
      OCF_ROOT: "/usr/lib/ocf",
      OCF_RESOURCE_INSTANCE: "test",
    };
    for (const [name, value] of Object.entries(params)) {
      env[/^(OCF_|PATH$)/.test(name) ? name : `OCF_RESKEY_${name}`] = value;
    }
    const program = `${OWN_AGENT_DIR}/${agent}`;
    const prefix = namespace === undefined ? [] : ["ip", "netns", "exec", namespace];
    return run([...prefix, program, action], env);
  }

  /** Two namespaces, joined by a wire with the ends `eth0` and `eth1`, addresses .1 and .2. */
  wire(): [string, string] {
    const [a, b] = [`pcl${process.pid}a`, `pcl${process.pid}b`];
    for (const name of [a, b]) {
      ip(`netns add ${name}`);
      this.#namespaces.push(name);
      ip(`-n ${name} link set lo up`);
    }
    ip(`-n ${a} link add eth0 type veth peer name eth1 netns ${b}`);
    const ends = [
      [a, "eth0", "1"],
      [b, "eth1", "2"],
    ] as const;
    for (const [name, nic, host] of ends) {
      ip(`-n ${name} link set ${nic} up`);
      ip(`-n ${name} addr add 10.9.0.${host}/24 dev ${nic}`);
      ip(`-n ${name} addr add fd09::${host}/64 dev ${nic} nodad`);
    }
    return [a, b];
  }

  close(): void {
    for (const name of this.#namespaces) spawnSync("ip", ["netns", "del", name]);
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** A search path on which nothing but these commands is found. */
export function pathWith(directory: string, commands: readonly string[]): string {
  mkdirSync(directory, { recursive: true });
  for (const command of commands) {
    const { stdout } = run(["sh", "-c", `command -v ${command}`], process.env);
    symlinkSync(stdout.trim(), join(directory, command));
  }
  return directory;
}

/** Runs ip(8) with these arguments; what it prints. */
export function ip(args: string): string {
  const { rc, stdout, stderr } = run(["ip", ...args.split(" ")], process.env);
  if (rc !== 0) throw new Error(`ip ${args}: ${stderr}`);
  return stdout;
}

function run(command: string[], env: NodeJS.ProcessEnv): ActionResult {
  const [program, ...args] = command;
  const done = spawnSync(program!, args, { env, encoding: "utf8", timeout: 20_000 });
  return { rc: done.status ?? -1, stdout: done.stdout ?? "", stderr: done.stderr ?? "" };
}

/** Waits for something that happens in the background. */
export async function until(condition: () => boolean): Promise<boolean> {
  for (let i = 0; i < 2_000; i++) {
    if (condition()) return true;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return condition();
}
