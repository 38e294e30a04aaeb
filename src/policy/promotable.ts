import { addScores, INFINITY_SCORE, parseLooseScore } from "../model/score.ts";
import { ACT, ORDER } from "./action.ts";
import { pseudoAction, setNextRole } from "./actions.ts";
import { colocationValue, hasInfluence, intersectNodes } from "./colocation.ts";
import { thisWithColocations, withThisColocations } from "./colocation-lists.ts";
import { compareInstances } from "./instance-order.ts";
import { compatibleInstance } from "./interleave.ts";
import { guestWillRun, isAvailable } from "./nodes.ts";
import { createPromotionNotifications } from "./notify.ts";
import { orderTasks } from "./ordering.ts";
import { locationOf, primitivesOf, roleOf, topOf } from "./resource-state.ts";
import { mergeScores } from "./score-merging.ts";
import { banPromotionWithoutTicket } from "./tickets.ts";
import { applyColocation, createActions } from "./variant.ts";
import { type Colocation, type Node, type Resource, ROLE, type WorkingSet } from "./working-set.ts";

/**
 * Promotable clones: who is promoted. Each agent says how fit its node is (the node attribute
 * `master-<resource>`); constraints for the promoted role add to that.
 */

function counterpart(instance: Resource, baseId: string): Resource | undefined {
  return primitivesOf(instance).find((primitive) => primitive.baseId === baseId);
}

/** Does the promotion score of this instance count on that node: is its state known there? */
function scoreApplies(resource: Resource, node: Node): boolean {
  const table = resource.allowed;
  const allowed = table.has(node.index) && table.get(node.index) >= 0;
  const clone = topOf(resource);
  if (!clone.isUnique) {
    const peers = clone.children.map((instance) => counterpart(instance, resource.baseId));
    const active = peers.find((peer) => peer?.runningOn.includes(node));
    if (active === resource) return allowed;
    if (!active && peers.some((peer) => peer?.knownOn.has(node))) return allowed;
  }
  if (resource.runningOn.length === 0 && resource.knownOn.size === 0) return allowed;
  return allowed && (resource.knownOn.has(node) || resource.runningOn.includes(node));
}

/** A promotion score attribute; that of a container's content may be its host's. */
function attributeOf(resource: Resource, node: Node, name: string): string | undefined {
  if (node.kind === "guest" && resource.meta.get("container-attribute-target") === "host") {
    const container = node.connection?.container;
    const host = resource.provisional ? container?.runningOn[0] : container?.assignedNode;
    return host?.attributes.get(name);
  }
  return node.attributes.get(name);
}

/** The promotion score of an instance on a node; undefined if nobody has given one. */
function promotionScore(resource: Resource, node: Node): number | undefined {
  if (resource.children.length > 0) {
    let sum: number | undefined;
    for (const child of resource.children) {
      const score = promotionScore(child, node);
      if (score !== undefined) sum = (sum ?? 0) + score;
    }
    return sum;
  }
  if (!scoreApplies(resource, node)) return undefined;
  const recorded = resource.historyId ?? resource.id;
  let text = attributeOf(resource, node, `master-${recorded}`);
  if (text === undefined && !resource.isUnique)
    text = attributeOf(resource, node, `master-${resource.baseId}`);
  if (text === undefined) return undefined;
  return parseLooseScore(text) ?? 0;
}

/** Lets instances prefer the nodes where they would be promoted. */
export function addPromotionScores(ws: WorkingSet, clone: Resource): void {
  if (clone.promotionAdded) return;
  clone.promotionAdded = true;
  for (const instance of clone.children) {
    for (const node of ws.nodes) {
      if (!instance.allowed.has(node.index) || !isAvailable(node)) continue;
      const score = promotionScore(instance, node) ?? 0;
      if (score > 0) instance.allowed.add(node.index, score, "promotion score");
      if (score > instance.priority) instance.priority = score;
    }
  }
}

function setCurrentUnpromoted(resource: Resource): void {
  if (resource.role === ROLE.started) resource.role = ROLE.unpromoted;
  for (const child of resource.children) setCurrentUnpromoted(child);
}

function setNextUnpromoted(resource: Resource): void {
  const active = primitivesOf(resource).some((primitive) => primitive.assignedNode);
  if (active) setNextRole(resource, ROLE.unpromoted, "unpromoted instance");
  else setNextRole(resource, ROLE.stopped, "stopped instance");
  for (const child of resource.children) setNextUnpromoted(child);
}

function setNextPromoted(resource: Resource): void {
  if (resource.nextRole === ROLE.unknown) setNextRole(resource, ROLE.promoted, "promoted instance");
  for (const child of resource.children) setNextPromoted(child);
}

function addPromotedLocations(
  ws: WorkingSet,
  instance: Resource,
  owner: Resource,
  node: Node,
): void {
  for (const location of ws.promotedLocations.get(owner) ?? []) {
    for (const entry of location.scores) {
      if (entry.node === node) instance.priority = addScores(instance.priority, entry.score);
    }
  }
}

function setPriority(ws: WorkingSet, clone: Resource, instance: Resource): void {
  if (roleOf(instance, true) === ROLE.started) setCurrentUnpromoted(instance);
  const node = locationOf(instance, false);
  if (!node) return;
  const next = roleOf(instance, false);
  if (next === ROLE.started || next === ROLE.unknown) {
    instance.priority = promotionScore(instance, node) ?? -1;
  } else if (next === ROLE.unpromoted || next === ROLE.stopped) {
    instance.priority = -INFINITY_SCORE;
  }
  addPromotedLocations(ws, instance, instance, node);
  addPromotedLocations(ws, instance, clone, node);
  for (const c of thisWithColocations(instance)) applyColocation(ws, instance, c.primary, c);
  instance.sortIndex = next === ROLE.promoted ? INFINITY_SCORE : instance.priority;
}

function mergePromoted(ws: WorkingSet, clone: Resource, c: Colocation): void {
  const chain = { ws, target: clone, thisWith: false, nonNegative: true, active: true };
  const merged = mergeScores(chain, c.dependent, c, clone.allowed);
  if (merged !== clone.allowed) {
    merged.parts ??= clone.allowed.parts;
    clone.allowed = merged;
  }
}

/** Is the plan under way about to promote this instance? */
function isDecided(ws: WorkingSet, clone: Resource, instance: Resource): boolean {
  const node = locationOf(instance, false);
  return node !== undefined && (ws.promoting.get(clone.id)?.includes(node.name) ?? false);
}

/** Orders the instances by how much they ought to be promoted. */
function sortPromotable(ws: WorkingSet, clone: Resource): void {
  if (clone.promotionSorted) return;
  clone.promotionSorted = true;
  clone.mergingScores = true;
  for (const instance of clone.children) {
    const node = locationOf(instance, false);
    if (instance.sortIndex < 0 || !node) continue;
    clone.allowed.add(node.index, instance.sortIndex, `promotion of ${instance.id}`);
  }
  // "This with" colocations are in the priorities already.
  for (const c of withThisColocations(clone)) {
    if (c.primaryRole !== ROLE.promoted || !hasInfluence(c)) continue;
    mergePromoted(ws, clone, c);
  }
  banPromotionWithoutTicket(ws, clone);
  for (const instance of clone.children) {
    const node = locationOf(instance, false);
    if (!instance.managed && instance.nextRole === ROLE.promoted)
      instance.sortIndex = INFINITY_SCORE;
    else if (!node) instance.sortIndex = -INFINITY_SCORE;
    else if (instance.sortIndex >= 0) instance.sortIndex = clone.allowed.get(node.index);
  }
  clone.children.sort((a, b) => {
    if (a.sortIndex !== b.sortIndex) return b.sortIndex - a.sortIndex;
    const roles = roleOf(b, true) - roleOf(a, true);
    if (roles !== 0) return roles;
    const decided = Number(isDecided(ws, clone, b)) - Number(isDecided(ws, clone, a));
    return decided !== 0 ? decided : compareInstances(ws, a, b);
  });
  clone.mergingScores = false;
}

/** The node where an instance (and every member of it) can be promoted. */
function promotionNode(ws: WorkingSet, clone: Resource, resource: Resource): Node | undefined {
  for (const child of resource.children) {
    if (!promotionNode(ws, clone, child)) return undefined;
  }
  const node = locationOf(resource, false);
  if (!node) return undefined;
  if (!resource.managed) {
    if (roleOf(resource, true) !== ROLE.promoted) return undefined;
  } else if (resource.priority < 0 || !isAvailable(node) || !guestWillRun(node)) {
    return undefined;
  }
  if (!clone.allowed.has(node.index)) return undefined;
  const full = (clone.counts?.[node.index] ?? 0) >= clone.promotedNodeMax;
  return full && resource.managed ? undefined : node;
}

/** Chooses the instances to be promoted, the best first, up to `promoted-max`. */
export function setInstanceRoles(ws: WorkingSet, clone: Resource): void {
  clone.counts = new Int32Array(ws.nodes.length);
  for (const instance of clone.children) setPriority(ws, clone, instance);
  sortPromotable(ws, clone);
  let promoted = 0;
  for (const instance of clone.children) {
    let node: Node | undefined;
    if (instance.sortIndex >= 0 && (promoted < clone.promotedMax || !clone.managed)) {
      node = promotionNode(ws, clone, instance);
    }
    const frozen = !ws.quorate && ws.options.noQuorumPolicy === "freeze";
    if (!node || (instance.role < ROLE.promoted && frozen)) {
      setNextUnpromoted(instance);
      continue;
    }
    clone.counts[node.index]! += 1;
    setNextPromoted(instance);
    promoted++;
  }
}

function roleChanges(resource: Resource): { promoting: boolean; demoting: boolean } {
  const required = (task: string): boolean =>
    primitivesOf(resource).some((p) => p.tasks.get(task)?.some((a) => !a.is(ACT.optional)));
  return { promoting: required("promote"), demoting: required("demote") };
}

export function createPromotableActions(ws: WorkingSet, clone: Resource): void {
  let promoting = false;
  let demoting = false;
  for (const instance of clone.children) {
    createActions(ws, instance);
    const changes = roleChanges(instance);
    promoting ||= changes.promoting;
    demoting ||= changes.demoting;
  }
  const promote = pseudoAction(ws, clone, "promote", !promoting, true);
  const promoted = pseudoAction(ws, clone, "promoted", !promoting, true);
  promoted.priority = INFINITY_SCORE;
  const demote = pseudoAction(ws, clone, "demote", !demoting, true);
  const demoted = pseudoAction(ws, clone, "demoted", !demoting, true);
  demoted.priority = INFINITY_SCORE;
  createPromotionNotifications(ws, clone, promote, promoted, demote, demoted);
  for (const instance of clone.children) instance.priority = clone.priority;
}

/** Everything of a clone or bundle is demoted before it stops, and started before it is promoted. */
export function orderRestarts(ws: WorkingSet, clone: Resource): void {
  for (const [first, next] of [
    ["stopped", "start"],
    ["stopped", "promote"],
    ["demoted", "stop"],
    ["demoted", "start"],
    ["demoted", "promote"],
    ["running", "promote"],
    ["demote", "demoted"],
  ] as const) {
    orderTasks(ws, clone, first, clone, next, ORDER.ordered);
  }
}

export function orderPromotable(ws: WorkingSet, clone: Resource): void {
  orderRestarts(ws, clone);
  let previous: Resource | undefined;
  for (const instance of clone.children) {
    orderTasks(ws, instance, "demote", instance, "promote", ORDER.ordered);
    orderTasks(ws, clone, "promote", instance, "promote", ORDER.ordered);
    orderTasks(ws, instance, "promote", clone, "promoted", ORDER.ordered);
    orderTasks(ws, clone, "demote", instance, "demote", ORDER.nextGraphsFirst);
    orderTasks(ws, instance, "demote", clone, "demoted", ORDER.firstGraphsNext);
    if (previous && clone.ordered) {
      orderTasks(ws, previous, "promote", instance, "promote", ORDER.ordered);
      orderTasks(ws, instance, "demote", previous, "demote", ORDER.ordered);
    }
    previous = instance;
  }
}

/** Applies "X with clone in a role" to X; undefined if it is to be treated as an ordinary one. */
export function applyToPromotable(
  ws: WorkingSet,
  dependent: Resource,
  clone: Resource,
  c: Colocation,
): number | undefined {
  if (dependent.provisional) {
    colocateDependent(ws, dependent, clone, c);
    return 0;
  }
  if (c.dependentRole !== ROLE.promoted) return undefined;
  const partner = compatibleInstance(ws, dependent, clone, c.primaryRole, false);
  let delta = 0;
  if (partner) delta = c.score;
  else if (c.score >= INFINITY_SCORE) delta = -INFINITY_SCORE;
  dependent.priority = addScores(delta, dependent.priority);
  return delta;
}

function colocateDependent(
  ws: WorkingSet,
  dependent: Resource,
  clone: Resource,
  c: Colocation,
): void {
  const nodes = new Map<Node, number>();
  for (const instance of clone.children) {
    const place = locationOf(instance, false);
    if (!place || roleOf(instance, false) !== c.primaryRole) continue;
    nodes.set(place, instanceScore(instance, place));
    if (c.score >= INFINITY_SCORE) continue;
    const value = colocationValue(place, c.nodeAttribute, clone);
    for (const node of ws.nodes) {
      if (!dependent.allowed.has(node.index)) continue;
      if (colocationValue(node, c.nodeAttribute, dependent) !== value) continue;
      dependent.allowed.add(node.index, c.score, `colocation ${c.id}`, `with ${instance.id}`);
    }
  }
  const bothPromoted = c.dependentRole === ROLE.promoted && c.primaryRole === ROLE.promoted;
  if (c.score >= INFINITY_SCORE && !bothPromoted) intersectNodes(ws, dependent, c, nodes, true);
}

/** The score with which an instance was assigned to its node: none for one that is just left there. */
function instanceScore(instance: Resource, node: Node): number {
  const primitive = primitivesOf(instance)[0] ?? instance;
  if (!primitive.managed) return 0;
  return primitive.allowed.has(node.index) ? primitive.allowed.get(node.index) : 0;
}
