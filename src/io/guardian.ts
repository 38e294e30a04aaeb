import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Millis } from "../core/units.ts";
import type { GuardEntry } from "../model/operation.ts";
import { AGENT_PATHS, type AgentPaths, OWN_AGENT_DIR } from "./agent-lookup.ts";
import { guardWords } from "./guardian-lines.ts";

export interface GuardianOptions {
  readonly runDir: string;
  /**
   * How long the guardian waits for a new daemon once this one is gone. To have the addresses down
   * within the detection time it must be some 20 ms less than that.
   */
  readonly graceMs: Millis;
  readonly paths?: Partial<AgentPaths>;
  readonly helperDir?: string;
  /** Things the operator should know. */
  readonly warn?: (message: string) => void;
}

/** How long a new daemon waits for a guardian which is stopping things. */
const BUSY_WAIT_MS = 60_000;
const BUSY_POLL_MS = 20;
/** A guardian that dies is replaced, but not in a tight loop. */
const RESPAWN_MS = 1000;

/**
 * The daemon's hold on its guardian: a shell (agents/lib/guardian) that outlives the daemon and, when
 * the daemon dies and no other follows within the grace time, takes down the addresses and stops
 * the rest. The list lies in `guardian.list` too, so that a daemon which follows takes over with it
 * what it has not yet probed.
 */
export class Guardian {
  readonly #options: GuardianOptions;
  readonly #paths: AgentPaths;
  readonly #token: string;
  #child: ChildProcess | undefined;
  #released = false;
  #graceMs: Millis;
  /** Resource to the words of its line, in the order in which it is to stop. */
  #list = new Map<string, string>();
  /** Left by an earlier daemon, and not yet known to be active or stopped. */
  #inherited = new Map<string, string>();
  readonly #slots = new Map<string, number>();
  #sent = new Map<number, string>();
  #lastSlot = 0;
  #saving: NodeJS.Immediate | undefined;
  #report: string[] = [];

  constructor(options: GuardianOptions) {
    this.#options = options;
    this.#graceMs = options.graceMs;
    this.#paths = { ...AGENT_PATHS, ...options.paths };
    this.#token = `${process.pid}.${process.hrtime.bigint()}`;
  }

  /** What the guardian of an earlier daemon had to do, line by line; empty if nothing. */
  get report(): readonly string[] {
    return this.#report;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /**
   * Takes over from the guardian of an earlier daemon, and starts one of our own. If the earlier one
   * is at work already, waits for its end: what it stops must not be probed meanwhile.
   */
  async start(): Promise<void> {
    if (this.#child !== undefined || this.#released) return;
    this.#write("guardian.token", `${this.#token}\n`);
    await this.#waitWhileBusy();
    this.#report = this.#read("guardian.report").split("\n").filter(Boolean);
    rmSync(this.#path("guardian.report"), { force: true });
    rmSync(this.#path("guardian.coming"), { force: true });
    this.#inherited = parseList(this.#read("guardian.list"));
    this.#spawn();
    this.#sendAll();
  }

  /** Replaces the list. `inactive`: resources known to be stopped. */
  update(entries: readonly GuardEntry[], inactive: readonly string[] = []): void {
    this.#list = new Map();
    for (const entry of entries) {
      const words = guardWords(entry, this.#paths, this.#options.helperDir);
      if (words !== undefined) this.#list.set(entry.resource, words);
      this.#inherited.delete(entry.resource);
    }
    for (const resource of inactive) this.#inherited.delete(resource);
    this.#sendChanges();
  }

  /** The detection time has changed. */
  setGrace(graceMs: Millis): void {
    this.#graceMs = graceMs;
    this.#send([`grace ${seconds(graceMs)}`]);
  }

  /** The daemon leaves cleanly: nothing is to be done when it is gone. */
  release(): void {
    this.#released = true;
    clearImmediate(this.#saving);
    rmSync(this.#path("guardian.list"), { force: true });
    this.#send(["release"]);
    this.#child?.stdin?.end();
  }

  #spawn(): void {
    const { runDir } = this.#options;
    const script = `${OWN_AGENT_DIR}/lib/guardian`;
    const args = [script, runDir, this.#token, seconds(this.#graceMs)];
    // A session of its own: no signal for the daemon's group or terminal reaches it.
    const child = spawn("/bin/sh", args, {
      cwd: "/",
      detached: true,
      stdio: ["pipe", "ignore", "ignore"],
      env: { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" },
    });
    this.#child = child;
    child.unref();
    child.stdin?.on("error", () => {});
    // A pipe to a child is a socket with a handle: it must not keep the daemon from ending.
    (child.stdin as unknown as { unref?: () => void } | null)?.unref?.();
    const lost = (why: string) => this.#lost(child, why);
    child.on("error", (error) => lost(error.message));
    child.on("exit", (code, signal) => lost(`it ended with ${signal ?? code}`));
  }

  #lost(child: ChildProcess, why: string): void {
    if (this.#released || this.#child !== child) return;
    this.#child = undefined;
    this.#options.warn?.(`The guardian is gone (${why}); another is started.`);
    const timer = setTimeout(() => {
      if (this.#released || this.#child !== undefined) return;
      this.#spawn();
      this.#sendAll();
    }, RESPAWN_MS);
    timer.unref();
  }

  #sendAll(): void {
    this.#sent = new Map();
    this.#sendChanges();
  }

  #sendChanges(): void {
    // What was inherited is of unknown order: it goes last.
    const wanted = new Map([...this.#list, ...this.#inherited]);
    const lines: string[] = [];
    const order: number[] = [];
    for (const [resource, words] of wanted) {
      const slot = this.#slot(resource);
      order.push(slot);
      if (this.#sent.get(slot) === words) continue;
      this.#sent.set(slot, words);
      lines.push(`set ${slot} ${words}`);
    }
    lines.push(`order ${order.join(" ")}`);
    for (const slot of [...this.#sent.keys()].filter((each) => !order.includes(each))) {
      this.#sent.delete(slot);
      lines.push(`drop ${slot}`);
    }
    this.#send(lines);
    this.#save(wanted);
  }

  /**
   * The file is for a daemon that follows, and what waits for this call is mostly a takeover: it is
   * written as soon as that is on its way. The guardian itself knows already.
   */
  #save(wanted: ReadonlyMap<string, string>): void {
    clearImmediate(this.#saving);
    this.#saving = setImmediate(() => this.#write("guardian.list", JSON.stringify([...wanted])));
  }

  #slot(resource: string): number {
    const known = this.#slots.get(resource);
    if (known !== undefined) return known;
    this.#slots.set(resource, ++this.#lastSlot);
    return this.#lastSlot;
  }

  #send(lines: readonly string[]): void {
    const { stdin } = this.#child ?? {};
    if (stdin?.writable) stdin.write(lines.map((line) => `${line}\n`).join(""));
  }

  async #waitWhileBusy(): Promise<void> {
    for (let waited = 0; waited < BUSY_WAIT_MS; waited += BUSY_POLL_MS) {
      const pid = Number(this.#read("guardian.busy"));
      if (!(pid > 0) || !isAlive(pid)) return;
      await sleep(BUSY_POLL_MS);
    }
    this.#options.warn?.("The guardian of an earlier daemon is still stopping resources.");
  }

  #path(name: string): string {
    return `${this.#options.runDir}/${name}`;
  }

  #read(name: string): string {
    try {
      return readFileSync(this.#path(name), "utf8");
    } catch {
      return "";
    }
  }

  /** Whole or not at all. A run directory that is gone or full must not stop the daemon. */
  #write(name: string, text: string): void {
    try {
      mkdirSync(this.#options.runDir, { recursive: true });
      const temporary = this.#path(`${name}.new`);
      writeFileSync(temporary, text, { mode: 0o600 });
      renameSync(temporary, this.#path(name));
    } catch (error) {
      const because = error instanceof Error ? error.message : String(error);
      this.#options.warn?.(`${this.#path(name)} can't be written: ${because}`);
    }
  }
}

function seconds(ms: Millis): string {
  return (Math.max(0, ms) / 1000).toFixed(3);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** The list as an earlier daemon left it; whatever is no list is none. */
function parseList(text: string): Map<string, string> {
  try {
    const parsed: unknown = JSON.parse(text);
    if (!Array.isArray(parsed)) return new Map();
    const pairs = parsed.filter(
      (each): each is [string, string] =>
        Array.isArray(each) && typeof each[0] === "string" && typeof each[1] === "string",
    );
    return new Map(pairs.filter(([, words]) => !words.includes("\n")));
  } catch {
    return new Map();
  }
}

/** What a guardian reported, in words; nothing if it had nothing to stop. */
export function describeDeeds(report: readonly string[]): string[] {
  return report.flatMap((line) => {
    const [seconds, deed, ...words] = line.split(" ");
    const at = new Date(Number(seconds) * 1000);
    const when = Number.isNaN(at.getTime()) ? "" : ` at ${at.toISOString()}`;
    const before = `while no daemon ran here, its guardian${when}`;
    if (deed === "addresses-removed")
      return [`${before} took down the addresses ${words.join(", ")}`];
    if (deed !== "stopped") return [];
    const [resource, code] = words;
    return code === "0"
      ? [`${before} stopped ${resource}`]
      : [`${before} could not stop ${resource}: its agent ended with ${code}`];
  });
}
