import type { Node, WorkingSet } from "./working-set.ts";

/**
 * Whether and why a node must be fenced. This only marks nodes; fencing.ts makes the actions.
 */

/** Could fencing of this node succeed: there is a device, and we are entitled to use it. */
export function canFence(ws: WorkingSet, node: Node): boolean {
  if (node.kind === "guest") {
    const hosts = node.connection?.container?.runningOn ?? [];
    // A guest within a guest is beyond us (and a history may claim that it is within itself).
    return hosts.every((host) => host.online || (host.kind !== "guest" && canFence(ws, host)));
  }
  if (!ws.options.fencingEnabled || !ws.haveFenceDevice) return false;
  if (ws.quorate || ws.options.noQuorumPolicy === "ignore") return true;
  // A remote node counts as online once its connection has a place, and the others may have one too.
  return node.online && (node.kind !== "remote" || ws.options.fenceRemoteWithoutQuorum);
}

/** Marks a node as in need of fencing. The first reason stays. */
export function fenceNode(ws: WorkingSet, node: Node, reason: string): void {
  if (node.kind === "guest") {
    const container = node.connection?.container;
    if (container && !container.failed && container.managed) {
      // A guest is fenced by recovering its container.
      container.failed = true;
      container.stopIfFailed = true;
      node.remoteRequiresReset = true;
    }
    return;
  }
  if (node.kind === "remote") {
    if (node.connection && !node.connection.managed) {
      ws.notice(
        "warn",
        "remote-unmanaged",
        `${node.name} would be fenced (${reason}) but is unmanaged`,
      );
    } else {
      node.remoteRequiresReset = true;
    }
    node.unclean = true;
    node.fenceReason ??= reason;
    return;
  }
  node.unclean = true;
  node.fenceReason ??= reason;
}
