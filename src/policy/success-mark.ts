import type { Action } from "./action.ts";
import { findBySlot } from "./actions.ts";
import { isBundled, isClone } from "./resource-state.ts";
import type { Resource } from "./working-set.ts";

/** The marks of a whole that say that all of it has done something. */

const SUCCESS_OF: Readonly<Record<string, string>> = {
  start: "running",
  stop: "stopped",
  promote: "promoted",
  demote: "demoted",
};
const SUCCESSES = new Set(Object.values(SUCCESS_OF));

/** The mark that says "all of it has started" (or, with notifications, "and everybody knows"). */
export function successAction(first: Action, resource: Resource): Action | undefined {
  if (first.intervalMs > 0 || first.slot.includes("notify")) return undefined;
  const done = SUCCESS_OF[first.task] ?? (SUCCESSES.has(first.task) ? first.task : undefined);
  if (!done) return undefined;
  // A bundle's contents may have notifications, but the bundle has no mark for them.
  if (resource.bundle) {
    if (resource.notify || resource.bundle.childClone?.notify) return undefined;
  }
  if (resource.notify && (isClone(resource) || isBundled(resource))) {
    return findBySlot(resource, `confirmed-post_notify_${done}_0`);
  }
  return findBySlot(resource, `${done}_0`);
}
