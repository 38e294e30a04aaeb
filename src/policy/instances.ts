import type { ScorePart } from "../model/plan.ts";
import { INFINITY_SCORE } from "../model/score.ts";
import { ACT, type Action } from "./action.ts";
import { findByTask, pseudoAction } from "./actions.ts";
import { unassignResource } from "./assign.ts";
import { compareInstances } from "./instance-order.ts";
import { instanceTask } from "./interleave.ts";
import { addLocation, isAvailable } from "./nodes.ts";
import { createCloneNotifications } from "./notify.ts";
import { nodeProblem } from "./plain-reasons.ts";
import { currentNode } from "./resource-state.ts";
import type { ScoreTable } from "./score-table.ts";
import { actionFlags, assign, createActions } from "./variant.ts";
import type { NestedWork } from "./work.ts";
import type { Node, Resource, WorkingSet } from "./working-set.ts";

/**
 * Placing and running the instances of clones and the containers of bundles. The collective counts
 * how many instances each node has got (`counts`).
 */

/** The score table and counts of the collective (or of the resource, if it is in none). */
function holder(instance: Resource): Resource {
  return instance.parent ?? instance;
}

function canRun(instance: Resource, node: Node, maxPerNode: number): boolean {
  if (instance.orphan || !isAvailable(node)) return false;
  const top = holder(instance);
  if (!top.allowed.has(node.index) || top.allowed.get(node.index) < 0) return false;
  return (top.counts?.[node.index] ?? 0) < maxPerNode;
}

function whyNotHere(instance: Resource, node: Node): Pick<ScorePart, "source" | "detail"> {
  const whole = holder(instance);
  if (instance.orphan) return { source: `more instances than ${whole.id} is to have` };
  const problem = nodeProblem(node);
  if (problem !== undefined) return { source: problem };
  if (whole.allowed.has(node.index) && whole.allowed.get(node.index) >= 0) {
    return { source: `another instance of ${whole.id} is here` };
  }
  const ban = whole.allowed.parts?.[node.index]?.find(({ score }) => score <= -INFINITY_SCORE);
  return ban ?? { source: `${whole.id} may not run here` };
}

function banUnavailable(ws: WorkingSet, instance: Resource, maxPerNode: number): void {
  for (const node of ws.nodes) {
    if (!instance.allowed.has(node.index) || canRun(instance, node, maxPerNode)) continue;
    const { source, detail } = ws.explain ? whyNotHere(instance, node) : { source: "" };
    for (const { allowed } of [instance, ...instance.children]) {
      // What forbids it already says so itself.
      if (allowed.has(node.index) && allowed.get(node.index) > -INFINITY_SCORE) {
        allowed.ban(node.index, source, detail);
      }
    }
  }
}

function countOn(instance: Resource, node: Node | undefined): void {
  const counts = holder(instance).counts;
  if (node && counts) counts[node.index]! += 1;
}

function* assignInstance(
  ws: WorkingSet,
  instance: Resource,
  prefer: Node | undefined,
  maxPerNode: number,
): NestedWork<Node | undefined> {
  if (instance.assigning) return undefined;
  banUnavailable(ws, instance, maxPerNode);
  const chosen = yield* assign(ws, instance, prefer, prefer === undefined);
  countOn(instance, chosen);
  return chosen;
}

function backupTables(
  resource: Resource,
  backup = new Map<Resource, ScoreTable>(),
): Map<Resource, ScoreTable> {
  backup.set(resource, resource.allowed.copyWithParts());
  for (const child of resource.children) backupTables(child, backup);
  return backup;
}

function restoreTables(backup: ReadonlyMap<Resource, ScoreTable>): void {
  for (const [resource, table] of backup) resource.allowed = table.copyWithParts();
}

/**
 * Tries to leave an instance where it is. If the scores want it elsewhere, one instance is thought
 * reserved for that place and the try repeated, so that as few instances as possible are shuffled.
 */
function* assignEarly(
  ws: WorkingSet,
  instance: Resource,
  current: Node,
  maxPerNode: number,
  available: number,
): NestedWork<boolean> {
  const score = instance.allowed.has(current.index) ? instance.allowed.get(current.index) : -1;
  if (score < 0 || !isAvailable(current)) return false;
  const backup = backupTables(instance);
  const top = holder(instance);
  const counts = top.counts!;
  top.counts = counts.slice();
  let chosen: Node | undefined;
  let reserved = 0;
  while (reserved < available) {
    chosen = yield* assignInstance(ws, instance, current, maxPerNode);
    if (chosen === current) break;
    restoreTables(backup);
    if (!chosen) {
      unassignResource(instance);
      break;
    }
    reserved++;
    unassignResource(instance);
    chosen = undefined;
  }
  top.counts = counts;
  if (!chosen) return false;
  countOn(instance, chosen);
  return true;
}

/** An active, healthy, unassigned instance's node, if that has not enough instances already. */
function preferredNode(instance: Resource, optimalPerNode: number): Node | undefined {
  if (instance.runningOn.length === 0 || !instance.provisional || instance.failed) return undefined;
  const node = currentNode(instance);
  if (!node || !isAvailable(node)) return undefined;
  const top = holder(instance);
  if (top.allowed.has(node.index) && (top.counts?.[node.index] ?? 0) >= optimalPerNode)
    return undefined;
  return node;
}

function resetCounts(ws: WorkingSet, collective: Resource): number {
  collective.counts = new Int32Array(ws.nodes.length);
  let available = 0;
  for (const node of ws.nodes) {
    if (collective.allowed.has(node.index) && isAvailable(node)) available++;
  }
  return available;
}

/** Assigns up to `maxTotal` instances, at most `maxPerNode` to a node, preferably where they are. */
export function* assignInstances(
  ws: WorkingSet,
  collective: Resource,
  instances: readonly Resource[],
  maxTotal: number,
  maxPerNode: number,
): NestedWork {
  const nodes = resetCounts(ws, collective);
  const optimal = Math.max(1, nodes > 0 ? Math.trunc(maxTotal / nodes) : 0);
  let assigned = 0;
  for (const instance of instances) {
    if (assigned >= maxTotal) break;
    if (!instance.provisional) continue;
    const current = preferredNode(instance, optimal);
    if (!current) continue;
    if (yield* assignEarly(ws, instance, current, maxPerNode, maxTotal - assigned)) assigned++;
  }
  for (const instance of instances) {
    if (!instance.provisional) continue;
    if (assigned >= maxTotal) {
      addLocation(ws, instance, undefined, -INFINITY_SCORE, "enough instances elsewhere");
      // It is assigned (to nothing) when its turn comes in the order of actions.
    } else if (yield* assignInstance(ws, instance, undefined, maxPerNode)) {
      assigned++;
    }
  }
}

/** What any instance is about to do. */
interface InstanceStates {
  starting: boolean;
  stopping: boolean;
  restarting: boolean;
  active: boolean;
}

function checkInstance(instance: Resource, states: InstanceStates): void {
  if (instance.variant !== "primitive") {
    for (const child of instance.children) checkInstance(child, states);
    return;
  }
  if (instance.runningOn.length > 0) states.active = true;
  let starting = false;
  let stopping = false;
  for (const action of instance.tasks.get("start") ?? []) {
    if (!action.is(ACT.optional) && action.is(ACT.runnable)) starting = true;
  }
  for (const action of instance.tasks.get("stop") ?? []) {
    if (!action.is(ACT.optional) && action.flags & (ACT.pseudo | ACT.runnable)) stopping = true;
  }
  if (starting) states.starting = true;
  if (stopping) states.stopping = true;
  if (starting && stopping) states.restarting = true;
}

/** Creates the instances' actions, and the marks of the whole. */
export function createInstanceActions(
  ws: WorkingSet,
  collective: Resource,
  instances: readonly Resource[],
): void {
  const states: InstanceStates = {
    starting: false,
    stopping: false,
    restarting: false,
    active: false,
  };
  for (const instance of instances) {
    createActions(ws, instance);
    checkInstance(instance, states);
  }
  const start = pseudoAction(ws, collective, "start", !states.starting, true);
  const started = pseudoAction(ws, collective, "running", !states.starting, false);
  started.priority = INFINITY_SCORE;
  if (states.active || states.starting) started.set(ACT.runnable);
  else started.clear(ACT.runnable);
  const stop = pseudoAction(ws, collective, "stop", !states.stopping, true);
  const stopped = pseudoAction(ws, collective, "stopped", !states.stopping, true);
  stopped.priority = INFINITY_SCORE;
  if (!states.restarting) stop.set(ACT.migratable);
  if (collective.variant === "clone") {
    createCloneNotifications(ws, collective, start, started, stop, stopped);
  }
}

/** The flags of a collective's mark: required if any instance's action is, runnable if any can run. */
export function collectiveActionFlags(
  action: Action,
  instances: readonly Resource[],
  node: Node | undefined,
): number {
  const task = instanceTask(action);
  let flags = ACT.optional | ACT.runnable | ACT.pseudo;
  let anyRunnable = false;
  for (const instance of instances) {
    const own = instance.variant === "primitive" ? node : undefined;
    const same = findByTask(instance, task, own);
    if (!same) continue;
    const instanceFlags = actionFlags(same, node);
    if (flags & ACT.optional && !(instanceFlags & ACT.optional)) {
      flags &= ~ACT.optional;
      action.clear(ACT.optional);
    }
    if (instanceFlags & ACT.runnable) anyRunnable = true;
  }
  if (!anyRunnable) {
    flags &= ~ACT.runnable;
    if (!node) action.clear(ACT.runnable);
  }
  return flags;
}

/** Sorts instances into the order in which they are to be assigned. */
export function sortInstances(ws: WorkingSet, instances: Resource[]): void {
  instances.sort((a, b) => compareInstances(ws, a, b));
}
