import { type ChildProcess, execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type ControlClient, connectControl } from "../../src/io/control-client.ts";
import type { ControlMethod, ControlRequest, ControlResults } from "../../src/model/control.ts";
import type { StatusReport } from "../../src/model/status-report.ts";
import type { Lab } from "./lab.ts";
import { pidsIn, ROOT, run } from "./lab-commands.ts";
import { nodeFlagsOf } from "./node-flags.ts";
import { tryKill } from "./process-tree.ts";

const DAEMON = join(ROOT, "dist/daemon/main.js");
/** Where agents keep pid files and the like (HA_RSCTMP). */
const AGENT_RUN_DIR = "/run/resource-agents";
const CLI = join(ROOT, "dist/cli/main.js");

/** What makes a node of a lab. */
export interface LabNodeOptions {
  readonly name: string;
  readonly index: number;
  readonly namespace: string;
  readonly text: string;
  readonly logLevel: string;
  readonly agentDir?: string;
  readonly daemonArgs?: readonly string[];
}

/** One entry of a daemon's log. */
export interface LabLogEntry {
  readonly time: string;
  readonly event: string;
  readonly message: string;
  readonly [field: string]: unknown;
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
  /** What the daemon's log says; what is no entry (a stack trace) is left out. */
  logEntries(): LabLogEntry[] {
    return this.logTail(Number.POSITIVE_INFINITY)
      .split("\n")
      .flatMap((line) => (line.startsWith("{") ? [JSON.parse(line) as LabLogEntry] : []));
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

  /** Whether the daemon that was started last has not ended. */
  get isRunning(): boolean {
    const daemon = this.#daemon;
    return daemon !== undefined && daemon.exitCode === null && daemon.signalCode === null;
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

  /** Starts the daemon; `program`: that of another build. */
  start(program?: string): void {
    this.#daemon = this.#spawnDaemon(this.name, program);
  }

  /** Starts a daemon under the name of another node, as by a wrong argument or a cloned disk. */
  startAs(name: string): void {
    this.#daemon = this.#spawnDaemon(name);
  }

  /** Resolves when the daemon has ended by itself. */
  async ended(): Promise<void> {
    const daemon = this.#daemon;
    if (daemon === undefined || !this.isRunning) return;
    await new Promise((done) => daemon.once("exit", done));
  }

  #spawnDaemon(name = this.name, program = DAEMON): ChildProcess {
    const { agentDir, daemonArgs = [] } = this.#options;
    // Each node has an /run/resource-agents of its own, as each host has.
    const mounted = `mkdir -p ${AGENT_RUN_DIR} && mount --bind "$0" ${AGENT_RUN_DIR} && exec "$@"`;
    return this.#lab.spawn(
      this.namespace,
      "unshare",
      [
        ...["--mount", "sh", "-c", mounted, this.agentRunDir],
        ...[process.execPath, ...nodeFlagsOf(program), program],
        ...["--config", this.configFile, "--node", name],
        ...["--state-dir", this.stateDir, "--run-dir", this.runDir],
        ...["--log-level", this.#options.logLevel, "--log-format", "json"],
        ...(agentDir === undefined ? [] : ["--agent-dir", agentDir]),
        ...daemonArgs.map((each) => each.replace("NODEDIR", this.directory)),
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

  /** What `systemctl restart` sends: the daemon ends, and its resources go on. */
  async endForRestart(): Promise<void> {
    await this.#end("SIGUSR2");
  }

  /** As `systemctl restart` does, for an upgrade say. */
  async restart(): Promise<void> {
    await this.endForRestart();
    this.start();
  }

  signal(signal: NodeJS.Signals): void {
    this.#daemon?.kill(signal);
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const daemon = this.#daemon;
    if (daemon === undefined || !this.isRunning) return;
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

  /** Asks this node's daemon; undefined while it does not answer, and for a refusal. */
  async ask<Method extends ControlMethod>(
    request: Extract<ControlRequest, { method: Method }>,
    timeoutMs = 10_000,
  ): Promise<ControlResults[Method] | undefined> {
    let client: ControlClient | undefined;
    try {
      client = await connectControl({ runDir: this.runDir });
      return await client.request(request, { timeoutMs });
    } catch {
      return undefined;
    } finally {
      client?.close();
    }
  }

  /** The status report of this node's daemon, as `paceline status --json` prints it. */
  async report(): Promise<StatusReport | undefined> {
    return await this.ask({ method: "status" });
  }

  /** As `report`, for who looks at a field or two. */
  async status(): Promise<Record<string, unknown> | undefined> {
    return (await this.report()) as Record<string, unknown> | undefined;
  }

  /** Whether an address is up in this namespace. */
  async hasAddress(address: string): Promise<boolean> {
    const { stdout } = await this.exec("ip", "-o", "addr", "show");
    return stdout.includes(` ${address}/`);
  }
}
