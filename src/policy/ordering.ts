import { ACT, type Action, ORDER } from "./action.ts";
import { actionsInSlot, orderActions, resourceAction } from "./actions.ts";
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

/** One end of an ordering. */
export interface OrderingEnd {
  readonly resource?: Resource | undefined;
  readonly slot?: string | undefined;
  readonly action?: Action | undefined;
}

/** Notes an ordering; for migratable resources also what it means for their migration. */
export function addOrdering(
  ws: WorkingSet,
  first: OrderingEnd,
  next: OrderingEnd,
  flags: number,
): void {
  const ordering = {
    firstResource: first.resource ?? first.action?.resource,
    firstSlot: first.slot ?? first.action?.slot,
    first: first.action,
    nextResource: next.resource ?? next.action?.resource,
    nextSlot: next.slot ?? next.action?.slot,
    next: next.action,
    flags,
  };
  ws.orderings.push(ordering);
  const { firstResource: a, nextResource: b } = ordering;
  if (a && b && a !== b && (a.allowMigrate || b.allowMigrate)) {
    orderMigrations(ws, a, ordering.firstSlot, b, ordering.nextSlot);
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
  addOrdering(ws, { resource: a, slot: `${taskA}_0` }, { resource: b, slot: `${taskB}_0` }, flags);
}

function isAncestor(resource: Resource, of: Resource): boolean {
  for (let parent = of.parent; parent; parent = parent.parent) if (parent === resource) return true;
  return false;
}

/** What an ordering of starts and stops means for a live migration of either. */
function orderMigrations(
  ws: WorkingSet,
  a: Resource,
  slotA: string | undefined,
  b: Resource,
  slotB: string | undefined,
): void {
  if (isAncestor(a, b) || isAncestor(b, a)) return;
  const flags = ORDER.ordered | (a.allowMigrate ? ORDER.ifFirstUnmigratable : 0);
  const push = (first: string, next: string, how: number): void => {
    const ends = { firstResource: a, firstSlot: first, nextResource: b, nextSlot: next };
    ws.orderings.push({ ...ends, first: undefined, next: undefined, flags: how });
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

function linkNext(
  ws: WorkingSet,
  first: Action | undefined,
  resource: Resource,
  slot: string | undefined,
  next: Action | undefined,
  flags: number,
): void {
  const candidates = next ? [next] : slot ? actionsInSlot(resource, slot) : [];
  if (candidates.length === 0) return;
  let how = flags;
  if (first?.resource === resource && first.is(ACT.migrationAbort)) how &= ~ORDER.firstImpliesNext;
  if (!first && (how & ORDER.firstImpliesNext) === 0) return;
  for (const candidate of candidates) {
    if (first) {
      orderActions(first, candidate, how);
    } else {
      candidate.clear(ACT.runnable);
      ws.notice("warn", "order-without-first", `${candidate.key} has nothing to be ordered after`);
    }
  }
}

/** The firsts of an ordering. One that should exist but doesn't is made, and cannot run. */
function firstActions(
  ws: WorkingSet,
  resource: Resource,
  slot: string,
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
  for (const o of ws.orderings) {
    if (++done % ORDERINGS_PER_SLICE === 0) yield ORDERINGS_PER_SLICE / 20;
    if (o.firstResource) {
      const firsts = o.first
        ? [o.first]
        : firstActions(ws, o.firstResource, o.firstSlot ?? "", o.nextResource);
      const next = o.nextResource;
      if (!next) {
        if (o.next) for (const first of firsts) orderActions(first, o.next, o.flags);
        continue;
      }
      for (const first of firsts) linkNext(ws, first, next, o.nextSlot, o.next, o.flags);
    } else if (o.nextResource) {
      linkNext(ws, o.first, o.nextResource, o.nextSlot, o.next, o.flags);
    } else {
      orderActions(o.first, o.next, o.flags);
    }
  }
}
