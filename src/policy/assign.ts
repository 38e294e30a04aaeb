import { ACT } from "./action.ts";
import { setNextRole } from "./actions.ts";
import { isAllowed } from "./nodes.ts";
import { consumeCapacity, releaseCapacity } from "./utilization.ts";
import { type Node, type Resource, ROLE, type WorkingSet } from "./working-set.ts";

/** Giving a node to a resource, and taking it back. */

/**
 * Assigns a resource, and all in it, to a node, or to none. Without `force` a node that cannot run
 * it counts as none. Without `stopIfFail` a failure leaves neither a role nor actions changed, so
 * that the try can be undone. True if the assignment is another than before.
 */
export function assignResource(
  ws: WorkingSet,
  resource: Resource,
  node: Node | undefined,
  force: boolean,
  stopIfFail: boolean,
): boolean {
  if (resource.children.length > 0) {
    let changed = false;
    for (const child of resource.children) {
      if (assignResource(ws, child, node, force, stopIfFail)) changed = true;
    }
    return changed;
  }
  let chosen = node;
  if (chosen && !force && !usable(resource, chosen)) {
    if (stopIfFail) setNextRole(resource, ROLE.stopped, "node availability");
    chosen = undefined;
  }
  const changed = resource.assignedNode !== chosen;
  unassignResource(resource);
  resource.provisional = false;
  if (!chosen) {
    if (stopIfFail) stopUnassigned(resource);
    return changed;
  }
  resource.assignedNode = chosen;
  chosen.assigned.push(resource);
  chosen.load++;
  consumeCapacity(chosen, resource);
  return changed;
}

/** A guest may be down still: its container will bring it up. */
function usable(resource: Resource, node: Node): boolean {
  if (resource.allowed.get(node.index) < 0) return false;
  return node.kind === "guest" || isAllowed(resource.allowed, node);
}

function stopUnassigned(resource: Resource): void {
  setNextRole(resource, ROLE.stopped, "unable to assign");
  for (const action of resource.actions) {
    if (action.task === "stop") action.clear(ACT.optional);
    else if (action.task === "start") action.clear(ACT.runnable);
    else if (action.intervalMs > 0 && action.expectedRc !== 7) {
      action.clear(ACT.runnable);
    }
  }
}

/** Makes a resource, and all in it, unassigned again. */
export function unassignResource(resource: Resource): void {
  resource.provisional = true;
  const old = resource.assignedNode;
  if (old) {
    resource.assignedNode = undefined;
    const at = old.assigned.lastIndexOf(resource);
    if (at >= 0) old.assigned.splice(at, 1);
    old.load--;
    releaseCapacity(old, resource);
  }
  for (const child of resource.children) unassignResource(child);
}
