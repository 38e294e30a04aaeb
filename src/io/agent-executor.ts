import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import type { AgentCommand, AgentOutcome } from "../model/operation.ts";
import { maskSecrets } from "../model/secret-mask.ts";
import { AGENT_PATHS, type AgentPaths, lookUpAgent } from "./agent-lookup.ts";
import { AGENT_FILE_VARIABLE } from "./agent-orphans.ts";
import { OutputTail } from "./output-tail.ts";
import { ProcessCalmer } from "./process-calmer.ts";
import { neverBecame, SpareShells } from "./spare-shell.ts";

export interface AgentExecutorOptions extends Partial<AgentPaths> {
  /** Called exactly once for every run, never from within `run` itself. */
  readonly onDone: (runId: number, outcome: AgentOutcome) => void;
  /** The directory of the helper commands; goes first on the agents' PATH. */
  readonly helperDir?: string;
  /** How much of what an agent says is kept, in bytes per stream; the end of it counts. */
  readonly outputMax?: number;
  /** Keep shells ready that become agents sooner than a process can be made. For daemons. */
  readonly spares?: boolean;
}

const OUTPUT_MAX = 16 * 1024;

/** Agents describe themselves at length: the largest of resource-agents have some 40 KB. */
const META_DATA_MAX = 512 * 1024;
/** After an agent's exit: how long what it wrote may take to arrive. */
const DRAIN_MS = 25;
/** After SIGKILL: how long until the run is given up (a process in uninterruptible sleep). */
const REAP_MS = 1000;
/** These come by themselves, often, and nobody waits for them: a process of their own is cheaper. */
const UNHURRIED: ReadonlySet<string> = new Set(["monitor", "meta-data", "validate-all"]);
const STANDARD_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/**
 * Runs agents as processes, each in a process group of its own.
 *
 * It uses node:child_process and not execa: measured on the machine it was built on, execa makes a
 * run 1.3 ms slower (3.1 instead of 1.8 ms for an empty shell) and the daemon 14 MB larger, and
 * what it adds for ordinary use (buffering, its own timeout, waiting for the pipes) must be
 * switched off here anyway: an agent may leave a process behind that holds its pipes.
 *
 * - A run is over when its process has exited, not when its pipes are closed.
 * - At the deadline the whole group is killed. There is no SIGTERM before: the time until the
 *   deadline is the agent's, and after it the cluster must be able to count on the end.
 * - Every way to fail gives an outcome with a plain message; nothing is thrown.
 */
export class AgentExecutor {
  readonly #options: AgentExecutorOptions;
  readonly #paths: AgentPaths;
  readonly #runs = new Map<number, ProcessRun>();
  readonly #calmer = new ProcessCalmer();
  readonly #baseEnv: Readonly<Record<string, string>>;
  readonly #spares: SpareShells | undefined;

  constructor(options: AgentExecutorOptions) {
    this.#options = options;
    this.#spares = options.spares === true ? new SpareShells() : undefined;
    this.#paths = { ...AGENT_PATHS, ...definedOnly(options) };
    const { helperDir } = options;
    this.#baseEnv = {
      PATH: helperDir === undefined ? STANDARD_PATH : `${helperDir}:${STANDARD_PATH}`,
      HOME: process.env["HOME"] ?? "/root",
      LANG: "C.UTF-8",
      ...(process.env["TZ"] === undefined ? {} : { TZ: process.env["TZ"] }),
    };
  }

  get runningCount(): number {
    return this.#runs.size;
  }

  /** Shells that wait to become agents. */
  get spareCount(): number {
    return this.#spares?.count ?? 0;
  }

  run(command: AgentCommand): void {
    const { runId } = command;
    const found = lookUpAgent(command.agent, command.action, command.params, this.#paths);
    if (!found.found) {
      const { rc, message } = found;
      setImmediate(() => this.#options.onDone(runId, notStarted(rc, message)));
      return;
    }
    const program = this.#calmer.program(found.file, found.args);
    const mark = { [AGENT_FILE_VARIABLE]: found.file };
    const env = { ...this.#baseEnv, ...command.env, ...found.env, ...mark };
    const outputMax =
      this.#options.outputMax ?? (command.action === "meta-data" ? META_DATA_MAX : OUTPUT_MAX);
    const run = new ProcessRun(command, program, env, outputMax, (outcome) => {
      this.#runs.delete(runId);
      this.#options.onDone(runId, outcome);
    });
    this.#runs.set(runId, run);
    const calm = (pid: number): void => {
      if (!isUrgent(command)) this.#calmer.calm(pid);
    };
    const spare = UNHURRIED.has(command.action)
      ? undefined
      : this.#spares?.become(program, env, calm);
    if (spare !== undefined) run.become(spare);
    else run.start(calm);
  }

  /** Lets go of what waits for runs; runs under way go on. */
  close(): void {
    this.#spares?.close();
  }

  /** Kills a run's whole process group; its outcome is `cancelled`. */
  kill(runId: number): void {
    this.#runs.get(runId)?.cancel();
  }
}

/** One agent run, from its start to its one outcome. */
class ProcessRun {
  readonly #command: AgentCommand;
  readonly #program: readonly [string, ...string[]];
  readonly #env: Readonly<Record<string, string>>;
  readonly #onDone: (outcome: AgentOutcome) => void;
  readonly #stdout: OutputTail;
  readonly #stderr: OutputTail;
  #child: ChildProcess | undefined;
  #startedAt = 0;
  #timer: NodeJS.Timeout | undefined;
  /** Why it was killed here, if it was. */
  #killedFor: "timeout" | "cancelled" | undefined;
  #exited = false;
  #settled = false;

  constructor(
    command: AgentCommand,
    program: readonly [string, ...string[]],
    env: Readonly<Record<string, string>>,
    outputMax: number,
    onDone: (outcome: AgentOutcome) => void,
  ) {
    this.#command = command;
    this.#program = program;
    this.#env = env;
    this.#stdout = new OutputTail(outputMax);
    this.#stderr = new OutputTail(outputMax);
    this.#onDone = onDone;
  }

  start(onStarted: (pid: number) => void): void {
    this.#startedAt = performance.now();
    const [file, ...args] = this.#program;
    try {
      const child = spawn(file, args, {
        cwd: "/",
        env: this.#env,
        detached: true,
        stdio: ["ignore", "pipe", "pipe"],
      });
      this.#child = child;
      child.on("error", (error) => this.#failed(error));
      if (child.pid === undefined) return;
      onStarted(child.pid);
      this.#follow(child);
    } catch (error) {
      // Arguments that the system can't even be given (too large, a NUL within).
      setImmediate(() => this.#failed(error));
    }
  }

  /** A process that is becoming the program. */
  become(child: ChildProcess): void {
    this.#startedAt = performance.now();
    this.#child = child;
    child.on("error", (error) => this.#failed(error));
    this.#follow(child);
  }

  cancel(): void {
    this.#kill("cancelled");
  }

  #follow(child: ChildProcess): void {
    this.#stdout.follow(child.stdout!);
    this.#stderr.follow(child.stderr!);
    this.#timer = setTimeout(() => this.#kill("timeout"), this.#command.timeoutMs);
    child.on("exit", (code, signal) => {
      this.#exited = true;
      clearTimeout(this.#timer);
      const outcome = () => this.#settle(this.#exitOutcome(code, signal));
      // Usually the pipes close with it; a process left behind may hold them for ever.
      child.once("close", outcome);
      this.#timer = setTimeout(outcome, DRAIN_MS);
    });
  }

  #kill(why: "timeout" | "cancelled"): void {
    const pid = this.#child?.pid;
    // Once it has exited, what is left of its group are services that it started.
    if (pid === undefined || this.#exited || this.#settled) return;
    this.#killedFor ??= why;
    try {
      process.kill(-pid, "SIGKILL");
    } catch {
      // The group is gone: its exit is on its way.
    }
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      const message = `its process ${pid} did not end even when killed`;
      this.#settle({ ...this.#outcome(why, undefined), message });
    }, REAP_MS);
  }

  #exitOutcome(code: number | null, signal: NodeJS.Signals | null): AgentOutcome {
    if (this.#killedFor === "cancelled") return this.#outcome("cancelled", undefined);
    if (this.#killedFor === "timeout") {
      const message = `did not end within ${this.#command.timeoutMs} ms and was killed`;
      return { ...this.#outcome("timeout", undefined), message };
    }
    if (code !== null && neverBecame(this.#stderr.text())) {
      return { ...this.#outcome("not-started", 1), message: "its program could not be started" };
    }
    if (code !== null) return this.#outcome("exited", code);
    return { ...this.#outcome("killed", undefined), message: `was killed by ${signal}` };
  }

  #failed(error: unknown): void {
    const { rc, message } = startProblem(error, this.#program[0]);
    this.#settle({ ...this.#outcome("not-started", rc), message });
  }

  #outcome(reason: AgentOutcome["reason"], rc: number | undefined): AgentOutcome {
    const { params } = this.#command;
    return {
      rc,
      reason,
      stdout: maskSecrets(this.#stdout.text(), params),
      stderr: maskSecrets(this.#stderr.text(), params),
      durationMs: performance.now() - this.#startedAt,
    };
  }

  #settle(outcome: AgentOutcome): void {
    if (this.#settled) return;
    this.#settled = true;
    clearTimeout(this.#timer);
    this.#child?.stdout?.destroy();
    this.#child?.stderr?.destroy();
    // A process that can't be killed must not keep the daemon from ending.
    this.#child?.unref();
    this.#onDone(outcome);
  }
}

/**
 * An address's clients wait for it, on a busy machine too, and its agent leaves no service behind that
 * would keep the daemon's priority.
 */
function isUrgent({ agent, action }: AgentCommand): boolean {
  return agent.provider === "paceline" && agent.type === "vip" && !UNHURRIED.has(action);
}

/** Why a program could not be started, as an OCF code and a sentence. */
function startProblem(error: unknown, file: string): { rc: number; message: string } {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  switch (code) {
    case "ENOENT":
      return existsSync(file)
        ? { rc: 5, message: `the interpreter that ${file} names is not installed` }
        : { rc: 5, message: `${file} is not there any more` };
    case "EACCES":
      return { rc: 4, message: `${file} is not executable` };
    case "ENOEXEC":
      return { rc: 5, message: `${file} is no program (is its first line #!/bin/sh?)` };
    case "E2BIG":
      return { rc: 6, message: `the parameters are too large for ${file}` };
    case "EAGAIN":
    case "ENOMEM":
      return { rc: 1, message: `${file}: no process could be made (${code}): is a limit reached?` };
    default:
      return { rc: 1, message: `${file} could not be started: ${describe(error)}` };
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function notStarted(rc: number, message: string): AgentOutcome {
  return { rc, reason: "not-started", stdout: "", stderr: "", durationMs: 0, message };
}

/** The paths that were given; an undefined one must not hide a default. */
function definedOnly(options: Partial<AgentPaths>): Partial<AgentPaths> {
  const { agentDirs, ocfRoot, initDir, systemdMark } = options;
  return {
    ...(agentDirs === undefined ? {} : { agentDirs }),
    ...(ocfRoot === undefined ? {} : { ocfRoot }),
    ...(initDir === undefined ? {} : { initDir }),
    ...(systemdMark === undefined ? {} : { systemdMark }),
  };
}
