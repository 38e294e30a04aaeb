import { INFINITY_SCORE } from "../model/score.ts";
import { clearHistory } from "./cleanup.ts";
import { addLocation } from "./nodes.ts";
import type { Resource, WorkingSet } from "./working-set.ts";

/**
 * Shutdown locks: a resource whose node was shut down cleanly waits for that node instead of
 * moving (Pacemaker Explained, "shutdown-lock").
 */

function lock(ws: WorkingSet, resource: Resource): void {
  if (resource.agent === undefined || resource.agent.class === "stonith") return;
  if (resource.isRemoteConnection) return;
  if (resource.lockNode) {
    if (resource.runningOn.length > 0) {
      clearHistory(ws, resource, resource.lockNode);
      resource.lockNode = undefined;
      resource.lockTime = 0;
    }
  } else if (resource.runningOn.length === 1) {
    const node = resource.runningOn[0]!;
    if (node.shutdown && !node.unclean) {
      resource.lockNode = node;
      resource.lockTime = node.shutdownRequestedAt || ws.nowSeconds;
    }
  }
  if (!resource.lockNode) return;
  const limit = ws.options.shutdownLockLimitMs;
  if (limit > 0) ws.recheckBy(resource.lockTime + Math.trunc(limit / 1000) + 1);
  for (const node of ws.nodes) {
    if (node === resource.lockNode) continue;
    addLocation(ws, resource, node, -INFINITY_SCORE, "shutdown lock");
  }
}

function lockTree(ws: WorkingSet, resource: Resource): void {
  if (resource.variant === "primitive") lock(ws, resource);
  if (resource.variant !== "group") return;
  for (const member of resource.children) lock(ws, member);
}

/** Locks what was running on nodes that are shutting down; clones are never locked. */
export function applyShutdownLocks(ws: WorkingSet): void {
  for (const resource of ws.resources) lockTree(ws, resource);
}
