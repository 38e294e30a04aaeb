import type { WallTime } from "../core/units.ts";
import type { Plan } from "../model/plan.ts";
import { doSlice, inOneGo, type Work } from "../policy/work.ts";
import type { CoordinatorContext, Planner } from "./coordinator-ports.ts";

type Planners = Pick<CoordinatorContext, "planner" | "slicedPlanner">;

/** How much of a defect's stack is told. */
const STACK_LINES = 6;

/** The engine threw instead of making a plan: what it said, since when, and how often by now. */
export interface PlanProblem {
  readonly message: string;
  readonly where: readonly string[];
  readonly since: WallTime;
  readonly times: number;
}

/**
 * A plan in the making, slice by slice: with a thousand resources it takes some hundred
 * milliseconds, and requests and other members' messages are not to wait for so long. A small
 * cluster's plan is made in the first slice. One that is disturbed and begun anew has slices twice as
 * long as before, or where much goes on it would never be made.
 *
 * A defect of the engine must not take the daemon down, nor its resources: whatever it throws ends
 * here. There is no plan then, and `problem` says why, until one is made again.
 */
export class PlanMaking {
  #work: Work<Plan> | undefined;
  #disturbances = 0;
  #wall: WallTime = 0;
  #problem: PlanProblem | undefined;

  get underWay(): boolean {
    return this.#work !== undefined;
  }

  /** Why the last plan could not be made; undefined: it was made. */
  get problem(): PlanProblem | undefined {
    return this.#problem;
  }

  /** Begins a plan; one under way is given up, for it started from what is no longer so. */
  begin({ planner, slicedPlanner }: Planners, input: Parameters<Planner>): void {
    this.#disturbances = this.underWay ? this.#disturbances + 1 : 0;
    this.#wall = input[2];
    this.#work = this.#guarded(() => slicedPlanner?.(...input) ?? inOneGo(() => planner(...input)));
  }

  /** Gives up the plan under way. */
  drop(): void {
    this.#work = undefined;
  }

  /** Does the next slice; answers with the plan once it is made. */
  proceed(): Plan | undefined {
    const work = this.#work;
    if (work === undefined) return undefined;
    const slice = this.#guarded(() => doSlice(work, 2 ** this.#disturbances));
    if (slice?.done === false) return undefined;
    this.#work = undefined;
    if (slice !== undefined) this.#problem = undefined;
    return slice?.value;
  }

  #guarded<T>(act: () => T): T | undefined {
    try {
      return act();
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const before = this.#problem;
      const where =
        error instanceof Error ? (error.stack ?? "").split("\n", STACK_LINES).slice(1) : [];
      this.#problem =
        before?.message === message
          ? { ...before, times: before.times + 1 }
          : { message, where, since: this.#wall, times: 1 };
      return undefined;
    }
  }
}
