import type { OperationResult } from "../model/operation.ts";

/**
 * The answers given last, so that a DC which asks again (its first question or our answer was lost
 * with a restarted channel) gets the same answer and the agent does not run twice.
 */
export class AnswerMemory {
  readonly #answers = new Map<string, OperationResult>();
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  get(term: number, key: string): OperationResult | undefined {
    return this.#answers.get(label(term, key));
  }

  remember(result: OperationResult): void {
    const name = label(result.term, result.key);
    this.#answers.delete(name);
    this.#answers.set(name, result);
    if (this.#answers.size <= this.#max) return;
    const oldest = this.#answers.keys().next().value;
    if (oldest !== undefined) this.#answers.delete(oldest);
  }
}

function label(term: number, key: string): string {
  return `${term}/${key}`;
}
