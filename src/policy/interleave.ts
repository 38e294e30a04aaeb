import { ACT, type Action, ORDER } from "./action.ts";
import { findByTask, orderActions } from "./actions.ts";
import { assignResource } from "./assign.ts";
import { sortedNodes } from "./nodes.ts";
import { FIRST_CHANGED, NEXT_CHANGED } from "./ordering-effects.ts";
import type { OrderingUpdater } from "./ordering-update.ts";
import { anyBlocked, instancesOf, isCollective, locationOf, roleOf } from "./resource-state.ts";
import { actionFlags } from "./variant.ts";
import { type Node, type Resource, ROLE, type RoleRank, type WorkingSet } from "./working-set.ts";

/**
 * Orderings towards the instances of a clone or bundle: all against all, or, with `interleave`,
 * only between instances that share a node.
 */

/** Is this instance on that node, in that role (unknown: any), now or in future? */
export function instanceMatches(
  instance: Resource,
  node: Node,
  role: RoleRank,
  current: boolean,
): boolean {
  if (role !== ROLE.unknown && role !== roleOf(instance, current)) return false;
  if (anyBlocked(instance)) return false;
  return locationOf(instance, current) === node;
}

function instanceOnNode(
  collective: Resource,
  node: Node,
  role: RoleRank,
  current: boolean,
): Resource | undefined {
  return instancesOf(collective).find((instance) => instanceMatches(instance, node, role, current));
}

/** The instance of a collective that shares the node of another resource. */
export function compatibleInstance(
  ws: WorkingSet,
  resource: Resource,
  collective: Resource,
  role: RoleRank,
  current: boolean,
): Resource | undefined {
  const place = locationOf(resource, current);
  if (place) return instanceOnNode(collective, place, role, current);
  for (const node of sortedNodes(ws, resource.allowed, undefined)) {
    const instance = instanceOnNode(collective, node, role, current);
    if (instance) return instance;
  }
  return undefined;
}

const ATOMIC: Readonly<Record<string, string>> = {
  running: "start",
  stopped: "stop",
  promoted: "promote",
  demoted: "demote",
};

/** What the instances do for an action of the whole: `running` is the sum of `start`s. */
export function instanceTask(action: Action): string {
  let task = action.task;
  if (task === "notify" || task === "notified") {
    const at = action.slot.indexOf("_notify_");
    if (at < 0) return task;
    const rest = action.slot.slice(at + "_notify_".length);
    task = rest.slice(0, rest.lastIndexOf("_"));
  }
  const instance = action.resource ? instancesOf(action.resource)[0] : undefined;
  return instance ? instanceTaskOf(instance, task) : task;
}

/** The task of a member for a task of the whole: a primitive's part of `running` is `start`. */
export function instanceTaskOf(member: Resource, task: string): string {
  return member.variant === "primitive" ? (ATOMIC[task] ?? task) : task;
}

const ON_CONTENT = new Set(["promote", "promoted", "demote", "demoted"]);

/** An instance's action; in a bundle sometimes the container's, sometimes that of what is inside. */
function instanceAction(
  action: Action,
  instance: Resource,
  task: string,
  node: Node | undefined,
  isFirst: boolean,
): Action | undefined {
  const inside = isFirst
    ? action.task !== "stop" && action.task !== "stopped"
    : ON_CONTENT.has(action.task);
  const content = inside ? instance.replica?.child : undefined;
  return content ? findByTask(content, task) : findByTask(instance, task, node);
}

function canInterleave(first: Action, next: Action): boolean {
  const a = first.resource;
  const b = next.resource;
  if (!a || !b || a === b || !isCollective(a) || !isCollective(b)) return false;
  const down = next.slot === "stop_0" || next.slot === "demote_0";
  return down ? a.interleave : b.interleave;
}

/** Nothing to interleave with: a mandatory ordering then keeps the instance from running. */
function unassignIfMandatory(
  ws: WorkingSet,
  instance: Resource,
  type: number,
  current: boolean,
): boolean {
  if (current) return false;
  if (!(type & (ORDER.unrunnableFirstBlocks | ORDER.firstImpliesNext))) return false;
  return assignResource(ws, instance, undefined, true, true);
}

function updateInterleaved(
  updater: OrderingUpdater,
  first: Action,
  next: Action,
  node: Node | undefined,
  filter: number,
  type: number,
): number {
  const current = first.slot === "stopped_0" || first.slot === "demoted_0";
  const firstTask = instanceTask(first);
  let changed = 0;
  for (const instance of instancesOf(next.resource!)) {
    const partner = compatibleInstance(
      updater.ws,
      instance,
      first.resource!,
      ROLE.unknown,
      current,
    );
    if (!partner) {
      if (unassignIfMandatory(updater.ws, instance, type, current)) changed |= NEXT_CHANGED;
      continue;
    }
    const a = instanceAction(first, partner, firstTask, node, true);
    const b = a && instanceAction(next, instance, next.task, node, false);
    if (!a || !b) continue;
    if (orderActions(a, b, type)) changed |= FIRST_CHANGED | NEXT_CHANGED;
    changed |= updater.update(a, b, node, actionFlags(a, node), filter, type);
  }
  return changed;
}

/** Applies an ordering to a clone's or bundle's mark and to its instances. */
export function updateInstances(
  updater: OrderingUpdater,
  first: Action,
  next: Action,
  node: Node | undefined,
  flags: number,
  filter: number,
  type: number,
): number {
  if (!next.resource) return 0;
  if (canInterleave(first, next))
    return updateInterleaved(updater, first, next, node, filter, type);
  let changed = updater.updatePair(first, next, flags, filter, type);
  for (const instance of instancesOf(next.resource)) {
    const same = findByTask(instance, next.task, node);
    if (!same || !(actionFlags(same, node) & ACT.runnable)) continue;
    const effect = updater.update(first, same, node, flags, filter, type);
    if (effect & NEXT_CHANGED) updater.enqueueAfter(same);
    changed |= effect;
  }
  return changed;
}
