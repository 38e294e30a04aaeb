import type { Planner, SlicedPlanner } from "../controller/coordinator-ports.ts";
import { plan, planning } from "../policy/make-plan.ts";

/**
 * The policy engine, told where the coordinator stands: dates in rules that name no offset are
 * local time there, as in Pacemaker.
 */
export function localPlanners(): { planner: Planner; slicedPlanner: SlicedPlanner } {
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  return {
    planner: (definition, status, ...more) => plan(definition, { ...status, timeZone }, ...more),
    slicedPlanner: (definition, status, ...more) =>
      planning(definition, { ...status, timeZone }, ...more),
  };
}
