import type { ResultPromise } from "execa";
import type { DeviceCommand, DeviceOutcome, FenceAgentFacts } from "../fencing/fence-types.ts";
import { maskSecrets } from "../model/secret-mask.ts";
import {
  type AgentKnowledge,
  buildCall,
  CallProblem,
  type FenceCall,
  UnknownAction,
} from "./fence-calls.ts";
import { OutputTail } from "./output-tail.ts";

export interface FenceDeviceRunnerOptions {
  /** Where programs are looked for. */
  readonly path?: string;
}

const STANDARD_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const OUTPUT_MAX = 16 * 1024;
/** After the exit: how long what was written may take to arrive. */
const DRAIN_MS = 50;
const METADATA_TIMEOUT_MS = 10_000;

interface Raw {
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
  readonly problem?: string;
  readonly missing?: boolean;
}

interface RunningCall {
  kill: ((why: string) => void) | undefined;
  cancelled: boolean;
}

/**
 * Runs fencing devices as processes, each in a process group of its own that is killed at the
 * deadline. Never rejects: every way to fail is an outcome with a plain sentence. It uses execa,
 * loaded with the first call, for a cluster that never fences needs none.
 */
export class FenceDeviceRunner {
  readonly #path: string;
  readonly #running = new Map<number, RunningCall>();
  readonly #agents = new Map<string, Promise<AgentKnowledge>>();

  constructor(options: FenceDeviceRunnerOptions = {}) {
    this.#path = options.path ?? STANDARD_PATH;
  }

  get runningCount(): number {
    return this.#running.size;
  }

  async run(command: DeviceCommand): Promise<DeviceOutcome> {
    const running: RunningCall = { kill: undefined, cancelled: false };
    this.#running.set(command.runId, running);
    try {
      const call = await buildCall(command, (agent) => this.#ask(agent));
      if (running.cancelled) return { ok: false, detail: "cancelled" };
      return this.#outcome(command, call, await this.#call(call, command.timeoutMs, running));
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      if (error instanceof UnknownAction) return { ok: false, detail, unsupported: true };
      return { ok: false, detail, ...(error instanceof CallProblem ? { permanent: true } : {}) };
    } finally {
      this.#running.delete(command.runId);
    }
  }

  kill(runId: number): void {
    const running = this.#running.get(runId);
    if (running === undefined) return;
    running.cancelled = true;
    running.kill?.("cancelled");
  }

  /** What the metadata of agents says of letting nodes in; of those that are installed here. */
  async facts(agents: readonly string[]): Promise<ReadonlyMap<string, FenceAgentFacts>> {
    const found = new Map<string, FenceAgentFacts>();
    for (const agent of agents) {
      const { actions, unfences, onTarget } = await this.#ask(agent);
      if (actions.size > 0) found.set(agent, { unfences, onTarget });
    }
    return found;
  }

  #outcome(command: DeviceCommand, call: FenceCall, raw: Raw): DeviceOutcome {
    if (raw.missing === true) {
      const detail = `${call.file} is not installed: install ${call.install}`;
      return { ok: false, detail, permanent: true };
    }
    if (raw.code === undefined) return { ok: false, detail: raw.problem ?? "it was killed" };
    const { code, stdout, stderr } = raw;
    const outcome = call.read({ code, stdout, stderr });
    return { ...outcome, detail: maskSecrets(outcome.detail, command.params) };
  }

  async #call(
    call: Pick<FenceCall, "file" | "args" | "env" | "stdin">,
    timeoutMs: number,
    running: RunningCall,
  ): Promise<Raw> {
    const { execa } = await import("execa");
    const child = execa(call.file, call.args, {
      env: { PATH: this.#path, LANG: "C.UTF-8", HOME: process.env["HOME"] ?? "/root", ...call.env },
      extendEnv: false,
      cwd: "/",
      detached: true,
      cleanup: false,
      reject: false,
      buffer: false,
      ...(call.stdin === undefined ? { stdin: "ignore" as const } : { input: call.stdin }),
    });
    return await follow(child as unknown as ResultPromise, call.file, timeoutMs, running);
  }

  /** What an agent knows, from its metadata; asked for once. */
  #ask(agent: string): Promise<AgentKnowledge> {
    const known = this.#agents.get(agent);
    if (known !== undefined) return known;
    const call = { file: agent, args: [], env: {}, stdin: "action=metadata\n" };
    const running: RunningCall = { kill: undefined, cancelled: false };
    const asked = this.#call(call, METADATA_TIMEOUT_MS, running).then(({ code, stdout }) => {
      if (code !== 0) this.#agents.delete(agent);
      return readMetadata(stdout);
    });
    this.#agents.set(agent, asked);
    return asked;
  }
}

/** What the metadata of a fence agent says, as far as it concerns us. */
export function readMetadata(metadata: string): AgentKnowledge {
  const on = /<action\s[^>]*\bname="on"[^>]*>/.exec(metadata)?.[0] ?? "";
  return {
    parameters: namesIn(metadata, "parameter"),
    actions: namesIn(metadata, "action"),
    // `required` is what `automatic` was called before.
    unfences: /\b(automatic|required)="1"/.test(on),
    onTarget: /\bon_target="1"/.test(on),
  };
}

/** The names of all elements of a kind, in the metadata of a fence agent. */
function namesIn(metadata: string, element: string): ReadonlySet<string> {
  const found = metadata.matchAll(new RegExp(`<${element}\\s[^>]*\\bname="([^"]+)"`, "g"));
  return new Set([...found].map(([, name]) => name ?? ""));
}

/** From the start of a process to its end, which is its exit and not that of its pipes. */
function follow(
  child: ResultPromise,
  file: string,
  timeoutMs: number,
  running: RunningCall,
): Promise<Raw> {
  const stdout = new OutputTail(OUTPUT_MAX);
  const stderr = new OutputTail(OUTPUT_MAX);
  if (child.stdout) stdout.follow(child.stdout);
  if (child.stderr) stderr.follow(child.stderr);
  child.stdin?.on("error", () => undefined);
  let killedFor: string | undefined;
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      running.kill?.(`it did not answer within ${Math.round(timeoutMs)} ms and was killed`);
    }, timeoutMs);
    const settle = (code: number | undefined, problem?: string, missing?: boolean): void => {
      clearTimeout(timer);
      running.kill = undefined;
      child.stdout?.destroy();
      child.stderr?.destroy();
      const said = { stdout: stdout.text(), stderr: stderr.text() };
      const why = killedFor ?? problem;
      resolve({
        ...said,
        code: killedFor === undefined ? code : undefined,
        ...(why === undefined ? {} : { problem: why }),
        ...(missing === true ? { missing } : {}),
      });
    };
    running.kill = (why) => {
      killedFor ??= why;
      killGroup(child.pid);
    };
    child.once("exit", (code, signal) => {
      const end = () => settle(code ?? undefined, `it was killed by ${signal}`);
      child.once("close", end);
      setTimeout(end, DRAIN_MS);
    });
    // Only where it could not be started at all is there no exit.
    void child.then((result) => {
      if (child.pid !== undefined) return;
      const missing = (result as { code?: string }).code === "ENOENT";
      settle(undefined, `${file} could not be started`, missing);
    });
  });
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It has ended: its exit is on its way.
  }
}
