import type { WallTime } from "../core/units.ts";
import type { ControlClient } from "../io/control-client.ts";
import type { Paint } from "./views/paint.ts";

/** What a command may use of the outside. Tests hand in another one. */
export interface CliContext {
  readonly runDir: string;
  /** Print JSON for programs instead of text for people. */
  readonly json: boolean;
  readonly paint: Paint;
  /** A person sits at the terminal and can be asked. */
  readonly interactive: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  now(): WallTime;
  out(text: string): void;
  err(text: string): void;
  /** Asks the person; resolves with what was typed. Only if `interactive`. */
  ask(question: string): Promise<string>;
  connect(): Promise<ControlClient>;
}

/** Who is at work: with sudo the person, not root. Goes into overrides and history. */
export function authorOf(context: Pick<CliContext, "env">): string {
  const { SUDO_USER, USER, LOGNAME } = context.env as Record<string, string | undefined>;
  return SUDO_USER || USER || LOGNAME || "root";
}

/** Runs with a connection to the daemon and closes it afterwards. */
export async function withClient<Result>(
  context: CliContext,
  use: (client: ControlClient) => Promise<Result>,
): Promise<Result> {
  const client = await context.connect();
  try {
    return await use(client);
  } finally {
    client.close();
  }
}

export function printJson(context: CliContext, value: unknown): void {
  context.out(`${JSON.stringify(value, undefined, 2)}\n`);
}

/** True to go on. Without a terminal the answer must be on the command line. */
export async function confirm(
  context: CliContext,
  question: string,
  yes: boolean,
): Promise<boolean> {
  if (yes) return true;
  if (!context.interactive) return false;
  const answer = await context.ask(`${question} [y/N] `);
  return /^y(es)?$/i.test(answer.trim());
}
