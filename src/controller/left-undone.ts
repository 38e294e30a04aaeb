import type { Placement, Plan } from "../model/plan.ts";
import type { PolicyDefinition } from "../model/policy-definition.ts";
import { metaValue } from "./failure-reports.ts";

/** As many as one line tells. */
const TOLD = 5;

/**
 * What a plan leaves undone, in words: what is blocked until somebody helps, what should run and has
 * no place, and what cannot be done now, for want of quorum say.
 */
export function leftUndone(plan: Plan, policy: PolicyDefinition): string[] {
  const left = new Set<string>();
  for (const [id, placements] of placementsByPrimitive(plan)) {
    const isWanted = metaValue(policy, id, "target-role")?.toLowerCase() !== "stopped";
    const spare = spareInstances(placements);
    for (const placement of placements) {
      if (placement.orphan) continue;
      if (placement.blocked) left.add(`${id} is blocked`);
      else if (placement.managed && isWanted && isNowhere(placement) && !spare.has(placement)) {
        left.add(`${id} does not run`);
      }
    }
  }
  for (const { resource, action, reason, blocked } of plan.summary) {
    if (blocked !== true || resource === undefined) continue;
    const known = [...left].some((each) => each.startsWith(`${resource.replace(/:\d+$/, "")} `));
    if (!known) left.add(`${resource} waits to ${action} (${reason})`);
  }
  const words = [...left];
  return words.length <= TOLD ? words : [...words.slice(0, TOLD), `${words.length - TOLD} more`];
}

function isNowhere({ current, next }: Placement): boolean {
  return next.nodes.length === 0 && current.nodes.length === 0;
}

/** Every primitive with its instances; in the order of the plan. */
export function placementsByPrimitive(plan: Plan | undefined): Map<string, Placement[]> {
  const placed = new Map<string, Placement[]>();
  for (const placement of plan?.placements ?? []) {
    const id = placement.resource.replace(/:\d+$/, "");
    const known = placed.get(id);
    if (known === undefined) placed.set(id, [placement]);
    else known.push(placement);
  }
  return placed;
}

/**
 * Instances of a clone that no node is left for, while others of it have theirs: as many run as
 * there are nodes for, and that is what was asked for.
 */
export function spareInstances(placements: readonly Placement[]): ReadonlySet<Placement> {
  if (!placements.some((each) => each.next.nodes.length > 0)) return new Set();
  return new Set(placements.filter((each) => each.next.nodes.length === 0));
}
