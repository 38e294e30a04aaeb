import type { ResourceSet, TicketConstraint } from "../model/policy-definition.ts";
import { INFINITY_SCORE } from "../model/score.ts";
import {
  constraintResource,
  expandSet,
  ignored,
  namedMembers,
  setResources,
} from "./constraint-lookup.ts";
import { fenceNode } from "./fencing-need.ts";
import { addLocation } from "./nodes.ts";
import { parseRole } from "./unpack/roles.ts";
import type { Ticket, TicketUse } from "./working-parts.ts";
import { type Resource, ROLE, type WorkingSet } from "./working-set.ts";

/**
 * Tickets: what a site may run only while it holds the ticket (Pacemaker Explained, "Multi-Site
 * Clusters"), and what happens when it is lost.
 */

function ticketOf(ws: WorkingSet, id: string): Ticket {
  let ticket = ws.tickets.get(id);
  if (!ticket) {
    ticket = { id, granted: false, standby: false, status: undefined };
    ws.tickets.set(id, ticket);
  }
  return ticket;
}

function lossPolicy(
  ws: WorkingSet,
  ticket: Ticket,
  text: string | undefined,
  promoted: boolean,
): TicketUse["lossPolicy"] {
  switch (text?.toLowerCase()) {
    case "fence":
      if (ws.options.fencingEnabled) return "fence";
      ws.notice(
        "error",
        "ticket-fence",
        `ticket ${ticket.id}: no fencing is configured, stopping instead`,
      );
      return "stop";
    case "freeze":
      return "freeze";
    case "demote":
      return "demote";
    case "stop":
      return "stop";
    default:
      return promoted ? "demote" : "stop";
  }
}

function roleMatches(resource: Resource, use: TicketUse): boolean {
  return use.role === ROLE.unknown || use.role === resource.role;
}

/** A ticket was lost (or never had): what that means for one primitive. */
function applyLoss(ws: WorkingSet, resource: Resource, use: TicketUse): void {
  const ban = (): void =>
    addLocation(ws, resource, undefined, -INFINITY_SCORE, `ticket ${use.ticket.id} lost`);
  switch (use.lossPolicy) {
    case "stop":
      ban();
      return;
    case "demote":
      if (use.role !== ROLE.promoted) ban();
      return;
    case "fence":
      if (!roleMatches(resource, use)) return;
      ban();
      for (const node of resource.runningOn)
        fenceNode(ws, node, `ticket ${use.ticket.id} was lost`);
      return;
    case "freeze":
      if (!roleMatches(resource, use)) return;
      resource.managed = false;
      resource.blocked = true;
  }
}

function applyTicket(ws: WorkingSet, resource: Resource, use: TicketUse): void {
  const { ticket } = use;
  if (ticket.granted && !ticket.standby) return;
  if (resource.children.length > 0) {
    for (const child of resource.children) applyTicket(ws, child, use);
    return;
  }
  if (!ticket.granted && resource.runningOn.length > 0) {
    applyLoss(ws, resource, use);
  } else if (use.role !== ROLE.promoted || use.lossPolicy === "stop") {
    const why = ticket.granted ? "in standby" : "not granted";
    addLocation(ws, resource, undefined, -INFINITY_SCORE, `ticket ${ticket.id} ${why}`);
  }
}

function addTicket(
  ws: WorkingSet,
  id: string,
  resource: Resource,
  ticket: Ticket,
  roleText: string | undefined,
  loss: string | undefined,
): void {
  const started = roleText === undefined || /^started$/i.test(roleText);
  const role = started ? ROLE.unknown : (parseRole(roleText) ?? ROLE.unknown);
  const policy = lossPolicy(ws, ticket, loss, role === ROLE.promoted);
  const use: TicketUse = { id, resource, ticket, role, lossPolicy: policy };
  resource.tickets.push(use);
  applyTicket(ws, resource, use);
}

/** Reads one ticket constraint, which takes effect at once. */
export function unpackTicket(ws: WorkingSet, constraint: TicketConstraint): void {
  const ticket = ticketOf(ws, constraint.ticket);
  const addSet = (set: ResourceSet): void => {
    for (const resource of setResources(ws, constraint.id, set)) {
      addTicket(ws, set.id, resource, ticket, set.role, constraint.lossPolicy);
    }
  };
  if (constraint.sets) {
    for (const set of constraint.sets) addSet(expandSet(ws, set));
    return;
  }
  const name = constraint.resource;
  if (name === undefined) return;
  for (const id of namedMembers(ws, name) ?? [name]) {
    const resource = constraintResource(ws, id);
    if (!resource) ignored(ws, constraint.id, `there is no resource ${id}`);
    else addTicket(ws, constraint.id, resource, ticket, constraint.role, constraint.lossPolicy);
  }
}

/** Nobody is promoted where the promoted role needs a ticket that is not held. */
export function banPromotionWithoutTicket(ws: WorkingSet, clone: Resource): void {
  for (const use of clone.tickets) {
    if (use.role !== ROLE.promoted || (use.ticket.granted && !use.ticket.standby)) continue;
    addLocation(ws, clone, undefined, -INFINITY_SCORE, `ticket ${use.ticket.id} not held`);
  }
}
