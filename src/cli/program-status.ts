import type { Command } from "commander";
import type { CommandMaker } from "./command-maker.ts";
import type { ExplainOptions } from "./commands/explain-command.ts";
import { readCount } from "./program-options.ts";
import { SIMULATED } from "./program-simulate.ts";

/** What shows: status, explain, history. */
export function addStatusCommands(program: Command, maker: CommandMaker): void {
  maker.add<{ watch?: boolean; check?: boolean }>(
    program,
    "status",
    "what is wrong, the nodes, the resources, and what was set by hand",
    async (context, _args, options) =>
      (await import("./commands/status-command.ts")).statusCommand(context, options),
    [
      ["-w, --watch", "stay and show every change"],
      ["--check", "exit with 1 if something is wrong, a warning aside (for monitoring)"],
    ],
  );
  maker.add<ExplainOptions>(
    program,
    "explain <resource> [node]",
    "why a resource is where it is, why not elsewhere, why it does not start",
    async (context, [resource = "", node], options) =>
      (await import("./commands/explain-command.ts")).explainCommand(
        context,
        resource,
        node,
        options,
      ),
    SIMULATED,
  );
  maker.add<{ limit?: number }>(
    program,
    "history",
    "incidents and changes, each with its timeline",
    async (context, _args, options) =>
      (await import("./commands/history-command.ts")).historyCommand(context, options.limit),
    [["-n, --limit <count>", "how many entries (default: 100)", readCount]],
  );
  maker.add<{ wait?: number }>(
    program,
    "wait [timeout]",
    "wait until the cluster is settled: nothing under way, nothing wanted (for 60s at most, or as long as is said)",
    async (context, [timeout]) =>
      (await import("./commands/wait-command.ts")).waitCommand(context, timeout),
  );
}
