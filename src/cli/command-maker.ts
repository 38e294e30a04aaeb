import type { Command } from "commander";
import type { CliContext } from "./cli-context.ts";
import { EXIT, type ExitCode } from "./cli-exit-codes.ts";
import type { ProgramHost } from "./program.ts";

/** A command's work: loads its module only when it is called, so that the others start quickly. */
export type Action<Options> = (
  context: CliContext,
  args: readonly string[],
  options: Options,
) => Promise<ExitCode | undefined>;

/** What the parts of the program use to hang their commands in. */
export interface CommandMaker {
  /** `spec` as commander takes it: `migrate <resource> [node]`. */
  add<Options>(
    parent: Command,
    spec: string,
    description: string,
    action: Action<Options>,
    options?: readonly OptionSpec[],
    /** Not in the help: for scripts of our own. */
    hidden?: boolean,
  ): Command;
}

/** Flags, description, and optionally how to read the value. */
export type OptionSpec = readonly [
  flags: string,
  description: string,
  read?: (value: string, previous: unknown) => unknown,
];

/** Makes commands that run in a context of their own and report an exit code. */
export function commandMaker(programHost: ProgramHost): CommandMaker {
  return {
    add(parent, spec, description, action, options = [], hidden = false) {
      const command = parent.command(spec, { hidden }).description(description);
      prepareCommand(command, programHost);
      for (const [flags, text, read] of options) {
        if (read === undefined) command.option(flags, text);
        else command.option(flags, text, read, undefined);
      }
      command.action(async () => {
        const given = command.optsWithGlobals();
        const context = programHost.makeContext(given);
        const args = command.processedArgs.flat().filter((arg) => arg !== undefined);
        const code = await action(context, args, given as Parameters<typeof action>[2]);
        programHost.setExit(code ?? EXIT.ok);
      });
      return command;
    },
  };
}

/** A command that only holds others: `paceline node`. */
export function commandGroup(parent: Command, name: string, description: string): Command {
  const command = parent.command(name).description(description);
  command.copyInheritedSettings(parent);
  return command;
}

export function prepareCommand(command: Command, { host }: ProgramHost): void {
  command.exitOverride();
  command.configureOutput({ writeOut: host.out, writeErr: host.err });
  command.configureHelp({ showGlobalOptions: true });
}
