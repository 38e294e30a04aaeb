import type { Command } from "commander";
import { type CommandMaker, commandGroup } from "./command-maker.ts";
import type { ImportCibOptions } from "./commands/import-cib.ts";
import { collect } from "./program-options.ts";

/** Taking over other managers' configurations. */
export function addImportCommands(program: Command, maker: CommandMaker): void {
  const group = commandGroup(program, "import", "write a definition from another manager's files");
  maker.add<ImportCibOptions>(
    group,
    "cib <file>",
    "from a Pacemaker CIB (cibadmin --query)",
    async (context, [file], options) =>
      (await import("./commands/import-cib.ts")).importCibCommand(context, file ?? "", options),
    [
      ["--cluster <name>", "the cluster's name (default: as in the CIB)"],
      ["--address <node=address>", "an address of a node, which a CIB does not have", collect],
      ["--devices-as-resources", "leave fencing devices as they are in the CIB: to compare plans"],
      ["-o, --output <file>", "write to this file (default: print)"],
    ],
  );
}
