import { INFINITY_SCORE } from "../model/score.ts";
import { ACT, type Action, ORDER } from "./action.ts";
import { clusterMark } from "./actions.ts";
import { colocationAffects } from "./colocation.ts";
import { thisWithColocations, withThisColocations } from "./colocation-lists.ts";
import { addLocation, isAllowed, sortedNodes } from "./nodes.ts";
import { addOrdering } from "./ordering.ts";
import { isClone, isColocatedGroup } from "./resource-state.ts";
import type { Node, Resource, WorkingSet } from "./working-set.ts";

/** Free capacity of nodes and what resources take of it (Pacemaker Explained, "Utilization"). */

type Amounts = Map<string, number>;

/** Which node has the greater free capacity: negative if the first has, by number of attributes. */
export function compareCapacity(a: Node, b: Node): number {
  let result = 0;
  for (const name of new Set([...a.remaining.keys(), ...b.remaining.keys()])) {
    const left = Math.min(a.remaining.get(name) ?? 0, INFINITY_SCORE);
    const right = Math.min(b.remaining.get(name) ?? 0, INFINITY_SCORE);
    if (left > right) result--;
    else if (left < right) result++;
  }
  return result;
}

export function consumeCapacity(node: Node, resource: Resource): void {
  change(node.remaining, resource.utilization, -1);
}

export function releaseCapacity(node: Node, resource: Resource): void {
  change(node.remaining, resource.utilization, 1);
}

/** Only attributes that the node has count. */
function change(remaining: Amounts, amounts: Amounts, sign: number): void {
  for (const [name, amount] of amounts) {
    const left = remaining.get(name);
    if (left !== undefined) remaining.set(name, left + sign * amount);
  }
}

function sumInto(sum: Amounts, resource: Resource): void {
  for (const [name, amount] of resource.utilization) sum.set(name, (sum.get(name) ?? 0) + amount);
}

function fits(node: Node, amounts: Amounts): boolean {
  for (const [name, amount] of amounts) if (amount > (node.remaining.get(name) ?? 0)) return false;
  return true;
}

/** Every resource that must be where this one is, through any chain of mandatory colocations. */
function colocatedResources(resource: Resource, asker: Resource, found: Set<Resource>): void {
  if (found.has(resource)) return;
  if (resource.variant === "group") {
    const together = isColocatedGroup(resource) || isClone(resource.parent);
    const members = together ? resource.children : resource.children.slice(0, 1);
    for (const member of members) colocatedResources(member, asker, found);
  }
  found.add(resource);
  for (const colocation of thisWithColocations(resource)) {
    const primary = colocation.primary;
    if (primary === asker || colocation.score !== INFINITY_SCORE) continue;
    if (colocationAffects(resource, primary, colocation, true) !== "location") continue;
    colocatedResources(primary, asker, found);
  }
  for (const colocation of withThisColocations(resource)) {
    const dependent = colocation.dependent;
    if (dependent === asker || colocation.score !== INFINITY_SCORE) continue;
    if (isClone(resource) && !isClone(dependent)) continue;
    if (colocationAffects(dependent, resource, colocation, true) !== "location") continue;
    colocatedResources(dependent, asker, found);
  }
}

/** Adds what an unassigned resource will take together with what comes along with it. */
function addUnassigned(resource: Resource, all: ReadonlySet<Resource>, sum: Amounts): void {
  if (!resource.provisional) return;
  switch (resource.variant) {
    case "primitive":
      sumInto(sum, resource);
      return;
    case "group":
      addGroup(resource, all, sum);
      return;
    case "clone":
      addOneInstance(resource, all, sum);
      return;
    case "bundle": {
      const container = resource.bundle?.replicas[0]?.container;
      if (container) sumInto(sum, container);
    }
  }
}

function addGroup(group: Resource, all: ReadonlySet<Resource>, sum: Amounts): void {
  const together = isColocatedGroup(group) || isClone(group.parent);
  const members = together ? group.children : group.children.slice(0, 1);
  for (const member of members) {
    if (member.provisional && !all.has(member)) addUnassigned(member, all, sum);
  }
}

function addOneInstance(clone: Resource, all: ReadonlySet<Resource>, sum: Amounts): void {
  let found = false;
  for (const instance of clone.children) {
    if (all.has(instance)) {
      found = true;
    } else if (instance.children.some((child) => all.has(child))) {
      addUnassigned(instance, all, sum);
      found = true;
    }
  }
  const first = clone.children[0];
  if (!found && first) addUnassigned(first, all, sum);
}

function neededTogether(colocated: ReadonlySet<Resource>): Amounts {
  const sum: Amounts = new Map();
  for (const resource of colocated) addUnassigned(resource, colocated, sum);
  return sum;
}

/**
 * Forbids the nodes that lack the room for a resource, preferably those that lack it for all that
 * must come along. If nowhere has room for all, answers the node with the most.
 */
export function banInsufficientCapacity(ws: WorkingSet, resource: Resource): Node | undefined {
  if (!ws.haveUtilization || ws.options.placementStrategy === "default") return undefined;
  const colocated = new Set<Resource>();
  colocatedResources(resource, resource, colocated);
  colocated.add(resource);
  const together = neededTogether(colocated);
  let mostFree: Node | undefined;
  let anyFits = false;
  for (const node of ws.nodes) {
    if (!resource.allowed.has(node.index) || !isAllowed(resource.allowed, node)) continue;
    if (fits(node, together)) anyFits = true;
    if (!mostFree || compareCapacity(node, mostFree) < 0) mostFree = node;
  }
  const needed = anyFits ? together : resource.utilization;
  const source = anyFits ? "utilization of all that must run together" : "utilization";
  for (const node of sortedNodes(ws, resource.allowed, undefined)) {
    if (isAllowed(resource.allowed, node) && !fits(node, needed)) {
      addLocation(ws, resource, node, -INFINITY_SCORE, source);
    }
  }
  return anyFits ? undefined : mostFree;
}

/** The mark that everything that leaves a node has stopped there, so that its room is free. */
function loadStopped(ws: WorkingSet, node: Node): Action {
  const mark = clusterMark(ws, `load_stopped_${node.name}`);
  if (!mark.node) {
    mark.node = node;
    mark.clear(ACT.optional);
  }
  return mark;
}

/** With utilization, what stops on a node does so before anything starts there or migrates to it. */
export function orderByLoad(ws: WorkingSet, resource: Resource): void {
  for (const node of resource.runningOn) {
    addOrdering(ws, { resource, slot: "stop_0" }, loadStopped(ws, node), ORDER.load);
  }
  for (const node of ws.nodes) {
    if (!resource.allowed.has(node.index)) continue;
    const mark = loadStopped(ws, node);
    addOrdering(ws, mark, { resource, slot: "start_0" }, ORDER.load);
    addOrdering(ws, mark, { resource, slot: "migrate_to_0" }, ORDER.load);
  }
}
