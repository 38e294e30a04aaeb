import type { Command } from "commander";
import { type Action, type CommandMaker, commandGroup } from "./command-maker.ts";
import { OVERRIDE, type OverrideOptions, WAIT } from "./program-options.ts";

const load = () => import("./commands/resource-command.ts");

export interface PlaceOptions extends OverrideOptions {
  readonly role?: string;
  readonly node?: string;
}

const ROLE = ["--role <role>", "Promoted: move only the promoted instance of a clone"] as const;

/** `paceline resource …`: verbs as in crmsh. Each sets or takes back an override. */
export function addResourceCommands(program: Command, maker: CommandMaker): void {
  const resource = commandGroup(program, "resource", "move, stop, start and mend resources");
  const add = (
    spec: string,
    description: string,
    action: Action<PlaceOptions>,
    options: Parameters<CommandMaker["add"]>[4] = OVERRIDE,
  ) => maker.add<PlaceOptions>(resource, spec, description, action, options);
  add(
    "migrate <resource> [node]",
    "move to a node; without one: away from where it is",
    async (context, [id, node], options) => (await load()).migrate(context, id, node, options),
    [ROLE, ...OVERRIDE],
  ).alias("move");
  add(
    "ban <resource> [node]",
    "keep off a node; without one: off the node where it is",
    async (context, [id, node], options) => (await load()).ban(context, id, node, options),
    [ROLE, ...OVERRIDE],
  );
  add(
    "clear <resource>",
    "take migrate and ban back: the definition decides again",
    async (context, [id], options) => (await load()).clear(context, id, options),
    [["--node <node>", "only the ban from this node"], WAIT],
  );
  add("stop <resource>", "stop, and keep stopped", async (context, [id], options) =>
    (await load()).stop(context, id, options),
  );
  add(
    "start <resource>",
    "take a stop back; or start what the definition keeps stopped",
    async (context, [id], options) => (await load()).start(context, id, options),
  );
  add(
    "restart <resource>",
    "stop, wait, start, wait",
    async (context, [id], options) => (await load()).restart(context, id, options),
    [WAIT],
  );
  add(
    "unmanage <resource>",
    "leave as it is: watch, but neither start nor stop",
    async (context, [id], options) => (await load()).unmanage(context, id, options),
  );
  add(
    "maintenance <resource>",
    "leave as it is, and do not even watch",
    async (context, [id], options) => (await load()).maintain(context, id, options),
  );
  add(
    "manage <resource>",
    "take unmanage and maintenance back",
    async (context, [id], options) => (await load()).manage(context, id, options),
    [WAIT],
  );
  add(
    "cleanup [resource]",
    "forget failures, look at the real state, and try again",
    async (context, [id], options) => (await load()).cleanup(context, id, options),
    [["--node <node>", "only on this node"], WAIT],
  );
}
