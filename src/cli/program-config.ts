import type { Command } from "commander";
import { type CommandMaker, commandGroup } from "./command-maker.ts";
import { readCount, WAIT, type WaitOptions, YES, type YesOptions } from "./program-options.ts";

const load = () => import("./commands/config-command.ts");

export interface ApplyOptions extends WaitOptions, YesOptions {
  readonly comment?: string;
  readonly base?: number;
  readonly dryRun?: boolean;
}

/** `paceline config …`: the definition, from the file to the cluster and back. */
export function addConfigCommands(program: Command, maker: CommandMaker): void {
  const config = commandGroup(program, "config", "check, apply, show and roll back the definition");
  maker.add<{ strict?: boolean }>(
    config,
    "check [file]",
    "find every error in a file; needs no cluster (default: /etc/paceline/cluster.yaml)",
    async (context, [file], options) =>
      (await import("./commands/config-check.ts")).checkConfig(context, file, options),
    [["--strict", "warnings count as errors"]],
  );
  maker.add(
    config,
    "show [version]",
    "the definition in force, or an earlier one, as it was written",
    async (context, [version]) => (await load()).showConfig(context, version),
  );
  maker.add(
    config,
    "diff [file]",
    "how a file differs from the definition in force",
    async (context, [file]) => (await load()).diffConfig(context, file),
  );
  maker.add(
    config,
    "plan [file]",
    "what applying a file would move, start and stop; changes nothing",
    async (context, [file]) => (await load()).applyConfig(context, file, { dryRun: true }),
  );
  maker.add<ApplyOptions>(
    config,
    "apply [file]",
    "make a file the definition of the whole cluster",
    async (context, [file], options) => (await load()).applyConfig(context, file, options),
    [
      ["--comment <text>", "what this change is for: kept in the history"],
      ["--base <version>", "refuse unless this version is in force", readCount],
      ["--dry-run", "only show what would change"],
      YES,
      WAIT,
    ],
  );
  maker.add(config, "history", "earlier definitions: when, by whom, what for", async (context) =>
    (await load()).configHistory(context),
  );
  maker.add<ApplyOptions>(
    config,
    "rollback <version>",
    "make an earlier definition the one in force again",
    async (context, [version], options) => (await load()).rollback(context, version, options),
    [["--dry-run", "only show what would change"], YES, WAIT],
  );
  maker.add<ApplyOptions>(
    config,
    "edit",
    "edit the definition in force with $EDITOR, check it, apply it",
    async (context, _args, options) =>
      (await import("./commands/config-edit.ts")).editConfig(context, options),
    [["--comment <text>", "what this change is for: kept in the history"], YES, WAIT],
  );
}
