import type { ExplainReport } from "./control.ts";
import type { Placement, Plan } from "./plan.ts";
import { actionWaits } from "./plan-waits.ts";

/**
 * What a name means: a resource, an instance with or without its number, all of a group or clone, a
 * cloned group with or without its number.
 */
export function placementsOf(plan: Plan, name: string): Placement[] {
  return plan.placements.filter(({ resource, group, collective }) => {
    return [resource, group, collective].some(
      (each) => each === name || withoutNumber(each) === name,
    );
  });
}

function withoutNumber(id: string | undefined): string | undefined {
  return id?.replace(/:\d+$/, "");
}

/** Why the plan has what that name means where it has it; undefined: nothing is called so. */
export function explainReport(plan: Plan, resource: string): ExplainReport | undefined {
  const placements = placementsOf(plan, resource);
  if (placements.length === 0) return undefined;
  const names = new Set(placements.map((each) => each.resource));
  const isMeant = (name: string | undefined) => name !== undefined && names.has(name);
  return {
    resource,
    placements,
    notices: plan.notices.filter((each) => each.resource === undefined || isMeant(each.resource)),
    changes: plan.summary.filter((each) => isMeant(each.resource)),
    actions: actionWaits(plan, isMeant),
  };
}
