import { type Action, ORDER } from "./action.ts";
import { orderActions } from "./actions.ts";
import { fenceAction } from "./fence-action.ts";
import { addOrdering } from "./ordering.ts";
import type { Node, Resource, WorkingSet } from "./working-set.ts";

/**
 * Unfencing: fence devices that cut a node off from shared storage must let it in again (the
 * operation `on`) before anything that needs it can be probed or started there.
 */

export function isUnfenced(node: Node): boolean {
  const value = node.attributes.get("#node-unfenced");
  return value !== undefined && value !== "0";
}

/** The node's `on` action. */
export function unfenceAction(
  ws: WorkingSet,
  node: Node,
  optional: boolean,
  reason: string | undefined,
): Action {
  return fenceAction(ws, node, "on", optional, reason);
}

function isReachable(node: Node): boolean {
  return node.online && !node.unclean && !node.shutdown;
}

/** Makes unfencing necessary, on one node or wherever a changed fence device may run. */
export function triggerUnfencing(
  ws: WorkingSet,
  device: Resource | undefined,
  node: Node | undefined,
  reason: string,
): void {
  if (!ws.enableUnfencing) return;
  if (device && !device.isFenceDevice) return;
  if (node) {
    if (isReachable(node)) unfenceAction(ws, node, false, reason);
    else if (device) triggerUnfencing(ws, device, undefined, reason);
    return;
  }
  for (const each of ws.nodes) {
    if (device?.allowed.has(each.index) && isReachable(each))
      unfenceAction(ws, each, false, reason);
  }
}

/** Probes and starts of what needs unfencing, and of fence devices, come after it. */
export function orderAfterUnfencing(
  ws: WorkingSet,
  resource: Resource,
  node: Node,
  action: Action,
  flags: number,
): void {
  const device = resource.isFenceDevice && ws.enableUnfencing;
  if (!device && !resource.needsUnfencing) return;
  const unfence = unfenceAction(ws, node, true, undefined);
  orderActions(unfence, action, flags);
  if (!isUnfenced(node)) {
    triggerUnfencing(ws, undefined, node, `required by ${resource.id} ${action.task}`);
  }
}

/** A resource that is on a node to be unfenced again stops before and starts after. */
export function orderRestartAfterUnfencing(ws: WorkingSet, node: Node, resource: Resource): void {
  const unfence = unfenceAction(ws, node, true, undefined);
  const stop = { resource, slot: "stop_0" };
  const start = { resource, slot: "start_0" };
  addOrdering(ws, stop, unfence, ORDER.ordered | ORDER.ifOnSameNode);
  addOrdering(ws, unfence, start, ORDER.firstImpliesNextOnNode | ORDER.ifOnSameNode);
}
