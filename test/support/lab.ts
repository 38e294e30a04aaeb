import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** The checkout, from test/support or from dist-test/test/support. */
export const ROOT = findRoot();

function findRoot(): string {
  const here = resolve(fileURLToPath(new URL("../..", import.meta.url)));
  return here.endsWith("dist-test") ? resolve(here, "..") : here;
}

const DAEMON = join(ROOT, "dist/daemon/main.js");
/** Where agents keep pid files and the like (HA_RSCTMP). */
const AGENT_RUN_DIR = "/run/resource-agents";
const CLI = join(ROOT, "dist/cli/main.js");

export interface LabOptions {
  /** Node names; node i gets 10.77.0.i on its first link and 10.78.0.i on its second. */
  readonly nodes: readonly string[];
  readonly links?: 1 | 2;
  /** The definition; `KEYFILE` in it becomes the path of the lab's key. */
  readonly definition: string;
  readonly logLevel?: string;
  /** Makes a directory `agents` in the lab's own one, which every daemon searches for agents. */
  readonly withAgents?: boolean;
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

/**
 * A cluster on this machine: each node a network namespace on a bridge, with a real daemon in it.
 * The bridge stands in a namespace of its own, so that nothing of it is seen outside. `close`
 * removes everything, and so does the end of this process.
 */
export class Lab {
  readonly directory: string;
  readonly nodes: readonly LabNode[];
  readonly #prefix: string;
  readonly #switch: string;
  readonly #children = new Set<ChildProcess>();
  #closed = false;
  static #count = 0;

  constructor(options: LabOptions) {
    Lab.#count += 1;
    this.#prefix = `pcl${process.pid}x${Lab.#count}`;
    this.#switch = `${this.#prefix}sw`;
    this.directory = mkdtempSync(join(tmpdir(), "paceline-lab-"));
    process.once("exit", this.#onExit);
    const key = join(this.directory, "key");
    writeFileSync(key, `1:${"5a".repeat(32)}\n`, { mode: 0o600 });
    const text = options.definition.replaceAll("KEYFILE", key);
    if (options.withAgents === true) mkdirSync(this.agentDir);
    const links = options.links ?? 1;
    this.#makeSwitch(links);
    this.nodes = options.nodes.map((name, index) => {
      const namespace = `${this.#prefix}n${index + 1}`;
      this.#makeNode(namespace, index + 1, links);
      return new LabNode(this, {
        name,
        index: index + 1,
        namespace,
        text,
        logLevel: options.logLevel ?? "info",
        ...(options.withAgents === true && { agentDir: this.agentDir }),
      });
    });
    this.#makeClient();
  }

  get agentDir(): string {
    return join(this.directory, "agents");
  }

  get clientNamespace(): string {
    return `${this.#prefix}cl`;
  }

  node(name: string): LabNode {
    const found = this.nodes.find((node) => node.name === name);
    if (found === undefined) throw new Error(`the lab has no node ${name}`);
    return found;
  }

  /** Cuts or mends the cable of a node at the switch (all links, or one). */
  setCable(node: LabNode, up: boolean, link?: number): void {
    for (const number of link === undefined ? node.linkNumbers : [link]) {
      ip("-n", this.#switch, "link", "set", `p${node.index}l${number}`, up ? "up" : "down");
    }
  }

  /** Starts a process in a namespace; it is killed when the lab closes. */
  spawn(
    namespace: string,
    command: string,
    args: readonly string[],
    options: { readonly log?: string; readonly env?: NodeJS.ProcessEnv } = {},
  ): ChildProcess {
    const log = options.log === undefined ? "ignore" : openSync(options.log, "a");
    const child = spawn("ip", ["netns", "exec", namespace, command, ...args], {
      stdio: ["pipe", options.log === undefined ? "pipe" : log, log],
      env: { ...process.env, ...options.env },
    });
    this.#children.add(child);
    child.once("exit", () => this.#children.delete(child));
    return child;
  }

  get prefix(): string {
    return this.#prefix;
  }

  get switchNamespace(): string {
    return this.#switch;
  }

  /** Ends every process by pid and removes every namespace and file of this lab. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    process.off("exit", this.#onExit);
    for (const child of this.#children) child.kill("SIGKILL");
    const namespaces = [this.#switch, this.clientNamespace, ...this.nodes.map((n) => n.namespace)];
    for (const namespace of namespaces) {
      for (const pid of pidsIn(namespace)) tryKill(pid);
      tryIp("netns", "del", namespace);
    }
    rmSync(this.directory, { recursive: true, force: true });
  }

  readonly #onExit = (): void => this.close();

  #makeSwitch(links: number): void {
    ip("netns", "add", this.#switch);
    for (let link = 0; link < links; link++) {
      ip("-n", this.#switch, "link", "add", `br${link}`, "type", "bridge", "mcast_snooping", "0");
      ip("-n", this.#switch, "link", "set", `br${link}`, "up");
    }
    ip("-n", this.#switch, "link", "set", "lo", "up");
  }

  #makeNode(namespace: string, index: number, links: number): void {
    ip("netns", "add", namespace);
    ip("-n", namespace, "link", "set", "lo", "up");
    for (let link = 0; link < links; link++) {
      this.#plug(namespace, `eth${link}`, `p${index}l${link}`, `br${link}`);
      ip("-n", namespace, "addr", "add", `10.${77 + link}.0.${index}/24`, "dev", `eth${link}`);
    }
  }

  #makeClient(): void {
    ip("netns", "add", this.clientNamespace);
    ip("-n", this.clientNamespace, "link", "set", "lo", "up");
    this.#plug(this.clientNamespace, "eth0", "pclient", "br0");
    ip("-n", this.clientNamespace, "addr", "add", "10.77.0.250/24", "dev", "eth0");
  }

  #plug(namespace: string, device: string, port: string, bridge: string): void {
    ip(
      "-n",
      this.#switch,
      "link",
      "add",
      port,
      "type",
      "veth",
      "peer",
      "name",
      device,
      "netns",
      namespace,
    );
    ip("-n", this.#switch, "link", "set", port, "master", bridge, "up");
    ip("-n", namespace, "link", "set", device, "up");
  }
}

export interface LabNodeOptions {
  readonly name: string;
  readonly index: number;
  readonly namespace: string;
  readonly text: string;
  readonly logLevel: string;
  readonly agentDir?: string;
}

/** One node of a lab: its files, its daemon, and the CLI as run on it. */
export class LabNode {
  readonly name: string;
  readonly index: number;
  readonly namespace: string;
  readonly directory: string;
  readonly #lab: Lab;
  readonly #options: LabNodeOptions;
  #daemon: ChildProcess | undefined;

  constructor(lab: Lab, options: LabNodeOptions) {
    this.#lab = lab;
    this.#options = options;
    this.name = options.name;
    this.index = options.index;
    this.namespace = options.namespace;
    this.directory = join(lab.directory, options.name);
    mkdirSync(this.agentRunDir, { recursive: true });
    writeFileSync(this.configFile, options.text);
  }

  get configFile(): string {
    return join(this.directory, "cluster.yaml");
  }
  get runDir(): string {
    return join(this.directory, "run");
  }
  get stateDir(): string {
    return join(this.directory, "state");
  }
  get logFile(): string {
    return join(this.directory, "log");
  }
  /** The last lines of the daemon's log. */
  logTail(lines: number): string {
    try {
      return readFileSync(this.logFile, "utf8").trimEnd().split("\n").slice(-lines).join("\n");
    } catch {
      return "";
    }
  }
  get linkNumbers(): number[] {
    const text = execFileSync("ip", ["-n", this.namespace, "-o", "link"], { encoding: "utf8" });
    return [...text.matchAll(/eth(\d)@/g)].map((match) => Number(match[1]));
  }
  get agentRunDir(): string {
    return join(this.directory, "resource-agents");
  }
  get pid(): number | undefined {
    return this.#daemon?.pid;
  }

  /** A second daemon with the same directories, as started by mistake. */
  startSecond(): void {
    const second = this.#spawnDaemon();
    this.secondEnded = false;
    second.once("exit", () => {
      this.secondEnded = true;
    });
  }
  secondEnded = true;

  start(): void {
    this.#daemon = this.#spawnDaemon();
  }

  /** Starts a daemon under the name of another node, as by a wrong argument or a cloned disk. */
  startAs(name: string): void {
    this.#daemon = this.#spawnDaemon(name);
  }

  /** Resolves when the daemon has ended by itself. */
  async ended(): Promise<void> {
    const daemon = this.#daemon;
    if (daemon === undefined || daemon.exitCode !== null || daemon.signalCode !== null) return;
    await new Promise((done) => daemon.once("exit", done));
  }

  #spawnDaemon(name = this.name): ChildProcess {
    const { agentDir } = this.#options;
    // Each node has an /run/resource-agents of its own, as each host has.
    const mounted = `mkdir -p ${AGENT_RUN_DIR} && mount --bind "$0" ${AGENT_RUN_DIR} && exec "$@"`;
    return this.#lab.spawn(
      this.namespace,
      "unshare",
      [
        ...["--mount", "sh", "-c", mounted, this.agentRunDir, process.execPath, DAEMON],
        ...["--config", this.configFile, "--node", name],
        ...["--state-dir", this.stateDir, "--run-dir", this.runDir],
        ...["--log-level", this.#options.logLevel],
        ...(agentDir === undefined ? [] : ["--agent-dir", agentDir]),
      ],
      { log: this.logFile },
    );
  }

  /** As a power cut does: every process of the node ends at once, and its addresses go. */
  async crash(): Promise<void> {
    for (const pid of pidsIn(this.namespace)) tryKill(pid);
    await this.#end("SIGKILL");
    for (const link of this.linkNumbers) {
      const own = `10.${77 + link}.0.${this.index}`;
      const { stdout } = await this.exec("ip", "-o", "-4", "addr", "show", "dev", `eth${link}`);
      for (const [, address = ""] of stdout.matchAll(/inet (\S+)/g)) {
        if (!address.startsWith(`${own}/`)) {
          await this.exec("ip", "addr", "del", address, "dev", `eth${link}`);
        }
      }
    }
  }

  /** SIGTERM: leave cleanly. Resolves when the process has ended. */
  async stop(): Promise<void> {
    await this.#end("SIGTERM");
  }

  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  signal(signal: NodeJS.Signals): void {
    this.#daemon?.kill(signal);
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const daemon = this.#daemon;
    if (daemon === undefined || daemon.exitCode !== null || daemon.signalCode !== null) return;
    const ended = new Promise((done) => daemon.once("exit", done));
    daemon.kill(signal);
    await ended;
    this.#daemon = undefined;
  }

  /** Runs `paceline ARGS` on this node. */
  async paceline(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
    return await run("ip", [
      ...["netns", "exec", this.namespace, process.execPath, CLI],
      ...["--run-dir", this.runDir, ...args],
    ]);
  }

  /** Runs a command in this node's namespace. */
  async exec(...command: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
    return await run("ip", ["netns", "exec", this.namespace, ...command]);
  }

  /** The status report of this node's daemon; undefined while it does not answer. */
  async status(): Promise<Record<string, unknown> | undefined> {
    const { code, stdout } = await this.paceline("status", "--json");
    if (code !== 0 && stdout === "") return undefined;
    try {
      return JSON.parse(stdout) as Record<string, unknown>;
    } catch {
      return undefined;
    }
  }

  /** Whether an address is up in this namespace. */
  async hasAddress(address: string): Promise<boolean> {
    const { stdout } = await this.exec("ip", "-o", "addr", "show");
    return stdout.includes(` ${address}/`);
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

function ip(...args: string[]): void {
  execFileSync("ip", args, { stdio: ["ignore", "ignore", "pipe"] });
}

function tryIp(...args: string[]): void {
  try {
    ip(...args);
  } catch {
    // It is gone already, or was never made.
  }
}

function pidsIn(namespace: string): number[] {
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

function tryKill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}
