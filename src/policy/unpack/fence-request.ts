import type { Node, WorkingSet } from "../working-set.ts";

/**
 * Marks a node as not to be trusted: it must be fenced before what it may run starts elsewhere.
 * A guest is fenced by recovering its container; a connection that nobody manages is left alone.
 */
export function requestFencing(
  ws: WorkingSet,
  node: Node,
  reason: string,
  priorityDelay = false,
): void {
  const connection = node.connection;
  const container = connection?.container;
  if (container !== undefined) {
    if (container.failed || !container.managed) return;
    node.remoteRequiresReset = true;
    node.fenceReason ??= reason;
    container.failed = true;
    container.stopIfFailed = true;
    return;
  }
  if (node.kind !== "member" && connection?.orphanOfContainer) {
    connection.failed = true;
    connection.stopIfFailed = true;
    return;
  }
  if (node.kind === "remote") {
    const managed = connection === undefined || connection.managed;
    if (managed) node.remoteRequiresReset = true;
    else ws.notice("info", "fencing-held-back", `${node.name} is not fenced: it is not managed`);
  } else if (node.unclean) return;
  node.unclean = true;
  node.fenceReason = reason;
  if (priorityDelay && node.kind === "member") node.fencePriorityDelay = true;
}
