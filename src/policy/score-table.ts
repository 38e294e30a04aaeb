import type { ScorePart } from "../model/plan.ts";
import { addScores, INFINITY_SCORE, type Score } from "../model/score.ts";

/** Marks a node that a resource may not even be considered for (as opposed to banned). */
const ABSENT = -2 * INFINITY_SCORE;

/**
 * A resource's score for every node, by node index. Tables are copied for every tentative merge of
 * colocation scores, so they are one typed array, not a map of objects.
 */
export class ScoreTable {
  readonly scores: Int32Array;
  /** Where the scores came from; only while explaining. */
  parts: (ScorePart[] | undefined)[] | undefined;

  constructor(scores: Int32Array, explain: boolean) {
    this.scores = scores;
    this.parts = explain ? new Array(scores.length) : undefined;
  }

  static empty(nodeCount: number, explain: boolean): ScoreTable {
    return new ScoreTable(new Int32Array(nodeCount).fill(ABSENT), explain);
  }

  has(index: number): boolean {
    return this.scores[index]! !== ABSENT;
  }

  get(index: number): Score {
    const score = this.scores[index]!;
    return Math.max(score, -INFINITY_SCORE);
  }

  set(index: number, score: Score): void {
    this.scores[index] = score;
  }

  /** Whatever else speaks for the node: the resource may not run there. */
  ban(index: number, source: string, detail?: string): void {
    this.scores[index] = -INFINITY_SCORE;
    this.explain(index, source, -INFINITY_SCORE, detail);
  }

  /** Whatever else was said of the node: this is its score. */
  overrule(index: number, score: Score, source: string): void {
    this.scores[index] = score;
    if (this.parts) this.parts[index] = [{ source, score }];
  }

  delete(index: number): void {
    this.scores[index] = ABSENT;
    if (this.parts) this.parts[index] = undefined;
  }

  /** Every node that is not in the table yet joins it, with the score 0. */
  allowAll(): void {
    const { scores } = this;
    for (let i = 0; i < scores.length; i++) if (scores[i] === ABSENT) scores[i] = 0;
  }

  /** Adds to the score of a node; a node not in the table joins it with that score. */
  add(index: number, score: Score, source: string, detail?: string): void {
    const before = this.scores[index]!;
    this.scores[index] = before === ABSENT ? addScores(0, score) : addScores(before, score);
    if (this.parts && score !== 0) this.explain(index, source, score, detail);
  }

  explain(index: number, source: string, score: Score, detail?: string): void {
    if (!this.parts) return;
    const part: ScorePart = detail === undefined ? { source, score } : { source, score, detail };
    const list = this.parts[index];
    if (list) list.push(part);
    else this.parts[index] = [part];
  }

  /** A copy that a tentative computation may change; it does not collect reasons. */
  copy(): ScoreTable {
    return new ScoreTable(this.scores.slice(), false);
  }

  /** A copy that carries the reasons along. */
  copyWithParts(): ScoreTable {
    const table = new ScoreTable(this.scores.slice(), this.parts !== undefined);
    if (this.parts) table.parts = this.parts.map((list) => list?.slice());
    return table;
  }
}
