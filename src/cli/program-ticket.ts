import type { Command } from "commander";
import { type CommandMaker, commandGroup } from "./command-maker.ts";
import type { TicketOptions } from "./commands/ticket-command.ts";
import { WAIT, YES } from "./program-options.ts";

const load = () => import("./commands/ticket-command.ts");

const CHANGES = [
  ["grant", "let this cluster run what needs a ticket: no other site may have it"],
  ["revoke", "take a ticket from this cluster: what needs it stops, or as its loss-policy says"],
  ["standby", "give up what needs a ticket, and yet keep it from other sites"],
  ["activate", "take a standby back"],
] as const;

/** `paceline ticket …`: verbs as in crmsh's `site ticket`. */
export function addTicketCommands(program: Command, maker: CommandMaker): void {
  const ticket = commandGroup(program, "ticket", "which site may run what needs a ticket");
  maker.add(ticket, "list", "the tickets that constraints need, and their state", async (context) =>
    (await load()).listTickets(context),
  );
  for (const [action, description] of CHANGES) {
    maker.add<TicketOptions>(
      ticket,
      `${action} <ticket>`,
      description,
      async (context, [name], options) =>
        (await load()).changeTicket(context, action, name ?? "", options),
      [YES, WAIT],
    );
  }
}
