import { hasInfluence } from "./colocation.ts";
import { thisWithColocations, withThisColocations } from "./colocation-lists.ts";
import { isAvailable } from "./nodes.ts";
import { activeNode, didFail } from "./resource-state.ts";
import { mergeScores } from "./score-merging.ts";
import { ScoreTable } from "./score-table.ts";
import type { Node, Resource, WorkingSet } from "./working-set.ts";

/** Which of two instances is to be assigned first. */

/** `web:3` → 3; a bundle's `web-docker-2` → 2. */
export function instanceNumber(resource: Resource): number {
  if (resource.instance !== undefined) return resource.instance;
  const match = /[:-](\d+)$/.exec(resource.id);
  return match ? Number(match[1]) : 0;
}

export function compareNumbers(a: Resource, b: Resource): number {
  return instanceNumber(a) - instanceNumber(b);
}

/** The instance's node, or undefined if it is active where it may no longer be. */
function allowedPlace(instance: Resource, node: Node | undefined): Node | undefined {
  if (!node) return undefined;
  const table = instance.allowed;
  return table.has(node.index) && table.get(node.index) >= 0 ? node : undefined;
}

function preferTrue(a: boolean, b: boolean): number {
  return a === b ? 0 : a ? -1 : 1;
}

/** An instance's score where it is, as the colocations with the others see it. */
function colocatedScore(ws: WorkingSet, instance: Resource, node: Node): number {
  let table: ScoreTable = ScoreTable.empty(ws.nodes.length, false);
  table.set(node.index, 0);
  const chain = { ws, target: instance, thisWith: false, active: false };
  for (const c of thisWithColocations(instance)) {
    table = mergeScores({ ...chain, nonNegative: false }, c.primary, c, table);
  }
  for (const c of withThisColocations(instance)) {
    if (!hasInfluence(c, instance)) continue;
    table = mergeScores({ ...chain, nonNegative: true }, c.dependent, c, table);
  }
  return table.get(node.index);
}

function hasColocations(instance: Resource): boolean {
  return thisWithColocations(instance).length + withThisColocations(instance).length > 0;
}

/**
 * Fewer nodes than it should have, an allowed place, priority, being active, a usable node, fewer
 * instances there, not failed, better colocated, lower number: in that order.
 */
export function compareInstances(ws: WorkingSet, a: Resource, b: Resource): number {
  const activeA = activeNode(a);
  const activeB = activeNode(b);
  if (activeA.all > 0 && activeB.all > 0 && activeA.all !== activeB.all)
    return activeA.all - activeB.all;
  const nodeA = allowedPlace(a, activeA.node);
  const nodeB = allowedPlace(b, activeB.node);
  const okA = activeA.node === undefined || nodeA !== undefined;
  const okB = activeB.node === undefined || nodeB !== undefined;
  if (okA !== okB) return preferTrue(okA, okB);
  if (a.priority !== b.priority) return b.priority - a.priority;
  // Among the inactive the order stands: by number, or by an earlier comparison.
  if (!nodeA && !nodeB) return 0;
  if (!nodeA || !nodeB) return nodeA ? -1 : 1;
  const usable = preferTrue(isAvailable(nodeA), isAvailable(nodeB));
  if (usable !== 0) return usable;
  return compareActive(ws, a, b, nodeA, nodeB);
}

function compareActive(ws: WorkingSet, a: Resource, b: Resource, nodeA: Node, nodeB: Node): number {
  const topA = (a.parent ?? a).allowed.has(nodeA.index);
  const topB = (b.parent ?? b).allowed.has(nodeB.index);
  if (!topA && !topB) return compareNumbers(a, b);
  if (topA !== topB) return preferTrue(topA, topB);
  const countA = a.parent?.counts?.[nodeA.index] ?? 0;
  const countB = b.parent?.counts?.[nodeB.index] ?? 0;
  if (countA !== countB) return countA - countB;
  const healthy = preferTrue(!didFail(a), !didFail(b));
  if (healthy !== 0) return healthy;
  if (nodeA !== nodeB && (hasColocations(a) || hasColocations(b))) {
    const difference = colocatedScore(ws, b, nodeB) - colocatedScore(ws, a, nodeA);
    if (difference !== 0) return difference;
  }
  return compareNumbers(a, b);
}
