import type { Command } from "commander";
import { type CommandMaker, commandGroup } from "./command-maker.ts";
import { OVERRIDE, type OverrideOptions, WAIT, YES, type YesOptions } from "./program-options.ts";

const load = () => import("./commands/node-command.ts");

/** `paceline node …`: verbs as in crmsh. Without a name the node of the daemon asked is meant. */
export function addNodeCommands(program: Command, maker: CommandMaker): void {
  const node = commandGroup(program, "node", "standby, maintenance and fencing of nodes");
  maker.add<OverrideOptions>(
    node,
    "standby [node]",
    "move everything off a node and keep it off",
    async (context, [name], options) => (await load()).standbyNode(context, name, options),
    OVERRIDE,
  );
  maker.add<OverrideOptions>(
    node,
    "online [node]",
    "take a standby back",
    async (context, [name], options) => (await load()).onlineNode(context, name, options),
    [WAIT],
  );
  maker.add<OverrideOptions>(
    node,
    "drain [node]",
    "standby, and wait until nothing runs there any more (for a reboot or an upgrade)",
    async (context, [name], options) => (await load()).drainNode(context, name, options),
    OVERRIDE,
  );
  maker.add<OverrideOptions>(
    node,
    "maintenance [node]",
    "leave everything on a node as it is: nothing is started, stopped or checked there",
    async (context, [name], options) => (await load()).maintainNode(context, name, options),
    OVERRIDE,
  );
  maker.add<OverrideOptions>(
    node,
    "ready [node]",
    "take a maintenance back",
    async (context, [name], options) => (await load()).readyNode(context, name, options),
    [WAIT],
  );
  maker.add<YesOptions>(
    node,
    "fence <node>",
    "cut a node's power and start it again (the same as fence reboot)",
    async (context, [name], options) =>
      (await import("./commands/fence-command.ts")).fenceNode(
        context,
        "reboot",
        name ?? "",
        options,
      ),
    [YES],
  );
}
