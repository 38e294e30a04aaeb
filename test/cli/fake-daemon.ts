import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach } from "vitest";
import { runCli } from "../../src/cli/run-cli.ts";
import { type ControlServer, startControlServer } from "../../src/io/control-server.ts";
import type { ControlReply, ControlRequest } from "../../src/model/control.ts";
import type { StatusReport } from "../../src/model/status-report.ts";
import { NOW, report } from "./report-fixture.ts";

/** A daemon that every test of a file finds new, and command lines to it as people type them. */
export function fakeDaemon() {
  const daemon = new FakeDaemon();
  beforeEach(async () => {
    process.env["TZ"] = "UTC";
    await daemon.start();
  });
  afterEach(async () => await daemon.stop());
  const run = (line: string | readonly string[], options: CliOptions = {}): Promise<CliRun> =>
    paceline(daemon.runDir, line, options);
  return { daemon, run };
}

/** A daemon as far as the CLI can tell: a real socket, answers by script, a record of requests. */
class FakeDaemon {
  requests: ControlRequest[] = [];
  /** What `status` answers. */
  status: StatusReport = report();
  /** What it answers from the second time on, if that is another. */
  statusLater: StatusReport | undefined;
  /** Answers to other methods; by default an empty success. */
  answers: Partial<Record<ControlRequest["method"], ControlReply>> = {};
  runDir = "";
  #server: ControlServer | undefined;

  async start(): Promise<void> {
    this.requests = [];
    this.status = report();
    this.statusLater = undefined;
    this.answers = {};
    this.runDir = mkdtempSync(join(tmpdir(), "paceline-cli-"));
    this.#server = await startControlServer({
      runDir: this.runDir,
      handler: (request) => Promise.resolve(this.#answer(request)),
    });
  }

  async stop(): Promise<void> {
    await this.#server?.close();
    rmSync(this.runDir, { recursive: true, force: true });
  }

  /** The requests that change something, without those that only look. */
  get changes(): ControlRequest[] {
    return this.requests.filter((each) => each.method !== "status" && each.method !== "wait");
  }

  #answer(request: ControlRequest): ControlReply {
    const first = !this.requests.some((each) => each.method === "status");
    this.requests.push(request);
    const scripted = this.answers[request.method];
    if (scripted !== undefined) return scripted;
    if (request.method === "status") {
      return { ok: true, result: first ? this.status : (this.statusLater ?? this.status) };
    }
    if (request.method === "override-set") {
      return { ok: true, result: { override: { ...request.override, at: NOW }, changes: [] } };
    }
    if (request.method === "override-remove") {
      return { ok: true, result: { removed: request.ids } };
    }
    return { ok: true, result: { settled: true } };
  }
}

export interface CliRun {
  readonly exit: number;
  readonly out: string;
  readonly err: string;
  readonly questions: readonly string[];
}

interface CliOptions {
  /** A person sits there and types that. */
  readonly typed?: readonly string[];
  readonly env?: Record<string, string>;
}

/** Runs a command line in this process. */
export async function paceline(
  runDir: string,
  line: string | readonly string[],
  options: CliOptions = {},
): Promise<CliRun> {
  let out = "";
  let err = "";
  const questions: string[] = [];
  const typed = [...(options.typed ?? [])];
  const args = typeof line === "string" ? line.split(" ") : line;
  const exit = await runCli(["--run-dir", runDir, ...args], {
    env: { USER: "root", SUDO_USER: "ann", ...options.env },
    color: false,
    interactive: options.typed !== undefined,
    now: () => NOW,
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    ask: (question) => {
      questions.push(question);
      return Promise.resolve(typed.shift() ?? "");
    },
  });
  return { exit, out, err, questions };
}
