import { addScores, INFINITY_SCORE } from "../model/score.ts";
import { ORDER } from "./action.ts";
import { assignResource } from "./assign.ts";
import { intersectNodes } from "./colocation.ts";
import { thisWithColocations, withThisColocations } from "./colocation-lists.ts";
import { assignInstances, createInstanceActions, sortInstances } from "./instances.ts";
import { compatibleInstance } from "./interleave.ts";
import { orderTasks } from "./ordering.ts";
import {
  addPromotionScores,
  applyToPromotable,
  createPromotableActions,
  orderPromotable,
  setInstanceRoles,
} from "./promotable.ts";
import { anyBlocked, locationOf } from "./resource-state.ts";
import { addDependentScores } from "./score-merging.ts";
import { addInternalConstraints, applyColocation, assign } from "./variant.ts";
import type { NestedWork } from "./work.ts";
import { type Colocation, type Node, type Resource, ROLE, type WorkingSet } from "./working-set.ts";

/** Clones: several instances of one primitive or group. */

export function* assignClone(ws: WorkingSet, clone: Resource): NestedWork<undefined> {
  if (!clone.provisional || clone.assigning) return;
  clone.assigning = true;
  if (clone.isPromotable) addPromotionScores(ws, clone);
  for (const c of thisWithColocations(clone)) yield* assign(ws, c.primary, undefined, true);
  for (const c of withThisColocations(clone)) yield* addDependentScores(ws, c, clone);
  sortInstances(ws, clone.children);
  yield* assignInstances(ws, clone, clone.children, clone.cloneMax, clone.cloneNodeMax);
  if (clone.isPromotable) setInstanceRoles(ws, clone);
  clone.provisional = false;
  clone.assigning = false;
}

export function createCloneActions(ws: WorkingSet, clone: Resource): void {
  createInstanceActions(ws, clone, clone.children);
  if (clone.isPromotable) createPromotableActions(ws, clone);
}

export function constrainClone(ws: WorkingSet, clone: Resource): void {
  orderTasks(ws, clone, "stopped", clone, "start", ORDER.ordered);
  orderTasks(ws, clone, "start", clone, "running", ORDER.unrunnableFirstBlocks);
  orderTasks(ws, clone, "stop", clone, "stopped", ORDER.unrunnableFirstBlocks);
  if (clone.isPromotable) {
    orderTasks(ws, clone, "demoted", clone, "stop", ORDER.ordered);
    orderTasks(ws, clone, "running", clone, "promote", ORDER.unrunnableFirstBlocks);
  }
  clone.children.forEach((instance, i) => {
    addInternalConstraints(ws, instance);
    const up = ORDER.unrunnableFirstBlocks | ORDER.nextGraphsFirst;
    orderTasks(ws, clone, "start", instance, "start", up);
    orderTasks(ws, instance, "start", clone, "running", ORDER.firstGraphsNext);
    orderTasks(ws, clone, "stop", instance, "stop", ORDER.nextGraphsFirst);
    orderTasks(ws, instance, "stop", clone, "stopped", ORDER.firstGraphsNext);
    if (!clone.ordered) return;
    // Only some may start or stop, so each is ordered against every later one.
    for (const later of clone.children.slice(i + 1)) {
      orderTasks(ws, instance, "start", later, "start", ORDER.ordered);
      orderTasks(ws, later, "stop", instance, "stop", ORDER.ordered);
    }
  });
  if (clone.isPromotable) orderPromotable(ws, clone);
}

/** Instances per node must agree for an instance to have exactly one partner. */
export function canInterleaveColocation(ws: WorkingSet, colocation: Colocation): boolean {
  const { dependent, primary } = colocation;
  if (dependent.variant !== "clone" && dependent.variant !== "bundle") return false;
  if (!dependent.interleave) return false;
  if (perNode(dependent) === perNode(primary)) return true;
  ws.notice(
    "error",
    "INTERLEAVE",
    `${dependent.id} and ${primary.id} differ in instances per node and cannot be interleaved`,
  );
  return false;
}

function perNode(resource: Resource): number {
  return resource.bundle ? resource.bundle.replicasPerHost : resource.cloneNodeMax;
}

/** "X with clone": with an instance of its own node if interleaved, else with any instance. */
export function applyCloneColocation(
  ws: WorkingSet,
  dependent: Resource,
  clone: Resource,
  colocation: Colocation,
): number {
  if (clone.provisional) return 0;
  if (clone.isPromotable && colocation.primaryRole !== ROLE.unknown) {
    const delta = applyToPromotable(ws, dependent, clone, colocation);
    if (delta !== undefined) return delta;
  }
  const mandatory = colocation.score >= INFINITY_SCORE;
  if (canInterleaveColocation(ws, colocation)) {
    const partner = compatibleInstance(ws, dependent, clone, ROLE.unknown, false);
    if (partner) return applyColocation(ws, dependent, partner, colocation);
    if (mandatory) assignResource(ws, dependent, undefined, true, true);
    return 0;
  }
  if (mandatory) {
    const nodes = new Map<Node, number>();
    for (const instance of clone.children) {
      const node = locationOf(instance, false);
      if (node && !anyBlocked(instance)) nodes.set(node, instance.allowed.get(node.index));
    }
    intersectNodes(ws, dependent, colocation, nodes, false);
    return 0;
  }
  let delta = 0;
  for (const instance of clone.children) {
    delta = addScores(delta, applyColocation(ws, dependent, instance, colocation));
  }
  return delta;
}
