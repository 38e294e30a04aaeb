import { ACT, type Action, ORDER } from "./action.ts";
import { fenceNode } from "./fencing-need.ts";
import { addOrdering } from "./ordering.ts";
import { currentNode } from "./resource-state.ts";
import { type Node, type Resource, ROLE, type WorkingSet } from "./working-set.ts";

/**
 * Remote and guest nodes: everything on them goes through a connection that is itself a resource.
 * It must be up before anything is done there and must stay up until all is stopped; where it is
 * lost for good, the node must be fenced.
 */

type ConnectionState = "unknown" | "alive" | "resting" | "failed" | "stopped";

function stateOf(node: Node, connection: Resource): ConnectionState {
  const host = currentNode(connection);
  if (connection.nextRole === ROLE.stopped || !connection.assignedNode) {
    if (host?.unclean) return "failed";
    if (!connection.failed) return "stopped";
    const waiting = connection.remoteReconnectMs > 0 && node.remoteWasFenced;
    const stopped = connection.nextRole === ROLE.stopped;
    if (stopped && waiting && node.shutdownRequestedAt === 0) return "unknown";
    return "failed";
  }
  if (!host) return "unknown";
  if (host.unclean || !host.online) return "resting";
  const migrating = connection.partialMigrationSource && connection.partialMigrationTarget;
  return migrating && connection.runningOn.length > 1 ? "resting" : "alive";
}

/** A remote node whose connection has failed for good. */
export function isFailedRemote(node: Node): boolean {
  if (node.kind !== "remote" || !node.connection) return false;
  return stateOf(node, node.connection) === "failed";
}

function startThen(ws: WorkingSet, connection: Resource, action: Action, extra: number): void {
  const flags = ORDER.guestAllowed | ORDER.unrunnableFirstBlocks | extra;
  addOrdering(ws, { resource: connection, slot: "start_0" }, action, flags);
}

function thenStop(ws: WorkingSet, action: Action, connection: Resource, extra: number): void {
  const next = { resource: connection, slot: "stop_0" };
  addOrdering(ws, action, next, ORDER.guestAllowed | extra);
}

/** Migrations are like stops: they need the connection as it is. */
function taskOf(action: Action): string {
  return action.task === "migrate_to" || action.task === "migrate_from" ? "stop" : action.task;
}

/** Cancellations count too: they concern something recurring. */
function isRecurring(action: Action): boolean {
  return action.intervalMs > 0;
}

function orderStop(ws: WorkingSet, action: Action, node: Node, connection: Resource): void {
  const state = stateOf(node, connection);
  if (state === "alive") {
    thenStop(ws, action, connection, ORDER.nextImpliesFirst);
  } else if (state === "failed") {
    fenceNode(ws, node, "resources are active but connection is unrecoverable");
  } else if (connection.nextRole === ROLE.stopped) {
    thenStop(ws, action, connection, ORDER.nextImpliesFirst);
  } else {
    startThen(ws, connection, action, ORDER.none);
  }
}

function orderOther(ws: WorkingSet, action: Action, node: Node, connection: Resource): void {
  if (isRecurring(action)) {
    startThen(ws, connection, action, ORDER.firstImpliesNext);
    return;
  }
  const state = stateOf(node, connection);
  if (action.task === "monitor" && state === "failed") {
    fenceNode(ws, node, "resources are in unknown state and connection is unrecoverable");
  }
  if (currentNode(connection) && state === "stopped") {
    thenStop(ws, action, connection, ORDER.unrunnableFirstBlocks);
  } else {
    startThen(ws, connection, action, ORDER.none);
  }
}

function orderOnRemote(ws: WorkingSet, action: Action, node: Node, connection: Resource): void {
  const state = stateOf(node, connection);
  switch (taskOf(action)) {
    case "start":
    case "promote": {
      const recover = state === "failed" ? ORDER.firstImpliesNext : ORDER.none;
      startThen(ws, connection, action, recover);
      return;
    }
    case "stop":
      orderStop(ws, action, node, connection);
      return;
    case "demote":
      if (state === "resting" || state === "unknown") startThen(ws, connection, action, ORDER.none);
      return;
    default:
      orderOther(ws, action, node, connection);
  }
}

/** A guest lives and dies with its container. */
function orderInGuest(
  ws: WorkingSet,
  action: Action,
  node: Node,
  connection: Resource,
  container: Resource,
): void {
  if (container.failed) fenceNode(ws, node, "container failed");
  switch (taskOf(action)) {
    case "start":
    case "promote":
      startThen(ws, container, action, ORDER.firstImpliesNext);
      startThen(ws, connection, action, ORDER.none);
      return;
    case "stop":
    case "demote":
      // A failed container's stop implies those of all inside.
      if (!container.failed) thenStop(ws, action, connection, ORDER.none);
      return;
    case "cancel":
      return;
    default:
      startThen(ws, connection, action, isRecurring(action) ? ORDER.firstImpliesNext : ORDER.none);
  }
}

/** Something that moves to a remote node stays where it is if the connection does not come up. */
function orderStopsElsewhere(ws: WorkingSet, action: Action, connection: Resource): void {
  for (const stop of action.resource?.tasks.get("stop") ?? []) {
    if (stop.node === action.node) continue;
    addOrdering(ws, { resource: connection, slot: "start_0" }, stop, ORDER.ordered);
  }
}

/** Orders actions on remote and guest nodes relative to their connections. */
export function orderRemoteConnections(ws: WorkingSet): void {
  if (!ws.haveRemoteNodes) return;
  for (let i = ws.actions.length - 1; i >= 0; i--) {
    const action = ws.actions[i]!;
    const resource = action.resource;
    if (!resource) continue;
    if (resource.isRemoteConnection && action.task === "clear_failcount") {
      addOrdering(ws, action, { resource, slot: "start_0" }, ORDER.ordered);
      continue;
    }
    const node = action.node;
    const connection = node?.connection;
    if (!node || !connection || action.is(ACT.pseudo)) continue;
    if (action.task === "start") orderStopsElsewhere(ws, action, connection);
    if (connection.container) {
      orderInGuest(ws, action, node, connection, connection.container);
    } else {
      orderOnRemote(ws, action, node, connection);
    }
  }
}
