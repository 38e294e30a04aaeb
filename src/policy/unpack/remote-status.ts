import type { NodeStatus } from "../../model/cluster-status.ts";
import { type Node, ROLE, type WorkingSet } from "../working-set.ts";
import { setNextRole } from "./active.ts";
import { isTrue, parseBoolean } from "./booleans.ts";
import { shutdownRequested, transientAttributes } from "./node-status.ts";

/** A remote or guest node is online while its connection is up and its container runs. */
export function determineRemoteOnline(node: Node): void {
  const connection = node.connection;
  if (connection === undefined) {
    node.online = false;
    return;
  }
  const container = connection.container;
  const hosts = container === undefined ? [] : connection.runningOn;
  const host = hosts.length === 1 ? hosts[0] : undefined;
  const started = connection.role === ROLE.started;
  if (started) node.online = true;
  if (started && connection.nextRole === ROLE.stopped) node.shutdown = true;
  if (container?.failed) {
    node.online = false;
    node.remoteRequiresReset = true;
  } else if (connection.failed) {
    node.online = false;
  } else if (connection.role === ROLE.stopped || container?.role === ROLE.stopped) {
    node.online = false;
    node.remoteRequiresReset = false;
  } else if (host !== undefined && !host.online && host.unclean) {
    node.online = false;
    node.remoteRequiresReset = true;
  }
}

/** Attributes and flags of a remote or guest node. */
export function unpackRemoteState(ws: WorkingSet, node: Node, status: NodeStatus): void {
  node.remoteMaintenance = status.remoteInMaintenance === true;
  if (!node.remoteRequiresReset) {
    node.unclean = false;
    node.unseen = false;
  }
  transientAttributes(ws, node, status);
  if (shutdownRequested(node)) node.shutdown = true;
  if (isTrue(node.attributes.get("standby"))) node.standby = true;
  const unmanaged = node.connection !== undefined && !node.connection.managed;
  if (isTrue(node.attributes.get("maintenance")) || unmanaged) node.maintenance = true;
  const discovery = node.attributes.get("resource-discovery-enabled");
  if (discovery === undefined || parseBoolean(discovery) === true) return;
  if (node.kind === "remote" && !ws.options.fencingEnabled) {
    const message = `resource-discovery-enabled of ${node.name} is ignored: fencing is disabled`;
    ws.notice("warn", "discovery-ignored", message);
  } else node.discoveryEnabled = false;
}

/** After all histories: nodes without one, and connections of nodes that shut down. */
export function finishRemoteNodes(ws: WorkingSet): void {
  for (const node of ws.nodes) {
    if (node.kind !== "remote" && node.kind !== "guest") continue;
    if (node.shutdown && node.connection !== undefined) {
      setNextRole(node.connection, ROLE.stopped, "remote shutdown");
    }
    if (!node.unpacked) determineRemoteOnline(node);
  }
}
