import { CommanderError } from "commander";
import type { Diagnostic } from "../model/diagnostic.ts";
import { type CliContext, printJson } from "./cli-context.ts";
import { type ShownError, shownError } from "./cli-error.ts";
import { EXIT } from "./cli-exit-codes.ts";
import { buildProgram } from "./program.ts";
import { createPaint, plain } from "./views/paint.ts";

/** The process around the CLI, so that tests can run it inside theirs. */
export interface CliProcess {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly color: boolean;
  readonly interactive: boolean;
  out(text: string): void;
  err(text: string): void;
  now(): number;
  ask(question: string): Promise<string>;
}

/** Runs one command line; resolves with the exit code and never rejects. */
export async function runCli(args: readonly string[], host: CliProcess): Promise<number> {
  let exit: number = EXIT.ok;
  let used: CliContext | undefined;
  const program = buildProgram({
    host,
    makeContext: (globals) => {
      used = makeContext(host, globals);
      return used;
    },
    setExit: (code) => {
      exit = code;
    },
  });
  try {
    await program.parseAsync(args as string[], { from: "user" });
    return exit;
  } catch (error) {
    // Commander has printed what it had to say.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    const shown = shownError(error);
    printError(used ?? makeContext(host, {}), shown);
    return shown.exit;
  }
}

export interface GlobalOptions {
  readonly runDir?: string;
  readonly json?: boolean;
  readonly color?: boolean;
}

const RUN_DIR = "/run/paceline";

function makeContext(host: CliProcess, globals: GlobalOptions): CliContext {
  const runDir = globals.runDir ?? host.env["PACELINE_RUN_DIR"] ?? RUN_DIR;
  return {
    runDir,
    json: globals.json === true,
    paint: createPaint(host.color && globals.color !== false),
    interactive: host.interactive,
    env: host.env,
    now: host.now,
    out: host.out,
    err: host.err,
    ask: host.ask,
    connect: async () => {
      const { connectControl } = await import("../io/control-client.ts");
      return await connectControl({ runDir });
    },
  };
}

function printError(context: CliContext, error: ShownError): void {
  if (context.json) {
    const { exit: _exit, ...rest } = error;
    printJson(context, { error: rest });
    return;
  }
  const { paint } = context;
  context.err(
    `${paint("red", "error:")} ${shown(error.message)} ${paint("dim", `[${error.code}]`)}\n`,
  );
  for (const diagnostic of diagnosticsIn(error.details)) {
    const { at } = diagnostic;
    const place = at === undefined ? "" : `line ${at.line}, column ${at.column}: `;
    context.err(`  ${place}${shown(diagnostic.message)}\n`);
    if (diagnostic.hint !== undefined) context.err(`      ${shown(diagnostic.hint)}\n`);
  }
  if (error.hint !== undefined) context.err(`${paint("cyan", `→ ${shown(error.hint)}`)}\n`);
}

/** What was typed comes back in messages, and names come from elsewhere; lines stay lines. */
function shown(text: string): string {
  return text.split("\n").map(plain).join("\n");
}

function diagnosticsIn(details: unknown): Diagnostic[] {
  if (!Array.isArray(details)) return [];
  return details.filter(
    (each): each is Diagnostic => typeof each?.message === "string" && each.severity === "error",
  );
}
