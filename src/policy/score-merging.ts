import { INFINITY_SCORE } from "../model/score.ts";
import { hasInfluence } from "./colocation.ts";
import { thisWithColocations, withThisColocations } from "./colocation-lists.ts";
import { type Chain, mergeMatching, usableAgain } from "./merge-matching.ts";
import { MergeTrace } from "./merge-trace.ts";
import { anyAllowed } from "./nodes.ts";
import type { ScoreTable } from "./score-table.ts";
import type { Work } from "./work.ts";
import type { Colocation, Resource, WorkingSet } from "./working-set.ts";

/**
 * How the wishes of those who are to be where a resource is, and of theirs, flow into its scores:
 * from one to the next along a chain of colocations, weaker with every step.
 */

/**
 * Where everything is colocated with everything, there are more chains than atoms in the world.
 * After so many steps of one plan (thirty times what the largest sensible cluster takes) wishes no
 * longer travel beyond the next resource; what must and must not be together is not touched.
 */
const MERGES_MAX = 1_000_000;

/**
 * Nor do they after so many steps without a pause, which is five times as many as such a cluster takes
 * to assign a resource and all that it depends on. Sixteen milliseconds with 32 nodes.
 */
const MERGES_AT_ONCE = 10_000;

/** Nor farther than this, which is as far as the stack is certain to reach. */
const CHAIN_MAX = 500;

/** A step takes so much time for every node, in units of work. */
const UNITS_PER_SCORE = 1 / 200;

/** What the steps since the last pause were, in units of work. A pause is to follow. */
export function mergingUnits(ws: WorkingSet): number {
  const steps = ws.merges - ws.mergesBeforePause;
  ws.mergesBeforePause = ws.merges;
  return steps * ws.nodes.length * UNITS_PER_SCORE;
}

/** Takes the wishes of a dependent (and of its dependents) into the scores of the primary. */
export function* addDependentScores(
  ws: WorkingSet,
  colocation: Colocation,
  target: Resource,
): Work {
  if (!hasInfluence(colocation)) return;
  const before = target.allowed;
  const trace = before.parts && new MergeTrace();
  ws.mergeTrace = trace;
  const nonNegative = target.variant === "clone";
  const chain = { ws, target, thisWith: false, nonNegative, active: true };
  const merged = mergeScores(chain, colocation.dependent, colocation, before);
  ws.mergeTrace = undefined;
  if (merged !== before) {
    trace?.explain(ws.nodes, before, merged, colocation);
    target.allowed = merged;
  }
  yield mergingUnits(ws);
}

/**
 * Merges the scores of a resource, and of those colocated with it, into a table. Answers the new
 * table, or the given one if the merge would leave no usable node.
 */
export function mergeScores(
  chain: Chain,
  source: Resource,
  colocation: Colocation,
  table: ScoreTable,
): ScoreTable {
  return mergeFrom(chain, source, colocation, weaker(1, colocation), table);
}

/** The scores of a resource with those of all that it is to be with; a group's are its last member's. */
export function scoresWithPrimaries(ws: WorkingSet, resource: Resource): ScoreTable | undefined {
  const target = resource.variant === "group" ? resource.children.at(-1) : resource;
  if (target === undefined) return undefined;
  const chain = { ws, target, thisWith: true, nonNegative: false, active: false };
  const table = target.allowed.copy();
  target.mergingScores = true;
  const merged = anyAllowed(ws, table) ? followChain(chain, target, 1, table) : table;
  target.mergingScores = false;
  return merged;
}

function weaker(factor: number, { score }: Colocation): number {
  return Math.fround(Math.fround(factor * score) / INFINITY_SCORE);
}

/** A group speaks through its first member; what already speaks further up is not asked again. */
function mergeFrom(
  chain: Chain,
  source: Resource,
  colocation: Colocation,
  factor: number,
  table: ScoreTable,
): ScoreTable {
  chain.ws.merges++;
  const speaker = source.variant === "group" ? source.children[0] : source;
  if (speaker === undefined || speaker.mergingScores) return table;
  const leave = chain.ws.mergeTrace?.enter(source);
  speaker.mergingScores = true;
  const merged = mergeSpeaker(chain, speaker, colocation, factor, table);
  speaker.mergingScores = false;
  leave?.();
  return merged;
}

function mergeSpeaker(
  chain: Chain,
  source: Resource,
  colocation: Colocation,
  factor: number,
  table: ScoreTable,
): ScoreTable {
  const { ws, nonNegative, active } = chain;
  const mark = ws.mergeTrace?.length ?? 0;
  let work = table.copy();
  mergeMatching(chain, source, colocation, factor, work);
  if (anyAllowed(ws, work)) {
    work = followChain(chain, source, factor, work);
  } else if (active) {
    ws.mergeTrace?.undo(mark);
    return table;
  }
  if (nonNegative) usableAgain(work);
  return work;
}

function followChain(
  chain: Chain,
  source: Resource,
  factor: number,
  table: ScoreTable,
): ScoreTable {
  const { ws, thisWith } = chain;
  if (ws.merges > MERGES_MAX || ws.merges - ws.mergesBeforePause > MERGES_AT_ONCE) return table;
  if (ws.mergeDepth >= CHAIN_MAX) return table;
  ws.mergeDepth++;
  const deeper = chain.active ? chain : { ...chain, active: true };
  const list = thisWith ? thisWithColocations(source) : withThisColocations(source);
  let work = table;
  for (const colocation of list) {
    if (!thisWith && !hasInfluence(colocation)) continue;
    const other = thisWith ? colocation.primary : colocation.dependent;
    work = mergeFrom(deeper, other, colocation, weaker(factor, colocation), work);
  }
  ws.mergeDepth--;
  return work;
}
