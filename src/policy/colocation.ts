import { addScores, INFINITY_SCORE } from "../model/score.ts";
import { thisWithColocations, withThisColocations } from "./colocation-lists.ts";
import { MergeTrace } from "./merge-trace.ts";
import { anyAllowed, isAllowed, isAvailable } from "./nodes.ts";
import { colocationSource, noInstanceOf } from "./plain-reasons.ts";
import { isBundled, outermost, topOf } from "./resource-state.ts";
import type { ScoreTable } from "./score-table.ts";
import { type Colocation, type Node, type Resource, ROLE, type WorkingSet } from "./working-set.ts";

/**
 * Colocation of two primitives (or instances): what an assigned primary means for a dependent, and
 * how the wishes of dependents, and of theirs, flow back into the primary's scores, weaker with
 * every step (Pacemaker Explained, "Colocation").
 */

/** A node whose merged score would turn negative: out of the reckoning, but not forbidden. */
const UNUSABLE = -100 * INFINITY_SCORE;

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

function sameValue(a: string | undefined, b: string | undefined): boolean {
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

/**
 * The scores that a dependent brings into a merge. A group's location constraints count only for
 * its first member; for another member that is itself named in a colocation they are added here.
 */
function scoresForMerge(ws: WorkingSet, source: Resource, colocation: Colocation): ScoreTable {
  const group = source.parent;
  const named = source === colocation.dependent && colocation.explicit;
  if (!named || group?.variant !== "group" || group.children[0] === source) return source.allowed;
  const table = source.allowed.copy();
  for (const use of ws.locations) {
    if (use.resource !== group || use.roleFilter > ROLE.unknown) continue;
    for (const { node, score } of use.scores) table.add(node.index, score, "");
  }
  return table;
}

function bestScoreMatching(
  ws: WorkingSet,
  source: Resource,
  table: ScoreTable,
  attribute: string,
  value: string | undefined,
): number {
  let best = -INFINITY_SCORE;
  for (const node of ws.nodes) {
    const score = table.scores[node.index]!;
    if (score <= best || !isAvailable(node)) continue;
    if (sameValue(colocationValue(node, attribute, source), value)) best = score;
  }
  return best;
}

function allowedOnOne(ws: WorkingSet, resource: Resource): boolean {
  let count = 0;
  for (const node of ws.nodes) if (resource.allowed.scores[node.index]! >= 0) count++;
  return count === 1;
}

/** How the scores of one resource are merged into a table made for another. */
export interface MergeOptions {
  /** Follow "this with" (for ordering resources by utilization) instead of "with this". */
  readonly thisWith: boolean;
  /** Ignore what would make a node's score negative. */
  readonly nonNegative: boolean;
  /** Roll a merge back that leaves no node. */
  readonly active: boolean;
}

function mergeMatching(
  ws: WorkingSet,
  work: ScoreTable,
  source: Resource,
  target: Resource,
  colocation: Colocation,
  factor: number,
  onlyPositive: boolean,
): void {
  const attribute = colocation.nodeAttribute;
  const byName = attribute === "#uname" && !isBundled(source) && !isBundled(target);
  const scores = scoresForMerge(ws, source, colocation);
  for (const node of ws.nodes) {
    const index = node.index;
    if (!work.has(index)) continue;
    let score: number;
    if (byName) score = isAvailable(node) ? scores.get(index) : -INFINITY_SCORE;
    else {
      const value = colocationValue(node, attribute, target);
      score = bestScoreMatching(ws, source, scores, attribute, value);
    }
    if (factor < 0 && score < 0) {
      // An anti-colocated dependent's dislikes are no wish of the primary, except that a
      // dependent with a single place left is worth making room for.
      const sticky = colocation.primary.stickiness >= -score;
      if (sticky || !hasInfluence(colocation) || !allowedOnOne(ws, colocation.dependent)) continue;
    }
    const before = work.scores[index]!;
    if (before === UNUSABLE) continue;
    const exact = Math.fround(factor * score);
    let delta = Math.trunc(exact < 0 ? exact - 0.5 : exact + 0.5);
    if (delta === 0 && score !== 0) delta = Math.sign(factor);
    const after = addScores(delta, before);
    if (onlyPositive && after < 0 && before > 0) work.set(index, UNUSABLE);
    else if (onlyPositive && after < 0 && before === 0) continue;
    else work.set(index, after);
    ws.mergeTrace?.add(index, work.scores[index]! - before);
  }
}

/**
 * Merges the scores of a resource, and of those colocated with it, into a table, multiplied by a
 * factor that shrinks along the chain. Answers the new table, or the given one if the merge would
 * leave no usable node. A group speaks through its first member (its last for "this with").
 */
export function mergeColocatedScores(
  ws: WorkingSet,
  source: Resource,
  target: Resource | undefined,
  table: ScoreTable | undefined,
  colocation: Colocation | undefined,
  factor: number,
  options: MergeOptions,
): ScoreTable | undefined {
  const speaker = source.variant === "group" ? speakerOf(source, table) : source;
  if (speaker === undefined || speaker.mergingScores) return table;
  const leave = ws.mergeTrace?.enter(source);
  speaker.mergingScores = true;
  const merged = mergeFrom(ws, speaker, target, table, colocation, factor, options);
  speaker.mergingScores = false;
  leave?.();
  return merged;
}

function speakerOf(group: Resource, table: ScoreTable | undefined): Resource | undefined {
  return table ? group.children[0] : group.children[group.children.length - 1];
}

function mergeFrom(
  ws: WorkingSet,
  source: Resource,
  target: Resource | undefined,
  table: ScoreTable | undefined,
  colocation: Colocation | undefined,
  factor: number,
  options: MergeOptions,
): ScoreTable | undefined {
  const mark = ws.mergeTrace?.length ?? 0;
  let work: ScoreTable;
  let onBehalf = target;
  if (!table) {
    work = source.allowed.copy();
    onBehalf = source;
  } else {
    work = table.copy();
    mergeMatching(ws, work, source, target!, colocation!, factor, options.nonNegative);
  }
  if (anyAllowed(ws, work)) {
    work = followChain(ws, source, onBehalf!, work, factor, options);
  } else if (options.active) {
    ws.mergeTrace?.undo(mark);
    return table;
  }
  if (options.nonNegative) {
    for (const node of ws.nodes) if (work.scores[node.index] === UNUSABLE) work.set(node.index, 1);
  }
  return work;
}

/**
 * Where everything is colocated with everything, there are more chains than atoms in the world.
 * After so many steps of one plan (thirty times what the largest sensible cluster takes) wishes no
 * longer travel beyond the next resource; what must and must not be together is not touched.
 */
const MERGES_MAX = 1_000_000;

function followChain(
  ws: WorkingSet,
  source: Resource,
  target: Resource,
  table: ScoreTable,
  factor: number,
  options: MergeOptions,
): ScoreTable {
  let work = table;
  if (ws.merges > MERGES_MAX) return work;
  const deeper = options.active ? options : { ...options, active: true };
  const list = options.thisWith ? thisWithColocations(source) : withThisColocations(source);
  for (const colocation of list) {
    if (!options.thisWith && !hasInfluence(colocation)) continue;
    const other = options.thisWith ? colocation.primary : colocation.dependent;
    ws.merges++;
    const next = Math.fround(Math.fround(factor * colocation.score) / INFINITY_SCORE);
    work = mergeColocatedScores(ws, other, target, work, colocation, next, deeper) ?? work;
  }
  return work;
}

/** Takes the wishes of a dependent (and of its dependents) into the scores of the primary. */
export function addDependentScores(ws: WorkingSet, colocation: Colocation, target: Resource): void {
  if (!hasInfluence(colocation)) return;
  const factor = Math.fround(colocation.score / INFINITY_SCORE);
  const before = target.allowed;
  const trace = before.parts && new MergeTrace();
  ws.mergeTrace = trace;
  const merged = mergeColocatedScores(
    ws,
    colocation.dependent,
    target,
    before,
    colocation,
    factor,
    {
      thisWith: false,
      nonNegative: target.variant === "clone",
      active: true,
    },
  );
  ws.mergeTrace = undefined;
  if (!merged || merged === before) return;
  trace?.explain(ws.nodes, before, merged, colocation);
  target.allowed = merged;
}

/** As `isAllowed`, for a resource's own table. */
export function mayRunOn(resource: Resource, node: Node): boolean {
  return isAllowed(resource.allowed, node);
}
