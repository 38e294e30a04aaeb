import type { Command } from "commander";
import { type CommandMaker, commandGroup } from "./command-maker.ts";
import { YES, type YesOptions } from "./program-options.ts";

const load = () => import("./commands/fence-command.ts");

/** `paceline fence …`. */
export function addFenceCommands(program: Command, maker: CommandMaker): void {
  const fence = commandGroup(program, "fence", "cut power, see what was cut, test the devices");
  maker.add(fence, "history", "what was fenced, when, why, and how it went", async (context) =>
    (await load()).fenceHistory(context),
  );
  maker.add(
    fence,
    "status [node]",
    "the fencing devices and their last check; or whether a node has power",
    async (context, [node]) => (await load()).fenceStatus(context, node),
  );
  maker.add(
    fence,
    "test <node>",
    "ask all devices of a node for its power state; switches nothing",
    async (context, [node]) => (await load()).fenceTest(context, node ?? ""),
  );
  const switching = [
    ["off", "cut a node's power"],
    ["on", "give a node power again"],
    ["reboot", "cut a node's power and start it again"],
    ["confirm", "say that a lost node is off: you looked; its resources start elsewhere"],
  ] as const;
  for (const [action, description] of switching) {
    maker.add<YesOptions>(
      fence,
      `${action} <node>`,
      description,
      async (context, [node], options) =>
        (await load()).fenceNode(context, action, node ?? "", options),
      [YES],
    );
  }
}
