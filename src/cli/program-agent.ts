import type { Command } from "commander";
import { type CommandMaker, commandGroup } from "./command-maker.ts";

const load = () => import("./commands/agent-command.ts");

/** `paceline agent …`: needs no cluster. */
export function addAgentCommands(program: Command, maker: CommandMaker): void {
  const agent = commandGroup(program, "agent", "resource agents on this machine");
  maker.add(
    agent,
    "list [class]",
    "agents that are installed: all, or of a class or provider (ocf, ocf:heartbeat, systemd …)",
    async (context, [filter]) => (await load()).listAgents(context, filter),
  );
  maker.add(
    agent,
    "info <agent>",
    "what an agent does, its parameters and operations",
    async (context, [name]) => (await load()).agentInfo(context, name ?? ""),
  );
}
