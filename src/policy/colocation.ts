import { addScores, INFINITY_SCORE } from "../model/score.ts";
import { anyAllowed } from "./nodes.ts";
import { colocationSource, noInstanceOf } from "./plain-reasons.ts";
import { isBundled, outermost, topOf } from "./resource-state.ts";
import { type Colocation, type Node, type Resource, ROLE, type WorkingSet } from "./working-set.ts";

/**
 * Colocation of two primitives (or instances): what an assigned primary means for a dependent
 * (Pacemaker Explained, "Colocation"). What the dependent means for the primary: score-merging.ts.
 */

/** The content of a bundle (not its container and the like). */
function isContent(resource: Resource): boolean {
  return isBundled(resource) && outermost(resource).bundle?.childClone === topOf(resource);
}

/** The node whose attributes count: for what is in a container that may be the container's host. */
function attributeNode(node: Node, resource: Resource): Node | undefined {
  if (node.kind !== "guest") return node;
  const inBundle = node.connection !== undefined && isBundled(node.connection);
  const host =
    (inBundle && isContent(resource)) || resource.meta.get("container-attribute-target") === "host";
  return host ? node.connection?.container?.assignedNode : node;
}

/** A node's value of a colocation attribute; for a guest's contents it may be the host's. */
export function colocationValue(
  node: Node,
  attribute: string,
  resource: Resource,
): string | undefined {
  const owner = attributeNode(node, resource);
  return attribute === "#uname" ? owner?.name : owner?.attributes.get(attribute);
}

/** Are these the same value of a colocation attribute? */
export function sameValue(a: string | undefined, b: string | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && a.toLowerCase() === b.toLowerCase());
}

function roleResource(resource: Resource): Resource {
  return resource.replica?.child ?? resource;
}

/** Does the dependent's wish count for the primary (the `influence` and `critical` options)? */
export function hasInfluence(colocation: Colocation, resource?: Resource): boolean {
  const primary = resource ?? colocation.primary;
  // The connection into a bundle's replica is no reason to move a healthy container.
  if (colocation.dependent.isRemoteConnection && isBundled(colocation.dependent)) {
    if (!primary.failed && primary.runningOn.length === 1) return false;
  }
  return colocation.influence || primary.runningOn.length === 0;
}

/** What a colocation affects at this point of the plan. */
export function colocationAffects(
  dependent: Resource,
  primary: Resource,
  colocation: Colocation,
  preview: boolean,
): "nothing" | "location" | "role" {
  if (!preview && primary.provisional) return "nothing";
  const dependentRole = roleResource(dependent);
  const primaryRole = roleResource(primary);
  if (
    colocation.dependentRole >= ROLE.unpromoted &&
    dependentRole.parent?.isPromotable &&
    !dependentRole.provisional
  ) {
    return "role";
  }
  if (!preview && !dependent.provisional) return "nothing";
  if (
    colocation.dependentRole !== ROLE.unknown &&
    colocation.dependentRole !== dependentRole.nextRole
  ) {
    return "nothing";
  }
  if (colocation.primaryRole !== ROLE.unknown && colocation.primaryRole !== primaryRole.nextRole) {
    return "nothing";
  }
  return "location";
}

/** Applies the score of an assigned primary to the dependent's nodes. */
export function applyToScores(
  ws: WorkingSet,
  dependent: Resource,
  primary: Resource,
  colocation: Colocation,
): void {
  const where = primary.assignedNode;
  const { score, nodeAttribute } = colocation;
  if (!where && score < 0) return;
  const value = where && colocationValue(where, nodeAttribute, primary);
  const work = dependent.allowed.copyWithParts();
  const source = colocationSource(colocation);
  const detail = `with ${primary.id}`;
  for (const node of ws.nodes) {
    if (!work.has(node.index)) continue;
    if (!where) {
      work.add(node.index, -score, source, `${detail}, which will not run`);
    } else if (sameValue(colocationValue(node, nodeAttribute, dependent), value)) {
      if (score < INFINITY_SCORE) work.add(node.index, score, source, detail);
    } else if (score >= INFINITY_SCORE) {
      work.ban(node.index, source, `${detail} on ${where.name}`);
    }
  }
  if (Math.abs(score) >= INFINITY_SCORE || anyAllowed(ws, work)) dependent.allowed = work;
}

/**
 * Applies a role-bound colocation to the promotion priority of an assigned instance. Answers what
 * it added: the group that the instance may be in gets as much.
 */
export function applyToPriority(
  dependent: Resource,
  primary: Resource,
  colocation: Colocation,
): number {
  const where = primary.assignedNode;
  const place = dependent.assignedNode;
  if (!place) return 0;
  if (where && colocation.primaryRole !== ROLE.unknown) {
    if (colocation.primaryRole !== roleResource(primary).nextRole) return 0;
  }
  const attribute = colocation.nodeAttribute;
  const primaryValue = where && colocationValue(where, attribute, primary);
  let sign = colocation.dependentRole === ROLE.unpromoted ? -1 : 1;
  if (!sameValue(colocationValue(place, attribute, dependent), primaryValue)) {
    const mandatory = colocation.score >= INFINITY_SCORE;
    if (!mandatory || colocation.dependentRole !== ROLE.promoted) return 0;
    sign = -1;
  }
  const delta = sign * colocation.score;
  dependent.priority = addScores(delta, dependent.priority);
  return delta;
}

/** Applies a colocation between two primitives, to location or role as the plan stands. */
export function applyPrimitiveColocation(
  ws: WorkingSet,
  dependent: Resource,
  primary: Resource,
  colocation: Colocation,
): number {
  const affects = colocationAffects(dependent, primary, colocation, false);
  if (affects === "role") return applyToPriority(dependent, primary, colocation);
  if (affects === "location") applyToScores(ws, dependent, primary, colocation);
  return 0;
}

/** Forbids a dependent every node that is not in the list; may add the list's scores to the others. */
export function intersectNodes(
  ws: WorkingSet,
  dependent: Resource,
  colocation: Colocation,
  nodes: ReadonlyMap<Node, number>,
  mergeScores: boolean,
): void {
  const source = colocationSource(colocation);
  for (const node of ws.nodes) {
    if (!dependent.allowed.has(node.index)) continue;
    const score = nodes.get(node);
    if (score === undefined) {
      dependent.allowed.ban(node.index, source, noInstanceOf(colocation));
    } else if (mergeScores) {
      dependent.allowed.add(node.index, score, source, `with ${colocation.primary.id}`);
    }
  }
}
