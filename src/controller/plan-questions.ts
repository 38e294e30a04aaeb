import type { Instant } from "../core/units.ts";
import type { Plan } from "../model/plan.ts";
import type { CoordinatorContext, Planner } from "./coordinator-ports.ts";
import { PlanMaking } from "./plan-making.ts";

/** What a question is asked of. */
export interface QuestionOffice extends Pick<CoordinatorContext, "planner" | "slicedPlanner"> {
  /** A plan that counts is in the making. */
  readonly isPlanning: boolean;
}

interface Question {
  readonly input: Parameters<Planner>;
  readonly answer: (plan: Plan | undefined) => void;
}

/**
 * Plans that are only looked at: as things are, or as they would be. Nothing waits for them longer
 * than for a slice (PlanMaking); they are made one after the other, while no plan is that counts. That
 * of a small cluster is there at once. The plan is of the moment at which it was asked for; where
 * none can be made the answer is undefined, for the plan that counts fails as well, and that is told.
 */
export class PlanQuestions {
  readonly #office: QuestionOffice;
  readonly #making = new PlanMaking();
  readonly #waiting: Question[] = [];
  #due: Instant | undefined;

  constructor(office: QuestionOffice) {
    this.#office = office;
  }

  nextDeadline(): Instant | undefined {
    return this.#due;
  }

  ask(now: Instant, input: Parameters<Planner>, answer: Question["answer"]): void {
    this.#waiting.push({ input, answer });
    if (this.#waiting.length === 1) this.#proceed(now);
  }

  tick(now: Instant): void {
    if (this.#due !== undefined && this.#due <= now) this.#proceed(now);
  }

  /** Nobody waits for the answers any more. */
  drop(): void {
    this.#waiting.length = 0;
    this.#making.drop();
    this.#due = undefined;
  }

  #proceed(now: Instant): void {
    const first = this.#waiting[0];
    if (first !== undefined && !this.#office.isPlanning) {
      if (!this.#making.underWay) this.#making.begin(this.#office, first.input);
      const plan = this.#making.proceed();
      if (!this.#making.underWay) {
        this.#waiting.shift();
        first.answer(plan);
      }
    }
    this.#due = this.#waiting.length > 0 ? now : undefined;
  }
}
