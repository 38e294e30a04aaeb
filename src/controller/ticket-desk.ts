import { didYouMean } from "../core/suggestion.ts";
import type { WallTime } from "../core/units.ts";
import type { Cib, TicketRecord } from "../model/cib.ts";
import type { ControlFailure, TicketAction } from "../model/control.ts";
import type { PolicyDefinition } from "../model/policy-definition.ts";

/** Every ticket that a constraint needs, or that was once granted, by name. */
export function ticketsKnown(cib: Cib, policy: PolicyDefinition): TicketRecord[] {
  const tickets = new Map<string, TicketRecord>();
  for (const each of policy.constraints) {
    if (each.kind !== "ticket") continue;
    tickets.set(each.ticket, { id: each.ticket, granted: false, standby: false });
  }
  for (const ticket of cib.tickets) tickets.set(ticket.id, ticket);
  return [...tickets.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** The ticket as it would be; or why there is no such ticket. */
export function changedTicket(
  known: readonly TicketRecord[],
  name: string,
  action: TicketAction,
  wall: WallTime,
): TicketRecord | ControlFailure {
  const ticket = known.find((each) => each.id === name);
  if (ticket === undefined) {
    const ids = known.map(({ id }) => id);
    const hint = didYouMean(name, ids) ?? "constraints: ticket: of the definition names them";
    return { ok: false, code: "UNKNOWN_TICKET", message: `nothing needs a ticket ${name}`, hint };
  }
  switch (action) {
    case "grant":
      return ticket.granted ? ticket : { ...ticket, granted: true, lastGranted: wall };
    case "revoke":
      return ticket.granted ? { ...ticket, granted: false } : ticket;
    default: {
      const standby = action === "standby";
      return ticket.standby === standby ? ticket : { ...ticket, standby };
    }
  }
}
