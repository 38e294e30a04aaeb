import type { Node, WorkingSet } from "./working-set.ts";

/** Remote nodes: their connections, and what waits for them. */

/** A remote node whose connection has failed for good. */
export function isFailedRemote(node: Node): boolean {
  return node.kind === "remote" && node.connection !== undefined && node.connection.failed;
}

/** Orders actions on remote nodes relative to their connections. */
export function orderRemoteConnections(_ws: WorkingSet): void {}
