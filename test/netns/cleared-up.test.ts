import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { removeDirectory } from "../support/at-end.ts";
import { haveIpmi } from "../support/ipmi-sim.ts";
import { canMakeNamespaces, pidsIn, ROOT, removeNamespace } from "../support/lab-commands.ts";
import { allPids, tryKill } from "../support/process-tree.ts";

/**
 * Whoever ends a benchmark, a drill or the demo in the middle finds the machine as it was before: no
 * namespace, no process and no file of it is left.
 */
const runnable = canMakeNamespaces();
if (!runnable) console.warn("skipped: what an end in the middle leaves behind (needs root)");

/** Of what is started, to what is in full swing when the end comes. */
type InFullSwing = (program: Program) => boolean;

const somethingRuns: InFullSwing = ({ namespaces }) =>
  namespaces().some((name) => /n\d$/.test(name) && pidsIn(name).length > 0);
const someDaemonListens: InFullSwing = ({ files }) =>
  files().some((name) => name.endsWith("control.sock"));

describe.skipIf(!runnable)("ended in the middle, nothing is left of", { timeout: 60_000 }, () => {
  let program: Program;

  afterEach(() => program.remove());

  test.each<[string, NodeJS.Signals, string, string[], InFullSwing]>([
    ["bench:failover", "SIGTERM", "bench/failover/run.js", [], someDaemonListens],
    [
      "bench:failover with a busy machine",
      "SIGHUP",
      "bench/failover/run.js",
      ["--false-failover-minutes", "5", "--hogs", "1"],
      ({ processes }) => processes().some((pid) => commandOf(pid).includes("for (;;);")),
    ],
    ["bench:idle", "SIGINT", "bench/idle/run.js", [], somethingRuns],
    ["bench:messaging", "SIGTERM", "bench/messaging/run.js", [], somethingRuns],
    [
      "bench:policy",
      "SIGTERM",
      "bench/policy/run.js",
      ["--from", "100"],
      ({ files, processes }) => files().length > 0 && processes().length > 1,
    ],
    ["the drills", "SIGTERM", "drills/run.js", ["--kind", "two-tie-breaker"], someDaemonListens],
    ["the demo", "SIGHUP", "demo/demo.js", [], someDaemonListens],
  ])("%s, by %s", async (_, signal, file, args, isInFullSwing) => {
    program = new Program(file, args);
    await program.until(isInFullSwing);
    expect(await program.endedBy(signal)).toBe(signal);
    await program.expectNothingLeft();
  });

  test.skipIf(!haveIpmi())("bench:fencing, by SIGTERM", async () => {
    program = new Program("bench/fencing/run.js", []);
    await program.until(({ processes }) =>
      processes().some((pid) => commandOf(pid).startsWith("ipmi_sim")),
    );
    expect(await program.endedBy("SIGTERM")).toBe("SIGTERM");
    await program.expectNothingLeft();
  });

  test("a lab whose program ends by an error that nobody catches", async () => {
    program = new Program("support/lab-then-error.js", []);
    expect(await program.ended()).toBe(1);
    expect(program.text).toContain("nobody catches this");
    await program.expectNothingLeft();
  });
});

/** A program of ours with a temporary directory of its own, by which all that it starts is known. */
class Program {
  readonly #directory = mkdtempSync(join(tmpdir(), "paceline-cleared-up-"));
  readonly #child: ChildProcess;
  readonly #exit: Promise<unknown[]>;
  text = "";

  constructor(file: string, args: readonly string[]) {
    const path = join(ROOT, "dist-test/test", file);
    this.#child = spawn(process.execPath, [path, ...args], {
      env: { ...process.env, TMPDIR: this.#directory },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#exit = once(this.#child, "exit");
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.text += text;
      });
    }
  }

  /** Waits until it has got so far; fails with what it said where it ends before. */
  async until(isReached: InFullSwing): Promise<void> {
    await vi.waitUntil(() => this.#hasEnded || isReached(this), { timeout: 45_000, interval: 20 });
    if (this.#hasEnded) throw new Error(`ended by itself: ${this.text}`);
  }

  /** Sends a signal; how it ended. */
  async endedBy(signal: NodeJS.Signals): Promise<unknown> {
    this.#child.kill(signal);
    return await this.ended();
  }

  /** Its exit code, or the signal of which it died. */
  async ended(): Promise<unknown> {
    const [code, signal] = await this.#exit;
    return signal ?? code;
  }

  readonly namespaces = (): string[] => {
    const ours = new RegExp(`^pc[lm]${this.#child.pid}\\D`);
    const all = existsSync("/run/netns") ? readdirSync("/run/netns") : [];
    return all.filter((name) => ours.test(name));
  };

  readonly files = (): string[] =>
    readdirSync(this.#directory, { recursive: true, encoding: "utf8" });

  readonly processes = (): number[] =>
    allPids().filter(
      (pid) =>
        fileOf(pid, "environ").includes(this.#directory) ||
        fileOf(pid, "cmdline").includes(this.#directory),
    );

  async expectNothingLeft(): Promise<void> {
    expect(this.namespaces()).toEqual([]);
    expect(this.files()).toEqual([]);
    // What was killed may take a moment to go.
    await vi
      .waitUntil(() => this.processes().length === 0, { timeout: 20_000 })
      .catch(() => {
        expect(this.processes().map(commandOf)).toEqual([]);
      });
  }

  /** Where the test has failed there is something to remove. */
  remove(): void {
    for (const pid of this.processes()) tryKill(pid);
    for (const name of this.namespaces()) removeNamespace(name);
    removeDirectory(this.#directory);
  }

  get #hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }
}

function commandOf(pid: number): string {
  return fileOf(pid, "cmdline").replaceAll("\0", " ");
}

function fileOf(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, "utf8");
  } catch {
    return "";
  }
}
