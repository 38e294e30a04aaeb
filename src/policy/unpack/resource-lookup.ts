import type { Node, Resource, WorkingSet } from "../working-set.ts";
import { createInstance } from "./resources.ts";
import { isAnonymousClone, isBundled, stripInstance, subtree, topResource } from "./tree.ts";

/**
 * Finds the resource that a recorded history is of. Histories of anonymous clones carry no number
 * (or one that means nothing): they go to the instance that is active on the node, else to one
 * that is not active anywhere, else to a new orphan.
 */
export function findRecorded(ws: WorkingSet, node: Node, id: string): Resource | undefined {
  let resource = findById(ws, id);
  let top: Resource | undefined;
  if (resource === undefined) {
    const first = findById(ws, `${stripInstance(id)}:0`);
    if (first !== undefined && !first.isUnique) {
      resource = first;
      top = topResource(first);
    }
  } else if (resource.variant !== "primitive") {
    return undefined;
  } else top = topResource(resource);
  if (top !== undefined && isAnonymousClone(top)) {
    resource = isBundled(top)
      ? bundleInstance(top, node)
      : findInstance(ws, node, top, stripInstance(id));
  }
  if (resource !== undefined && id !== resource.id) resource.historyId = id;
  return resource;
}

function findById(ws: WorkingSet, id: string): Resource | undefined {
  return ws.resourceById.get(id);
}

/** The instance in the replica whose node that is. */
function bundleInstance(clone: Resource, node: Node): Resource | undefined {
  const replicas = clone.parent?.bundle?.replicas ?? [];
  return replicas.find((replica) => replica.node === node)?.child;
}

/** The member of an instance that carries that id in the definition. */
function memberOf(instance: Resource, baseId: string): Resource | undefined {
  for (const each of subtree(instance)) if (each.baseId === baseId) return each;
  return undefined;
}

function findInstance(ws: WorkingSet, node: Node, clone: Resource, baseId: string): Resource {
  let found: Resource | undefined;
  let inactive: Resource | undefined;
  let skipInactive = false;
  for (const instance of clone.children) {
    const location = locationOf(instance);
    if (location === undefined) {
      if (inactive !== undefined || skipInactive || instance.blocked) continue;
      inactive = freeMember(instance, baseId, node);
    } else if (location === node) {
      found = memberOf(instance, baseId);
      if (found !== undefined && found.runningOn.length > 0) {
        // The clone was unique once: what else is recorded here is too many.
        skipInactive = true;
        found = undefined;
      } else if (found !== undefined) break;
    }
  }
  if (found === undefined && !skipInactive) found = inactive;
  if (found !== undefined && wastesInstance(ws, node, clone, found)) found = undefined;
  return found ?? orphanInstance(ws, clone, baseId);
}

/** Not one that is already spoken for by a pending operation elsewhere. */
function freeMember(instance: Resource, baseId: string, node: Node): Resource | undefined {
  const member = memberOf(instance, baseId);
  const pending = member?.pendingNode;
  return pending !== undefined && pending !== node ? undefined : member;
}

/** Where an instance is active or pending; instances do not migrate, so there is one place. */
function locationOf(instance: Resource): Node | undefined {
  for (const each of subtree(instance)) {
    if (each.runningOn.length > 0) return each.runningOn[0];
    if (each.children.length === 0 && each.pendingNode !== undefined) return each.pendingNode;
  }
  return undefined;
}

/**
 * Without a need for fencing, and with fewer instances than nodes, none is spent on a node that
 * is gone: it may start elsewhere at once.
 */
function wastesInstance(ws: WorkingSet, node: Node, clone: Resource, found: Resource): boolean {
  if (found.needsFencing || node.kind === "guest") return false;
  if (node.online && !node.unclean) return false;
  return clone.cloneMax !== ws.nodes.length;
}

function orphanInstance(ws: WorkingSet, clone: Resource, baseId: string): Resource {
  const instance = createInstance(ws, clone)!;
  for (const each of subtree(instance)) ws.register(each);
  return memberOf(instance, baseId) ?? instance;
}
