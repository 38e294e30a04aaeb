import { readFileSync } from "node:fs";
import { Command } from "commander";
import type { CliContext } from "./cli-context.ts";
import { usageError } from "./cli-error.ts";
import { EXIT_CODE_HELP, type ExitCode } from "./cli-exit-codes.ts";
import { commandMaker, prepareCommand } from "./command-maker.ts";
import { addAgentCommands } from "./program-agent.ts";
import { addConfigCommands } from "./program-config.ts";
import { addFenceCommands } from "./program-fence.ts";
import { addImportCommands } from "./program-import.ts";
import { addNodeCommands } from "./program-node.ts";
import { addResourceCommands } from "./program-resource.ts";
import { addSetupCommands } from "./program-setup.ts";
import { addSimulateCommands } from "./program-simulate.ts";
import { addStatusCommands } from "./program-status.ts";
import { addTicketCommands } from "./program-ticket.ts";
import type { CliProcess, GlobalOptions } from "./run-cli.ts";

export interface ProgramHost {
  readonly host: CliProcess;
  readonly makeContext: (globals: GlobalOptions) => CliContext;
  readonly setExit: (code: ExitCode) => void;
}

/** From the package, which lies two levels above src/cli and dist/cli alike. */
function readVersion(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { readonly version: string }).version;
}

/** The whole command line. Each verb's work is in src/cli/commands. */
export function buildProgram(programHost: ProgramHost): Command {
  const program = new Command("paceline")
    .description("Operates a paceline cluster: a command each for what one does with a cluster.")
    .version(readVersion())
    .option("--run-dir <dir>", "where the daemon's control socket is (default: /run/paceline)")
    .option("--json", "print JSON for programs")
    .option("--no-color", "no colours (also: NO_COLOR=1)")
    .showHelpAfterError("(paceline --help shows what there is)")
    .showSuggestionAfterError(true)
    .addHelpText("after", `\n${EXIT_CODE_HELP}`);
  prepareCommand(program, programHost);
  const maker = commandMaker(programHost);
  addStatusCommands(program, maker);
  addNodeCommands(program, maker);
  addResourceCommands(program, maker);
  addConfigCommands(program, maker);
  addFenceCommands(program, maker);
  addTicketCommands(program, maker);
  addAgentCommands(program, maker);
  addSimulateCommands(program, maker);
  addImportCommands(program, maker);
  addSetupCommands(program, maker);
  addHelpCommand(program);
  return program;
}

/** `paceline help resource migrate`: commander's own goes one level deep only. */
function addHelpCommand(program: Command): void {
  program.helpCommand(false);
  program
    .command("help [command...]")
    .description("what a command does and takes")
    .action((words: readonly string[]) => {
      let found = program;
      for (const word of words) {
        const next = found.commands.find(
          (each) => each.name() === word || each.aliases().includes(word),
        );
        if (next === undefined) {
          const path = words.slice(0, words.indexOf(word) + 1).join(" ");
          throw usageError(`there is no command ${path}`, "paceline --help shows what there is");
        }
        found = next;
      }
      found.outputHelp();
    });
}
