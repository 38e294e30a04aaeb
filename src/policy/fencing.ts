import { ACT, type Action, ORDER } from "./action.ts";
import {
  actionsInSlotOn,
  clusterAction,
  findByTask,
  orderActions,
  requirementOf,
} from "./actions.ts";
import { fenceAction } from "./fence-action.ts";
import { canFence } from "./fencing-need.ts";
import { orderNotificationsAfterFencing } from "./notify.ts";
import { addOrdering } from "./ordering.ts";
import { isAnonymousClone, isBundled, topOf } from "./resource-state.ts";
import type { Node, Resource, WorkingSet } from "./working-set.ts";

/** Fencing and shutdown of nodes, and what of the resources' actions waits for them. */

function isKnownOn(resource: Resource, node: Node): boolean {
  if (resource.knownOn.has(node)) return true;
  const clone = resource.parent;
  if (!isAnonymousClone(clone)) return false;
  return clone!.knownOn.has(node) || clone!.children.some((peer) => peer.knownOn.has(node));
}

function orderStarts(resource: Resource, fencing: Action): void {
  const target = fencing.node!;
  for (const action of resource.actions) {
    const requirement = action.requiresFencing ? "fencing" : requirementOf(action);
    if (requirement === "fencing") {
      orderActions(fencing, action, ORDER.ordered);
    } else if (requirement === "quorum" && action.task === "start") {
      // Unknown there means possibly active there.
      if (!resource.allowed.has(target.index) || isKnownOn(resource, target)) continue;
      orderActions(fencing, action, ORDER.ordered | ORDER.unrunnableFirstBlocks);
    }
  }
}

/** What was on the node is stopped and demoted by the fencing itself. */
function implyStops(ws: WorkingSet, resource: Resource, fencing: Action): void {
  const target = fencing.node!;
  const bundled = isBundled(resource);
  const ordered = resource.needsFencing || target.kind === "guest";
  const stops = actionsInSlotOn(resource, "stop_0", target);
  const whole = topOf(resource);
  const parentStop = stops.length > 0 && ordered ? findByTask(whole, "stop") : undefined;
  for (const stop of stops) {
    stop.set(ACT.pseudo | ACT.runnable);
    if (ordered) {
      stop.set(ACT.impliedByFencing);
      if (!bundled) orderActions(fencing, stop, ORDER.guestAllowed);
      orderActions(fencing, parentStop, ORDER.guestAllowed);
    }
    if (whole.notify && resource.notify)
      orderNotificationsAfterFencing(ws, stop, resource, fencing);
  }
  for (const demote of actionsInSlotOn(resource, "demote_0", target)) {
    if (demote.node?.online && !demote.node.unclean && !resource.failed) continue;
    demote.set(ACT.pseudo | ACT.runnable);
    if (!bundled && ordered) orderActions(fencing, demote, ORDER.guestAllowed | ORDER.ordered);
  }
}

function orderTree(ws: WorkingSet, resource: Resource, fencing: Action): void {
  if (resource.children.length > 0) {
    for (const child of resource.children) orderTree(ws, child, fencing);
  } else if (resource.managed) {
    orderStarts(resource, fencing);
    implyStops(ws, resource, fencing);
  }
}

/** Orders everything relative to a fencing. */
export function orderAgainstFencing(ws: WorkingSet, fencing: Action): void {
  for (const resource of ws.resources) orderTree(ws, resource, fencing);
}

function fenceGuest(ws: WorkingSet, node: Node): void {
  const container = node.connection?.container;
  let stop = container && findByTask(container, "stop");
  const restarts = container && findByTask(container, "start");
  const method = restarts ? "reboot" : "off";
  const fencing = fenceAction(ws, node, method, false, "guest is unclean");
  fencing.set(ACT.pseudo | ACT.runnable);
  const flags = ORDER.unrunnableFirstBlocks | ORDER.firstImpliesNext;
  if (stop?.is(ACT.pseudo) && stop.node) {
    const host = fenceAction(ws, stop.node, undefined, false, undefined);
    orderActions(host, fencing, flags);
  } else if (stop) {
    orderActions(stop, fencing, flags);
  } else {
    stop = node.connection && findByTask(node.connection, "stop");
    orderActions(stop, fencing, ORDER.ordered);
  }
  orderAgainstFencing(ws, fencing);
}

function anyManaged(resource: Resource): boolean {
  return resource.managed || resource.children.some(anyManaged);
}

function orderStopsBeforeShutdown(ws: WorkingSet, node: Node, shutdown: Action): void {
  for (const action of ws.actions) {
    if (action.node !== node || action.task !== "stop" || !action.resource) continue;
    const resource = action.resource;
    if (resource.maintenance || node.maintenance) continue;
    if (!resource.managed && !resource.blocked) continue;
    action.clear(ACT.optional);
    addOrdering(ws, action, shutdown, ORDER.ordered | ORDER.unrunnableFirstBlocks);
  }
}

function shutdownAction(ws: WorkingSet, node: Node): Action {
  const action = clusterAction(ws, `do_shutdown-${node.name}`, "do_shutdown", node, false);
  orderStopsBeforeShutdown(ws, node, action);
  return action;
}

/** The DC goes last, so that as few elections as possible are needed. */
function orderDcLast(
  ws: WorkingSet,
  dcDown: Action,
  fencings: readonly Action[],
  shutdowns: readonly Action[],
): void {
  if (dcDown.task === "do_shutdown") {
    for (const action of shutdowns) orderActions(action, dcDown, ORDER.ordered);
  }
  if (ws.options.concurrentFencing) {
    for (const action of fencings) orderActions(action, dcDown, ORDER.ordered);
  } else {
    orderActions(fencings[fencings.length - 1], dcDown, ORDER.ordered);
  }
}

/** Creates and orders the fencing and shutdown of nodes. */
export function scheduleFencingAndShutdowns(ws: WorkingSet): void {
  const managed = ws.resources.some(anyManaged);
  const fencings: Action[] = [];
  const shutdowns: Action[] = [];
  let dcDown: Action | undefined;
  for (const node of ws.nodes) {
    if (node.kind === "guest") {
      if (node.remoteRequiresReset && managed && canFence(ws, node)) fenceGuest(ws, node);
      continue;
    }
    if (managed && node.unclean && canFence(ws, node)) {
      const reason = node.fenceReason ?? "node is unclean";
      const fencing = fenceAction(ws, node, undefined, false, reason);
      orderAgainstFencing(ws, fencing);
      if (node.isDc) {
        dcDown = fencing;
      } else {
        if (!ws.options.concurrentFencing) {
          orderActions(fencings[fencings.length - 1], fencing, ORDER.ordered);
        }
        fencings.push(fencing);
      }
      continue;
    }
    if (node.kind === "member" && node.online && node.shutdown) {
      const shutdown = shutdownAction(ws, node);
      if (node.isDc) dcDown = shutdown;
      else shutdowns.push(shutdown);
    }
    if (node.unclean) {
      const why = ws.quorate ? "there is no fencing" : "there is no quorum";
      const message = `${node.name} may still run resources, and cannot be fenced: ${why}`;
      ws.notice("warn", "unfenceable", message, { node: node.name });
    }
  }
  if (dcDown) orderDcLast(ws, dcDown, fencings, shutdowns);
}
