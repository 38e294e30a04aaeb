import { addScores, INFINITY_SCORE } from "../model/score.ts";
import { colocationValue, hasInfluence, sameValue } from "./colocation.ts";
import { isAvailable } from "./nodes.ts";
import { isBundled } from "./resource-state.ts";
import type { ScoreTable } from "./score-table.ts";
import { type Colocation, type Resource, ROLE, type WorkingSet } from "./working-set.ts";

/** One step of a chain of colocations: what a single resource's scores do to the table. */

/** What stays the same along a chain. */
export interface Chain {
  readonly ws: WorkingSet;
  /** Whose table the scores are merged into. */
  readonly target: Resource;
  /** Follow "this with" (for ordering resources by utilization) instead of "with this". */
  readonly thisWith: boolean;
  /** Ignore what would make a node's score negative. */
  readonly nonNegative: boolean;
  /** Roll a merge back that leaves no node; after the first step always so. */
  readonly active: boolean;
}

/** A node whose merged score would turn negative: out of the reckoning, but not forbidden. */
const UNUSABLE = -100 * INFINITY_SCORE;

/** Adds the scores of one resource, multiplied by the factor, to the target's for nodes that match. */
export function mergeMatching(
  { ws, target, nonNegative }: Chain,
  source: Resource,
  colocation: Colocation,
  factor: number,
  work: ScoreTable,
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
    if (nonNegative && after < 0 && before > 0) work.set(index, UNUSABLE);
    else if (nonNegative && after < 0 && before === 0) continue;
    else work.set(index, after);
    ws.mergeTrace?.add(index, work.scores[index]! - before);
  }
}

/** What was put out of the reckoning may be had again, as a last choice. */
export function usableAgain(work: ScoreTable): void {
  const { scores } = work;
  for (let i = 0; i < scores.length; i++) if (scores[i] === UNUSABLE) scores[i] = 1;
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
