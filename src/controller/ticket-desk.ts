import { didYouMean } from "../core/suggestion.ts";
import type { WallTime } from "../core/units.ts";
import type { Cib, CibCommand, TicketRecord } from "../model/cib.ts";
import type {
  ControlFailure,
  ControlReply,
  TicketAction,
  TicketReport,
  TicketRequest,
} from "../model/control.ts";
import type { Plan } from "../model/plan.ts";
import type { PolicyDefinition } from "../model/policy-definition.ts";
import type { DeskOffice } from "./control-desk.ts";
import type { Question } from "./coordinator-ports.ts";
import { fail, notQuorate, ok, type Respond } from "./replies.ts";

/** What changing a ticket takes of the desk. */
export interface TicketOffice {
  readonly office: Pick<DeskOffice, "quorate" | "cib" | "definition" | "wall">;
  whatIf(question: Question, respond: Respond, then: (plan: Plan | undefined) => void): void;
  commit(command: CibCommand, respond: Respond, answer: () => TicketReport): void;
}

/** Grants, revokes and the like. */
export class TicketDesk {
  readonly #desk: TicketOffice;
  #isCommitting = false;

  constructor(desk: TicketOffice) {
    this.#desk = desk;
  }

  /** This node is the coordinator no longer: what it has proposed is not waited for. */
  close(): void {
    this.#isCommitting = false;
  }

  change(request: TicketRequest, respond: Respond): void {
    const wish = this.#wish(request);
    if ("ok" in wish) {
      respond(wish);
      return;
    }
    // Without a quorum our copy may be old: even that a ticket is revoked already may be wrong.
    if (!this.#desk.office.quorate) {
      respond(notQuorate());
      return;
    }
    this.#desk.whatIf({ tickets: wish.tickets }, respond, (plan) => {
      const changes = plan?.summary ?? [];
      const { ticket, unchanged } = wish;
      if (request.dryRun === true) respond(ok({ ticket, unchanged, changes }));
      else this.#commit(request, changes, respond);
    });
  }

  /**
   * The ticket is looked at again, for others may have changed it while the plan was made; and one
   * change is made at a time, as each writes all of a ticket. That nothing changes takes a quorum, too.
   */
  #commit(request: TicketRequest, changes: TicketReport["changes"], respond: Respond): void {
    const wish = this.#isCommitting ? busy() : this.#wish(request);
    if ("ok" in wish) {
      respond(wish);
      return;
    }
    const { ticket, unchanged } = wish;
    const { author } = request;
    const answer = (reply: ControlReply): void => {
      this.#isCommitting = false;
      respond(reply);
    };
    this.#isCommitting = true;
    this.#desk.commit(
      unchanged ? { kind: "nothing" } : { kind: "set-ticket", ticket, author },
      answer,
      () => ({ ticket, unchanged, changes }),
    );
  }

  /** What the request makes of the tickets as they are now. */
  #wish({ action, ticket: name }: TicketRequest): TicketWish | ControlFailure {
    const { office } = this.#desk;
    const known = ticketsKnown(office.cib(), office.definition().policy);
    const ticket = changedTicket(known, name, action, office.wall());
    if ("ok" in ticket) return ticket;
    const tickets = known.map((each) => (each.id === name ? ticket : each));
    return { ticket, unchanged: known.includes(ticket), tickets };
  }
}

interface TicketWish {
  readonly ticket: TicketRecord;
  readonly unchanged: boolean;
  /** All of them, if it were so. */
  readonly tickets: readonly TicketRecord[];
}

function busy(): ControlFailure {
  return fail("BUSY", "another change of a ticket is under way", "ask again");
}

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
