import type { Role, SummaryRow } from "../model/plan.ts";
import { ACT, type Action } from "./action.ts";
import { actionsInSlot } from "./actions.ts";
import { obstacleOf } from "./everyday-reasons.ts";
import { currentNode } from "./resource-state.ts";
import { type Node, type Resource, ROLE, type RoleRank, type WorkingSet } from "./working-set.ts";

/** The plan in a row per resource that changes, as a person would tell it. */

const ROLE_NAMES: Readonly<Record<RoleRank, Role>> = {
  [ROLE.unknown]: "Stopped",
  [ROLE.stopped]: "Stopped",
  [ROLE.started]: "Started",
  [ROLE.unpromoted]: "Unpromoted",
  [ROLE.promoted]: "Promoted",
};

export function roleName(role: RoleRank): Role {
  return ROLE_NAMES[role];
}

/** The newest action in a slot, on a node or on none yet. */
function actionOn(resource: Resource, slot: string, node: Node | undefined): Action | undefined {
  const all = actionsInSlot(resource, slot);
  if (!node) return all[0];
  return all.find((action) => action.node === node || action.node === undefined);
}

function required(action: Action | undefined): boolean {
  return action !== undefined && !action.is(ACT.optional);
}

function unrunnable(action: Action | undefined): boolean {
  return action !== undefined && !action.is(ACT.runnable);
}

/** The facts that one resource's row is made from. */
interface Facts {
  readonly resource: Resource;
  readonly role: RoleRank;
  readonly current: Node | undefined;
  readonly next: Node | undefined;
  readonly start: Action | undefined;
  readonly stop: Action | undefined;
  readonly promote: Action | undefined;
  readonly demote: Action | undefined;
  readonly moving: boolean;
}

function row(
  facts: Facts,
  action: string,
  from: Node | undefined,
  to: Node | undefined,
  because: Action | undefined,
  source: Action | undefined = because,
): SummaryRow {
  const { resource, role } = facts;
  const reason = source?.reason ?? (unrunnable(because) ? obstacleOf(because!) : undefined);
  const one = from && to ? undefined : (from ?? to);
  return {
    action,
    resource: resource.id,
    ...(one ? { node: one.name } : {}),
    ...(from ? { from: from.name } : {}),
    ...(to ? { to: to.name } : {}),
    fromRole: roleName(role),
    toRole: roleName(resource.nextRole),
    ...(reason === undefined ? {} : { reason }),
    ...(unrunnable(because) ? { blocked: true } : {}),
  };
}

function sameRole(facts: Facts): SummaryRow | undefined {
  const { resource, current, next, start, stop, promote, demote, moving } = facts;
  const migrate = actionOn(resource, "migrate_from_0", next);
  if (migrate?.is(ACT.runnable)) return row(facts, "migrate", current, next, start);
  if (resource.reload) return row(facts, "reload", current, next, start);
  if (!start || start.is(ACT.optional)) {
    if (required(demote) && required(promote))
      return row(facts, "re-promote", current, next, promote, demote);
    return undefined;
  }
  if (!start.is(ACT.runnable)) {
    const source = start.reason === undefined ? stop : start;
    return row(facts, "stop", current, undefined, stop, source);
  }
  if (moving && current) {
    return row(facts, resource.failed ? "recover" : "move", current, next, stop);
  }
  if (resource.failed) return row(facts, "recover", current, undefined, stop);
  return row(facts, "restart", current, next, start);
}

function stops(facts: Facts): SummaryRow[] {
  const { resource, start } = facts;
  return resource.runningOn.map((node) => {
    const stop = actionOn(resource, "stop_0", node);
    const source = stop?.reason === undefined ? start : stop;
    return row(facts, "stop", node, undefined, stop, source);
  });
}

function otherRole(facts: Facts): SummaryRow[] {
  const { resource, role, current, next, start, stop, promote, demote, moving } = facts;
  if (stop && (resource.nextRole === ROLE.stopped || unrunnable(start))) return stops(facts);
  // A container that looks stopped may be restarted for what failed inside it.
  const known = current ? facts : { ...facts, role: resource.nextRole };
  if (stop && resource.failed && resource.stopIfFailed) {
    return [row(known, "recover", current ?? next, next, stop, start)];
  }
  if (moving) return [row(facts, "move", current, next, stop)];
  if (resource.reload) return [row(facts, "reload", current, next, start)];
  if (required(stop)) return [row(known, "restart", current ?? next, next, start)];
  if (role === ROLE.promoted) return [row(facts, "demote", current, next, demote)];
  if (resource.nextRole === ROLE.promoted) return [row(facts, "promote", current, next, promote)];
  if (role <= ROLE.stopped && resource.nextRole > ROLE.stopped) {
    return [row(facts, "start", current, next, start)];
  }
  return [];
}

function primitiveRows(resource: Resource): SummaryRow[] {
  const next = resource.assignedNode;
  const current = currentNode(resource);
  if (!current && resource.orphan) return [];
  if (!resource.managed || (!current && !next)) return [];
  const role = current && resource.role === ROLE.stopped ? ROLE.started : resource.role;
  const start = actionOn(resource, "start_0", next);
  const startNode = start?.is(ACT.runnable) ? current : undefined;
  let stop = actionOn(resource, "stop_0", startNode);
  if (!stop && resource.stopUnexpected) stop = actionOn(resource, "stop_0", undefined);
  const facts: Facts = {
    resource,
    role,
    current,
    next,
    start,
    stop,
    promote: actionOn(resource, "promote_0", next),
    demote: actionOn(resource, "demote_0", next),
    moving: current !== undefined && next !== undefined && current !== next,
  };
  if (role !== resource.nextRole) return otherRole(facts);
  const same = sameRole(facts);
  return same ? [same] : [];
}

function collectRows(resource: Resource, rows: SummaryRow[]): void {
  if (resource.variant === "primitive") rows.push(...primitiveRows(resource));
  for (const child of resource.children) collectRows(child, rows);
}

/** One row per fencing, then one per resource that changes. */
export function createSummary(ws: WorkingSet): SummaryRow[] {
  const rows: SummaryRow[] = [];
  for (const action of ws.actions) {
    if (action.task !== "stonith" || action.is(ACT.optional) || !action.node) continue;
    rows.push({
      action: "fence",
      node: action.node.name,
      method: action.fenceOperation ?? "reboot",
      ...(action.reason === undefined ? {} : { reason: action.reason }),
    });
  }
  for (const resource of ws.resources) collectRows(resource, rows);
  return rows;
}
