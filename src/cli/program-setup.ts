import type { Command } from "commander";
import type { CommandMaker } from "./command-maker.ts";
import { collect, YES, type YesOptions } from "./program-options.ts";

export interface InitOptions {
  readonly twoNode?: boolean;
  readonly cluster?: string;
  readonly node?: readonly string[];
  readonly vip?: string;
  readonly split?: string;
  readonly ping?: string;
  readonly witness?: string;
  readonly tieBreaker?: string;
  readonly output?: string;
}

export interface InstallOptions extends YesOptions {
  readonly root?: string;
  readonly prefix?: string;
  readonly dryRun?: boolean;
  readonly arbiter?: boolean;
}

/** Setting up: init, install, completion. */
export function addSetupCommands(program: Command, maker: CommandMaker): void {
  maker.add<InitOptions>(
    program,
    "init",
    "write a first definition; asks for what is missing and explains the choices",
    async (context, _args, options) =>
      (await import("./commands/init-command.ts")).initCommand(context, options),
    [
      ["--two-node", "two nodes: also say how a split is decided"],
      ["--cluster <name>", "the cluster's name"],
      ["--node <name=address>", "a node (once for each)", collect],
      ["--vip <address/length>", "a virtual IP to keep up"],
      ["--split <how>", "two nodes: witness, arbiter, disk, fencing, ping or ignore"],
      ["--witness <name=address>", "witness: the third machine"],
      ["--tie-breaker <where>", "arbiter: its address; disk: its path; ping: addresses"],
      ["-o, --output <file>", "write to this file (default: print)"],
    ],
  );
  maker.add<InstallOptions>(
    program,
    "install",
    "put agents, service, example definition and a new key in place; safe to repeat",
    async (context, _args, options) =>
      (await import("./commands/install-command.ts")).installCommand(context, options),
    [
      ["--arbiter", "be an arbiter for clusters elsewhere, instead of a node"],
      ["--root <dir>", "install below this directory (packaging, tests)"],
      ["--prefix <dir>", "where programs go (default: /usr/local)"],
      ["--dry-run", "only say what would be done"],
      YES,
    ],
  );
  maker.add(
    program,
    "completion <shell>",
    'completion for bash: eval "$(paceline completion bash)"',
    async (context, [shell]) =>
      (await import("./commands/completion-command.ts")).completionCommand(context, shell ?? ""),
  );
  maker.add(
    program,
    "complete-names <kind>",
    "names of nodes or resources, for completion",
    async (context, [kind]) =>
      (await import("./commands/completion-command.ts")).completeNames(context, kind ?? ""),
    [],
    true,
  );
}
