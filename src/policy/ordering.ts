import { ACT, Action, ORDER, type Slot } from "./action.ts";
import { actionsInSlot, orderActions, resourceAction, slotOf } from "./actions.ts";
import { blockColocationDependents } from "./colocation-block.ts";
import { breakInvalidOrderings } from "./graph-inputs.ts";
import { updateAllActions } from "./ordering-update.ts";
import { orderProbes } from "./probe-ordering.ts";
import { roleOf } from "./resource-state.ts";
import type { Work } from "./work.ts";
import { type Resource, ROLE, type WorkingSet } from "./working-set.ts";

/**
 * Orderings between actions that may not exist yet. They are collected by resource and slot while
 * constraints are read and actions made, and turned into links once all actions are known.
 */

/** Notes an ordering; for migratable resources also what it means for their migration. */
export function addOrdering(
  ws: WorkingSet,
  first: Action | Slot,
  next: Action | Slot,
  flags: number,
): void {
  ws.orderings.push({ first, next, flags });
  const [a, b] = [first.resource, next.resource];
  if (a && b && a !== b && (a.allowMigrate || b.allowMigrate)) {
    orderMigrations(ws, a, first.slot, b, next.slot);
  }
}

/** "TASK of a, then TASK of b." */
export function orderTasks(
  ws: WorkingSet,
  a: Resource,
  taskA: string,
  b: Resource,
  taskB: string,
  flags: number,
): void {
  const first = { resource: a, slot: slotOf(taskA, 0) };
  addOrdering(ws, first, { resource: b, slot: slotOf(taskB, 0) }, flags);
}

function isAncestor(resource: Resource, of: Resource): boolean {
  for (let parent = of.parent; parent; parent = parent.parent) if (parent === resource) return true;
  return false;
}

/** What an ordering of starts and stops means for a live migration of either. */
function orderMigrations(
  ws: WorkingSet,
  a: Resource,
  slotA: string,
  b: Resource,
  slotB: string,
): void {
  if (isAncestor(a, b) || isAncestor(b, a)) return;
  const flags = ORDER.ordered | (a.allowMigrate ? ORDER.ifFirstUnmigratable : 0);
  const push = (first: string, next: string, how: number): void => {
    const ends = { first: { resource: a, slot: first }, next: { resource: b, slot: next } };
    ws.orderings.push({ ...ends, flags: how });
  };
  const partial = b.partialMigrationTarget !== undefined;
  if (slotA === "start_0" && slotB === "start_0") {
    if (a.allowMigrate && b.allowMigrate) push("migrate_from_0", "migrate_to_0", ORDER.ordered);
    if (b.allowMigrate) push("start_0", "migrate_to_0", flags);
  } else if (!b.allowMigrate) {
    return;
  } else if (slotA === "stop_0" && slotB === "stop_0") {
    push("stop_0", "migrate_to_0", flags);
    if (partial) push("stop_0", "migrate_from_0", flags);
  } else if (slotA === "promote_0" && slotB === "start_0") {
    push("promote_0", "migrate_to_0", ORDER.ordered);
  } else if (slotA === "demote_0" && slotB === "stop_0") {
    push("demote_0", "migrate_to_0", ORDER.ordered);
    if (partial) push("demote_0", "migrate_from_0", ORDER.ordered);
  }
}

/** The actions that there are at an end of an ordering. */
export function actionsAt(end: Action | Slot): readonly Action[] {
  return end instanceof Action ? [end] : actionsInSlot(end.resource, end.slot);
}

/** The firsts of an ordering from a slot. One that should exist but doesn't is made, and cannot run. */
function firstActions(
  ws: WorkingSet,
  { resource, slot }: Slot,
  next: Resource | undefined,
): readonly Action[] {
  const found = actionsInSlot(resource, slot);
  if (found.length > 0 || resource === next) return found;
  if (slot === "stop_0" && roleOf(resource, true) === ROLE.stopped) return found;
  if (slot === "demote_0" && roleOf(resource, true) === ROLE.unpromoted) return found;
  const cut = slot.lastIndexOf("_");
  const task = slot.slice(0, cut);
  return [resourceAction(ws, resource, task, Number(slot.slice(cut + 1)), undefined, true, slot)];
}

/** Turns the collected orderings into links, and lets them have their effect on the actions. */
export function* applyOrderings(ws: WorkingSet): Work {
  yield* linkOrderings(ws);
  for (let i = ws.actions.length - 1; i >= 0; i--) blockColocationDependents(ws, ws.actions[i]!);
  yield ws.actions.length / 100;
  yield* orderProbes(ws);
  yield* updateAllActions(ws);
  breakInvalidOrderings(ws);
  yield ws.actions.length / 50;
}

/** A yield for each would cost as much as most do. */
const ORDERINGS_PER_SLICE = 100;

function* linkOrderings(ws: WorkingSet): Work {
  let done = 0;
  for (const ordering of ws.orderings) {
    if (++done % ORDERINGS_PER_SLICE === 0) yield ORDERINGS_PER_SLICE / 20;
    const { first, next } = ordering;
    const firsts = first instanceof Action ? [first] : firstActions(ws, first, next.resource);
    const nexts = actionsAt(next);
    for (const each of firsts) for (const other of nexts) link(each, other, ordering.flags);
  }
}

function link(first: Action, next: Action, flags: number): void {
  const aborts = first.is(ACT.migrationAbort) && first.resource === next.resource;
  orderActions(first, next, aborts ? flags & ~ORDER.firstImpliesNext : flags);
}
