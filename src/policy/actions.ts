import { ACT, Action, ORDER } from "./action.ts";
import type { NoQuorumPolicy } from "./engine-options.ts";
import { canFence, fenceNode } from "./fencing-need.ts";
import { isActive, isOnlyGuessed } from "./resource-state.ts";
import { type Node, type Resource, ROLE, type WorkingSet } from "./working-set.ts";

/**
 * Creating and finding actions. Pacemaker looks actions up by scanning lists; here every resource
 * has an index by slot and by task, so that a lookup does not grow with the number of probes.
 */

const NONE: readonly Action[] = [];

/** The slots that most actions are in: thousands of probes share one text. */
const SLOTS: ReadonlyMap<string, string> = new Map(
  ["monitor", "start", "stop", "promote", "demote", "notify", "running", "stopped"].map((task) => [
    task,
    `${task}_0`,
  ]),
);

/** The slot of a task that is done so often. */
export function slotOf(task: string, intervalMs: number): string {
  return (intervalMs === 0 ? SLOTS.get(task) : undefined) ?? `${task}_${intervalMs}`;
}

/** Every action of a resource with this slot, oldest first. */
export function actionsInSlot(resource: Resource, slot: string): readonly Action[] {
  return resource.slots.get(slot) ?? NONE;
}

/** As `actionsInSlot`, limited to a node; an action without a node is given this one. */
export function actionsInSlotOn(resource: Resource, slot: string, node: Node): readonly Action[] {
  const found: Action[] = [];
  for (const action of actionsInSlot(resource, slot)) {
    action.node ??= node;
    if (action.node === node) found.push(action);
  }
  return found;
}

/** As `actionsInSlot`, only those that are on that node already. */
export function actionsExactly(resource: Resource, slot: string, node: Node): readonly Action[] {
  const all = actionsInSlot(resource, slot);
  return all.length === 0 ? all : all.filter((action) => action.node === node);
}

/** The newest action with a task, on a node if one is given. */
export function findByTask(resource: Resource, task: string, node?: Node): Action | undefined {
  const all = resource.tasks.get(task);
  if (all === undefined) return undefined;
  if (node === undefined) return all[all.length - 1];
  for (let i = all.length - 1; i >= 0; i--) if (all[i]!.node === node) return all[i];
  return undefined;
}

/** The newest action in a slot. */
export function findBySlot(resource: Resource, slot: string): Action | undefined {
  const all = resource.slots.get(slot);
  return all?.[all.length - 1];
}

/** What a start or promote must wait for; anything else requires nothing. */
export function requirementOf(action: Action): "nothing" | "quorum" | "fencing" {
  const resource = action.resource;
  if (!resource || (action.task !== "start" && action.task !== "promote")) return "nothing";
  if (resource.needsFencing) return "fencing";
  return resource.needsQuorum ? "quorum" : "nothing";
}

function addToIndex(index: Map<string, Action[]>, key: string, action: Action): void {
  const list = index.get(key);
  if (list) list.push(action);
  else index.set(key, [action]);
}

function findExisting(
  resource: Resource,
  slot: string,
  node: Node | undefined,
): Action | undefined {
  const all = resource.slots.get(slot);
  if (!all) return undefined;
  if (!node) return all[0];
  for (const action of all) {
    action.node ??= node;
    if (action.node === node) return action;
  }
  return undefined;
}

/** Moves an action to another task (a recurring operation becomes its own cancellation). */
export function retask(action: Action, task: string): void {
  if (action.task === task || !action.resource) return;
  const index = action.resource.tasks;
  const old = index.get(action.task);
  if (old) old.splice(old.indexOf(action), 1);
  if (old?.length === 0) index.delete(action.task);
  action.task = task;
  addToIndex(index, task, action);
}

/**
 * The action of a resource in a slot on a node: the existing one, or a new one. Asking for it as
 * required makes an optional one required; nothing makes it optional again, except that an
 * unmanaged resource's are always optional.
 */
export function resourceAction(
  ws: WorkingSet,
  resource: Resource,
  task: string,
  intervalMs: number,
  node: Node | undefined,
  optional: boolean,
  slot: string = slotOf(task, intervalMs),
): Action {
  let action = findExisting(resource, slot, node);
  if (!action) {
    const flags =
      ACT.runnable | (optional ? ACT.optional : 0) | (task === "lrm_delete" ? ACT.onDc : 0);
    action = new Action(ws.actions.length, resource, node, task, slot, intervalMs, flags);
    ws.actions.push(action);
    resource.actions.push(action);
    addToIndex(resource.slots, slot, action);
    addToIndex(resource.tasks, task, action);
  }
  if (action.node && !action.is(ACT.pseudo) && !resource.managed && intervalMs === 0) {
    action.set(ACT.optional);
  } else if (!optional) {
    action.clear(ACT.optional);
  }
  updateRunnable(ws, resource, action);
  return action;
}

function updateRunnable(ws: WorkingSet, resource: Resource, action: Action): void {
  if (action.is(ACT.pseudo)) return;
  const node = action.node;
  const onDc = action.is(ACT.onDc);
  if (!node) {
    action.clear(ACT.runnable);
  } else if (!onDc && !node.online && (node.kind !== "guest" || node.remoteRequiresReset)) {
    action.clear(ACT.runnable);
    if (resource.managed && action.task === "stop" && !node.unclean) {
      fenceNode(ws, node, "stop is unrunnable");
    }
  } else if (!onDc && node.pending) {
    action.clear(ACT.runnable);
  } else if (requirementOf(action) === "nothing") {
    action.reason = undefined;
    if (node.kind === "guest" && !canFence(ws, node)) action.clear(ACT.runnable);
    else action.set(ACT.runnable);
  } else {
    applyQuorum(ws, resource, action);
  }
}

function quorumPolicyFor(ws: WorkingSet, resource: Resource): NoQuorumPolicy {
  const policy = ws.options.noQuorumPolicy;
  if (ws.quorate) return "ignore";
  if (policy !== "demote") return policy;
  if (resource.role !== ROLE.promoted && resource.role !== ROLE.unpromoted) return "stop";
  if (resource.nextRole > ROLE.unpromoted) {
    setNextRole(resource, ROLE.unpromoted, "no-quorum-policy=demote");
  }
  return "ignore";
}

function applyQuorum(ws: WorkingSet, resource: Resource, action: Action): void {
  const policy = quorumPolicyFor(ws, resource);
  if (policy === "stop") {
    action.clear(ACT.runnable);
    action.reason = "no quorum";
  } else if (policy === "freeze") {
    const isHere = isActive(resource, true) && !(ws.wary && isOnlyGuessed(resource));
    if (!isHere || resource.nextRole > resource.role) {
      action.clear(ACT.runnable);
      action.reason = "quorum freeze";
    }
  } else {
    action.set(ACT.runnable);
  }
}

/** Sets the role a resource is to have, and why, for its actions' reasons. */
export function setNextRole(resource: Resource, role: Resource["nextRole"], why: string): void {
  if (resource.nextRole === role) return;
  resource.nextRole = role;
  resource.nextRoleReason = why;
}

/** A mark of a group, clone or bundle in the graph. */
export function pseudoAction(
  ws: WorkingSet,
  resource: Resource,
  task: string,
  optional: boolean,
  runnable: boolean,
  slot?: string,
): Action {
  const action = resourceAction(ws, resource, task, 0, undefined, optional, slot);
  action.set(ACT.pseudo);
  if (runnable) action.set(ACT.runnable);
  return action;
}

/** An action of the cluster itself (fencing, shutdown, a mark); one per key. */
export function clusterAction(
  ws: WorkingSet,
  key: string,
  task: string,
  node: Node | undefined,
  optional: boolean,
): Action {
  let action = ws.singletons.get(key);
  if (!action) {
    const flags = ACT.runnable | (optional ? ACT.optional : 0);
    action = new Action(ws.actions.length, undefined, node, task, key, 0, flags);
    ws.actions.push(action);
    ws.singletons.set(key, action);
  } else if (!optional) {
    action.clear(ACT.optional);
  }
  return action;
}

/** A mark that belongs to no resource. */
export function clusterMark(ws: WorkingSet, key: string): Action {
  const known = ws.singletons.get(key);
  if (known) return known;
  const action = clusterAction(ws, key, key, undefined, true);
  action.set(ACT.pseudo | ACT.runnable);
  return action;
}

/** The flags of all links between two actions, by whichever of the two has fewer links. */
function linksBetween(first: Action, next: Action): number {
  let after = first.firstAfter;
  let before = next.firstBefore;
  let fromFirst = 0;
  let fromNext = 0;
  while (after && before) {
    if (after.next === next) fromFirst |= after.flags;
    if (before.first === first) fromNext |= before.flags;
    after = after.youngerAfter;
    before = before.youngerBefore;
  }
  return after ? fromNext : fromFirst;
}

/**
 * Orders two actions. An ordering that shares a flag with one there already adds nothing: the
 * first to come decides (as in Pacemaker). True if it is new.
 */
export function orderActions(
  first: Action | undefined,
  next: Action | undefined,
  flags: number,
): boolean {
  if (!first || !next || first === next || flags === ORDER.none) return false;
  if ((linksBetween(first, next) & flags) !== 0) return false;
  first.orderBefore(next, flags);
  return true;
}
