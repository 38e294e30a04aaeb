import { type ChildProcess, spawn } from "node:child_process";
import { accessSync, closeSync, constants, existsSync, openSync, readSync } from "node:fs";

/** How many wait: a takeover starts an address and a service or two at once. */
const SPARES = 2;

/** After one was taken, the next is made when what it was taken for is out of the way. */
const REFILL_MS = 100;

/** More than this goes the ordinary way: it must fit into a pipe at once. */
const SCRIPT_MAX = 32 * 1024;

/** Said by a shell that could not become the program: exec does not return, and ends traps. */
const NOT_BECOME = "paceline: the program could not be started";

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * Shells that wait to become an agent. To make a process, Node forks itself, which takes it 2 to
 * 8 ms, in which the daemon does nothing else; in a takeover that is client-seen time. A shell that
 * waits already becomes the agent in well under a millisecond: it is told the environment and the
 * program by its standard input, and replaces itself (exec), so the process is the agent's own.
 * It leads a process group like any agent, and ends by itself when the daemon is gone.
 */
export class SpareShells {
  readonly #waiting: ChildProcess[] = [];
  readonly #onMade: (pid: number) => void;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  /** `onMade` is called with each new process, which has the daemon's own priority as yet. */
  constructor(onMade: (pid: number) => void = () => undefined) {
    this.#onMade = onMade;
    this.#refillSoon();
  }

  get count(): number {
    return this.#waiting.length;
  }

  /**
   * The process that becomes this program, with these variables and no others, and no standard
   * input; its output pipes have not been read. Undefined if it must be started in the ordinary
   * way: no shell waits, or the program looks as if it could not be started (which then shows why).
   * `onTaken` is called before it is told, as long as it is only a shell.
   */
  become(
    program: readonly [string, ...string[]],
    env: Readonly<Record<string, string>>,
    onTaken: (pid: number) => void,
  ): ChildProcess | undefined {
    if (!isProgram(program[0])) return undefined;
    const script = scriptFor(program, env);
    if (script === undefined) return undefined;
    const shell = this.#waiting.shift();
    this.#refillSoon();
    if (shell === undefined) return undefined;
    shell.removeAllListeners("exit");
    shell.ref();
    if (shell.pid !== undefined) onTaken(shell.pid);
    shell.stdin!.end(script);
    return shell;
  }

  /** Lets those that wait go. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    for (const shell of this.#waiting.splice(0)) shell.stdin!.end();
  }

  #refillSoon(): void {
    if (this.#closed || this.#timer !== undefined || this.#waiting.length >= SPARES) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#add();
      this.#refillSoon();
    }, REFILL_MS);
    this.#timer.unref();
  }

  #add(): void {
    const shell = spawn("/bin/sh", [], {
      cwd: "/",
      env: {},
      detached: true,
      stdio: ["pipe", "pipe", "pipe"],
    });
    shell.on("error", () => this.#drop(shell));
    shell.stdin?.on("error", () => undefined);
    if (shell.pid === undefined) return;
    shell.on("exit", () => this.#drop(shell));
    this.#onMade(shell.pid);
    unreference(shell);
    this.#waiting.push(shell);
  }

  #drop(shell: ChildProcess): void {
    const index = this.#waiting.indexOf(shell);
    if (index < 0) return;
    this.#waiting.splice(index, 1);
    this.#refillSoon();
  }
}

/** Whether what a process said last means that it never became its program. */
export function neverBecame(stderr: string): boolean {
  return stderr.trimEnd().endsWith(NOT_BECOME);
}

/** A shell that waits must not keep the daemon from ending. */
function unreference(shell: ChildProcess): void {
  shell.unref();
  for (const pipe of [shell.stdin, shell.stdout, shell.stderr]) {
    (pipe as unknown as { unref?: () => void } | null)?.unref?.();
  }
}

/** Undefined for what a shell can't be told. */
function scriptFor(
  program: readonly string[],
  env: Readonly<Record<string, string>>,
): string | undefined {
  const names = Object.keys(env);
  if (!names.every((name) => NAME.test(name))) return undefined;
  const lines = [
    `trap 'echo "${NOT_BECOME}" >&2' EXIT`,
    ...names.map((name) => `export ${name}=${word(env[name] ?? "")}`),
    `exec ${program.map(word).join(" ")} </dev/null`,
  ];
  const script = `${lines.join("\n")}\n`;
  return script.length > SCRIPT_MAX || script.includes("\0") ? undefined : script;
}

function word(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** An executable file with an interpreter that exists, or a binary. */
function isProgram(file: string): boolean {
  const head = Buffer.alloc(256);
  try {
    accessSync(file, constants.X_OK);
    const handle = openSync(file, "r");
    try {
      readSync(handle, head, 0, head.length, 0);
    } finally {
      closeSync(handle);
    }
  } catch {
    return false;
  }
  const start = head.toString("latin1");
  if (start.startsWith("\x7fELF")) return true;
  const interpreter = /^#!\s*(\/\S+)/.exec(start)?.[1];
  return interpreter !== undefined && existsSync(interpreter);
}
