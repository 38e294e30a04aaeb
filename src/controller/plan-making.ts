import type { Plan } from "../model/plan.ts";
import { doSlice, finish, inOneGo, type Work } from "../policy/work.ts";
import type { CoordinatorContext, Planner } from "./coordinator-ports.ts";

type Planners = Pick<CoordinatorContext, "planner" | "slicedPlanner">;

/** A plan that is disturbed more often than this is made in one go, or it would never be made. */
const DISTURBANCES_MAX = 3;

/**
 * A plan in the making, slice by slice: with a thousand resources it takes some hundred
 * milliseconds, and requests and other members' messages are not to wait for so long. A small
 * cluster's plan is made in the first slice.
 */
export class PlanMaking {
  #work: Work<Plan> | undefined;
  #disturbances = 0;

  get underWay(): boolean {
    return this.#work !== undefined;
  }

  /** Begins a plan; one under way is given up, for it started from what is no longer so. */
  begin({ planner, slicedPlanner }: Planners, input: Parameters<Planner>): void {
    this.#disturbances = this.underWay ? this.#disturbances + 1 : 0;
    this.#work = slicedPlanner?.(...input) ?? inOneGo(() => planner(...input));
  }

  /** Gives up the plan under way. */
  drop(): void {
    this.#work = undefined;
  }

  /** Does the next slice; answers with the plan once it is made. */
  proceed(): Plan | undefined {
    if (this.#work === undefined) return undefined;
    if (this.#disturbances > DISTURBANCES_MAX) return this.#made(finish(this.#work));
    const slice = doSlice(this.#work);
    return slice.done ? this.#made(slice.value) : undefined;
  }

  #made(plan: Plan): Plan {
    this.#work = undefined;
    return plan;
  }
}
