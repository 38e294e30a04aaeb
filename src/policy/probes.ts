import { ACT, type Action, ORDER, type Slot } from "./action.ts";
import { clusterAction, resourceAction } from "./actions.ts";
import { probeBundle } from "./bundle.ts";
import { fenceNode } from "./fencing-need.ts";
import { compareNumbers } from "./instance-order.ts";
import { discoveryMode, EXCLUSIVE_DISCOVER, NEVER_DISCOVER } from "./location.ts";
import { addOrdering, orderTasks } from "./ordering.ts";
import { isFailedRemote } from "./remote.ts";
import { isBundled, isClone, isTrue, locationOf, primitivesOf, topOf } from "./resource-state.ts";
import { orderAfterUnfencing } from "./unfencing.ts";
import type { Work } from "./work.ts";
import { type Node, type Resource, ROLE, type WorkingSet } from "./working-set.ts";

/**
 * Probes: before anything is started, every node is asked what runs there already. A resource is
 * probed on each node where nothing is known of it (Pacemaker Explained, "Resource Discovery").
 */

function isFenceAgent(resource: Resource): boolean {
  return resource.agent?.class === "stonith";
}

function containsGuest(resource: Resource): boolean {
  return resource.fillers.some((filler) => filler.isRemoteConnection);
}

function probeThenStart(ws: WorkingSet, first: Resource, next: Resource): void {
  if (!first.assignedNode || first.knownOn.has(first.assignedNode)) return;
  orderTasks(ws, first, "monitor", next, "start", ORDER.ordered);
}

function guestWillStop(node: Node, guest: Resource): boolean {
  return (
    node.remoteRequiresReset ||
    node.unclean ||
    guest.failed ||
    guest.nextRole === ROLE.stopped ||
    (guest.role > ROLE.stopped &&
      guest.assignedNode !== undefined &&
      !guest.runningOn.includes(guest.assignedNode))
  );
}

/** Is this node out of bounds for a probe of a resource, by what either of them is? */
function isNoPlace(resource: Resource, node: Node): boolean {
  if (node.kind !== "remote" && node.kind !== "guest") return false;
  if (isFenceAgent(resource) || resource.isRemoteConnection) return true;
  return node.kind === "guest" && containsGuest(resource);
}

function isDiscoverable(resource: Resource, top: Resource, node: Node): boolean {
  const mode = discoveryMode(resource, node);
  // A bundle's node runs only what is in the bundle, and that says so itself.
  const inside = node.connection !== undefined && isBundled(node.connection);
  if (inside && mode !== EXCLUSIVE_DISCOVER) return false;
  if (resource.exclusiveDiscovery || top.exclusiveDiscovery) {
    return resource.allowed.has(node.index) && mode === EXCLUSIVE_DISCOVER;
  }
  return mode !== NEVER_DISCOVER;
}

/** On a guest that is down or going down nothing runs; starts wait for its recovery instead. */
function guestDecides(ws: WorkingSet, top: Resource, node: Node): boolean {
  const guest = node.kind === "guest" ? node.connection?.container : undefined;
  if (!guest) return false;
  if (guest.role === ROLE.stopped) {
    probeThenStart(ws, guest, top);
    return true;
  }
  if (!guestWillStop(node, guest)) return false;
  orderTasks(ws, guest, "stop", top, "start", ORDER.ordered);
  return true;
}

function createProbe(ws: WorkingSet, resource: Resource, node: Node): Action {
  const probe = resourceAction(ws, resource, "monitor", 0, node, false);
  probe.clear(ACT.optional);
  orderAfterUnfencing(ws, resource, node, probe, ORDER.ordered);
  if (!resource.runningOn.includes(node)) probe.expectedRc = 7;
  else if (resource.role === ROLE.promoted) probe.expectedRc = 8;
  return probe;
}

function probePrimitive(ws: WorkingSet, resource: Resource, node: Node): void {
  if (resource.container && !resource.isRemoteConnection) return;
  if (resource.orphan || resource.knownOn.has(node)) return;
  let top = topOf(resource);
  if (!isDiscoverable(resource, top, node)) return;
  if (guestDecides(ws, top, node)) return;
  const probe = createProbe(ws, resource, node);
  if (!isClone(top)) top = resource;
  // What cannot be probed is not started, but what runs already is not stopped for that.
  const active = top.runningOn.length > 0;
  const blocks = !probe.is(ACT.runnable) && !active ? ORDER.unrunnableFirstBlocks : 0;
  addOrdering(ws, probe, startOf(top), ORDER.ordered | blocks);
  if (top.slots.has("reload-agent_0")) {
    addOrdering(ws, probe, { resource: top, slot: "reload-agent_0" }, ORDER.ordered);
  }
}

/** What all probes of a resource are ordered before. */
function startOf(resource: Resource): Slot {
  resource.startSlot ??= { resource, slot: "start_0" };
  return resource.startSlot;
}

function isKnownOn(resource: Resource, node: Node): boolean {
  return primitivesOf(resource).some((primitive) => primitive.knownOn.has(node));
}

/** One probe per node tells all about an anonymous clone. */
function probeClone(ws: WorkingSet, clone: Resource, node: Node): void {
  if (clone.exclusiveDiscovery && clone.allowed.has(node.index)) {
    if (discoveryMode(clone, node) !== EXCLUSIVE_DISCOVER) {
      clone.allowed.delete(node.index);
      return;
    }
  }
  if (clone.isUnique) {
    for (const instance of clone.children) probeOnNode(ws, instance, node);
    return;
  }
  const instance =
    clone.children.find((child) => isKnownOn(child, node)) ??
    clone.children.find((child) => locationOf(child, false) === node) ??
    clone.children[0];
  if (instance) probeOnNode(ws, instance, node);
}

/** Probes a resource, or all in it, on a node, as far as needed. */
export function probeOnNode(ws: WorkingSet, resource: Resource, node: Node): void {
  if (isNoPlace(resource, node)) return;
  if (resource.bundle) {
    probeBundle(ws, resource, node);
  } else if (resource.variant === "clone") {
    probeClone(ws, resource, node);
  } else if (resource.children.length > 0) {
    for (const child of resource.children) probeOnNode(ws, child, node);
  } else {
    probePrimitive(ws, resource, node);
  }
}

function sortClones(resource: Resource): void {
  if (resource.variant === "clone") resource.children.sort(compareNumbers);
  for (const child of resource.children) sortClones(child);
}

/** A yield for each would cost as much as most do. */
const PROBES_PER_SLICE = 50;

/** Schedules every probe that is needed anywhere. */
export function* scheduleProbes(ws: WorkingSet): Work {
  for (const resource of ws.resources) sortClones(resource);
  let done = 0;
  for (const node of ws.nodes) {
    if (!node.online) {
      if (isFailedRemote(node)) fenceNode(ws, node, "the connection is unrecoverable");
      continue;
    }
    if (node.unclean || !node.discoveryEnabled) continue;
    const probed = node.attributes.get("probe_complete");
    if (probed !== undefined && !isTrue(probed)) {
      clusterAction(ws, `probe_complete-${node.name}`, "probe_complete", node, false);
      continue;
    }
    for (const resource of ws.resources) {
      probeOnNode(ws, resource, node);
      if (++done % PROBES_PER_SLICE === 0) yield PROBES_PER_SLICE / 5;
    }
  }
}
