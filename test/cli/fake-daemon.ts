import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCli } from "../../src/cli/run-cli.ts";
import { type ControlServer, startControlServer } from "../../src/io/control-server.ts";
import type { ControlReply, ControlRequest } from "../../src/model/control.ts";
import type { StatusReport } from "../../src/model/status-report.ts";
import { NOW, report } from "./report-fixture.ts";

/** A daemon as far as the CLI can tell: a real socket, answers by script, a record of requests. */
export class FakeDaemon {
  readonly requests: ControlRequest[] = [];
  /** What `status` answers. */
  status: StatusReport = report();
  /** What it answers from the second time on, if that is another. */
  statusLater: StatusReport | undefined;
  /** Answers to other methods; by default an empty success. */
  answers: Partial<Record<ControlRequest["method"], ControlReply>> = {};
  readonly runDir = mkdtempSync(join(tmpdir(), "paceline-cli-"));
  server: ControlServer | undefined;

  async start(): Promise<void> {
    this.server = await startControlServer({
      runDir: this.runDir,
      handler: (request) => Promise.resolve(this.#answer(request)),
    });
  }

  async stop(): Promise<void> {
    await this.server?.close();
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

/** Runs a command line in this process. With `typed`, a person sits there and types that. */
export async function paceline(
  runDir: string,
  line: string | readonly string[],
  options: { typed?: readonly string[]; env?: Record<string, string> } = {},
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
