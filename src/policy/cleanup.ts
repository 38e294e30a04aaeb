import type { Action } from "./action.ts";
import { ORDER } from "./action.ts";
import { resourceAction } from "./actions.ts";
import { addOrdering, orderTasks } from "./ordering.ts";
import type { Node, Resource, WorkingSet } from "./working-set.ts";

/** Forgetting: operation histories and failcounts that no longer mean anything. */

/** Deletes a resource's history on a node after it has stopped there and before it starts again. */
export function scheduleCleanup(
  ws: WorkingSet,
  resource: Resource,
  node: Node,
  optional: boolean,
): void {
  if (resource.failed || node.unclean || !node.online) return;
  resourceAction(ws, resource, "delete", 0, node, optional);
  const flags = optional ? ORDER.firstImpliesNext : ORDER.ordered;
  orderTasks(ws, resource, "stop", resource, "delete", flags);
  orderTasks(ws, resource, "delete", resource, "start", flags);
}

/** Deletes a resource's history on a node; the DC can do that for a node that is away. */
export function clearHistory(ws: WorkingSet, resource: Resource, node: Node): Action {
  return resourceAction(ws, resource, "lrm_delete", 0, node, false);
}

/** Sets a failcount back to zero. */
export function clearFailcount(
  ws: WorkingSet,
  resource: Resource,
  node: Node,
  reason: string,
): Action {
  const action = resourceAction(ws, resource, "clear_failcount", 0, node, false);
  action.reason = reason;
  return action;
}

/** An orphan's failcounts go with it. */
export function clearOrphanFailcounts(ws: WorkingSet, resource: Resource): void {
  if (!resource.orphan) return;
  for (const node of ws.nodes) {
    if (!node.online || ws.services.ownFailcount(resource, node).count === 0) continue;
    const action = clearFailcount(ws, resource, node, "it is orphaned");
    addOrdering(ws, action, { resource, slot: "stop_0" }, ORDER.ordered);
  }
}
