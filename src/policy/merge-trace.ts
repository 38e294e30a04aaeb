import { colocationSource } from "./plain-reasons.ts";
import type { ScoreTable } from "./score-table.ts";
import type { Colocation, Node, Resource } from "./working-set.ts";

/** What one resource of a chain of colocations has changed about a node. */
interface Step {
  readonly index: number;
  /** From the direct dependent to the resource whose wish it is. */
  readonly path: readonly string[];
  readonly change: number;
}

/** Whose wishes come into a score through colocations, and by way of whom. Only while explaining. */
export class MergeTrace {
  #path: readonly string[] = [];
  #steps: Step[] = [];

  /** Follows the chain to a resource; answers how to come back. */
  enter(resource: Resource): () => void {
    const before = this.#path;
    const group = resource.parent?.variant === "group" ? resource.parent.id : undefined;
    // A group speaks through one of its members.
    if (group === undefined || before.at(-1) !== group) this.#path = [...before, resource.id];
    return () => {
      this.#path = before;
    };
  }

  add(index: number, change: number): void {
    if (change !== 0) this.#steps.push({ index, path: this.#path, change });
  }

  get length(): number {
    return this.#steps.length;
  }

  /** Forgets what a merge had done that is rolled back. */
  undo(length: number): void {
    this.#steps.length = length;
  }

  /** Says in the score table what has changed since `before`, and through which chain. */
  explain(
    nodes: readonly Node[],
    before: ScoreTable,
    after: ScoreTable,
    colocation: Colocation,
  ): void {
    after.parts = before.parts;
    const source = colocationSource(colocation);
    for (const { index } of nodes) {
      const change = after.get(index) - before.get(index);
      if (change === 0) continue;
      for (const step of this.#stepsOn(index, change, colocation)) {
        after.explain(index, source, step.change, wish(step));
      }
    }
  }

  /** Where infinities or limits hide what each has done, the direct dependent has done it all. */
  #stepsOn(index: number, change: number, { dependent }: Colocation): Step[] {
    const steps = this.#steps.filter((step) => step.index === index);
    const sum = steps.reduce((total, step) => total + step.change, 0);
    return sum === change ? steps : [{ index, path: [dependent.id], change }];
  }
}

function wish({ path, change }: Step): string {
  const [whose, ...way] = path.toReversed();
  const through = way.length === 0 ? "" : `, by way of ${way.join(" and ")}`;
  return `where ${whose} would ${change > 0 ? "rather" : "not"} be${through}`;
}
