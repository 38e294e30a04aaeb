import { INFINITY_SCORE } from "../model/score.ts";
import { type Action, ORDER } from "./action.ts";
import { findByTask, pseudoAction } from "./actions.ts";
import { assignResource } from "./assign.ts";
import { intersectNodes } from "./colocation.ts";
import { newColocation } from "./colocation-unpack.ts";
import {
  assignInstances,
  collectiveActionFlags,
  createInstanceActions,
  sortInstances,
} from "./instances.ts";
import { instanceMatches, instanceTaskOf } from "./interleave.ts";
import { thresholdReached } from "./location.ts";
import { sortedNodes } from "./nodes.ts";
import { addOrdering, orderTasks } from "./ordering.ts";
import { probeOnNode } from "./probes.ts";
import { orderRestarts } from "./promotable.ts";
import { anyBlocked, instancesOf, isBundled, isCollective, locationOf } from "./resource-state.ts";
import { addInternalConstraints, applyColocation, assign, createActions } from "./variant.ts";
import type { NestedWork } from "./work.ts";
import type { BundleReplica } from "./working-parts.ts";
import { type Colocation, type Node, type Resource, ROLE, type WorkingSet } from "./working-set.ts";

/**
 * Bundles: replicas of a container, each with an address, a connection into it, and an instance of
 * the contained resource (Pacemaker Explained, "Bundles"). To the outside a bundle is where its
 * containers are; what runs inside sees only the nodes that the containers provide.
 */

/** The contained instance runs on its own replica's node and nowhere else. */
function* assignContent(ws: WorkingSet, replica: BundleReplica, stopIfFail: boolean): NestedWork {
  const { child, node } = replica;
  if (!child || !node) return;
  for (const each of ws.nodes) {
    if (!child.allowed.has(each.index)) continue;
    if (each !== node) child.allowed.ban(each.index, `only on ${node.name}`);
    else if (!thresholdReached(ws, child, node)) {
      child.allowed.overrule(each.index, INFINITY_SCORE, "the replica's own node");
    }
  }
  const clone = child.parent;
  if (clone) clone.assigning = true;
  yield* assign(ws, child, node, stopIfFail);
  if (clone) clone.assigning = false;
}

function* assignReplica(ws: WorkingSet, replica: BundleReplica): NestedWork {
  const { ip, remote, container } = replica;
  if (ip) yield* assign(ws, ip, undefined, true);
  if (remote) {
    const host = container.assignedNode;
    if (host?.connection) {
      // A remote host supports one connection only, so the inner one goes the same way.
      newColocation(ws, {
        id: "#replica-remote-with-host-remote",
        dependent: remote,
        primary: host.connection,
        score: INFINITY_SCORE,
        influence: true,
        explicit: false,
      });
      remote.thisWith = undefined;
      host.connection.withThis = undefined;
    }
    yield* assign(ws, remote, undefined, true);
  }
  yield* assignContent(ws, replica, true);
}

/** Containers first; then, where they will be, all the rest. */
export function* assignBundle(ws: WorkingSet, bundle: Resource): NestedWork<undefined> {
  const state = bundle.bundle;
  if (!state || !bundle.provisional || bundle.assigning) return;
  bundle.assigning = true;
  const containers = [...instancesOf(bundle)];
  sortInstances(ws, containers);
  yield* assignInstances(ws, bundle, containers, state.replicas.length, state.replicasPerHost);
  for (const replica of state.replicas) yield* assignReplica(ws, replica);
  if (state.childClone) {
    allowInside(ws, state.childClone, new Set(state.replicas.map((replica) => replica.node)));
    yield* assign(ws, state.childClone, undefined, true);
  }
  bundle.provisional = false;
  bundle.assigning = false;
}

function allowInside(
  ws: WorkingSet,
  { allowed }: Resource,
  inside: ReadonlySet<Node | undefined>,
): void {
  for (const node of ws.nodes) {
    if (!allowed.has(node.index)) continue;
    if (inside.has(node)) allowed.overrule(node.index, 0, "a replica's own node");
    else allowed.ban(node.index, "only inside the bundle");
  }
}

export function createBundleActions(ws: WorkingSet, bundle: Resource): void {
  const state = bundle.bundle;
  if (!state) return;
  for (const { ip, remote } of state.replicas) {
    if (ip) createActions(ws, ip);
    if (remote) createActions(ws, remote);
  }
  createInstanceActions(ws, bundle, instancesOf(bundle));
  if (!state.childClone) return;
  createActions(ws, state.childClone);
  if (!state.childClone.isPromotable) return;
  for (const task of ["promote", "promoted", "demote", "demoted"]) {
    const action = pseudoAction(ws, bundle, task, true, true);
    if (task.endsWith("ed")) action.priority = INFINITY_SCORE;
  }
}

function constrainReplica(ws: WorkingSet, bundle: Resource, replica: BundleReplica): void {
  const { container, ip, remote, child } = replica;
  addInternalConstraints(ws, container);
  const up = ORDER.unrunnableFirstBlocks | ORDER.nextGraphsFirst;
  orderTasks(ws, bundle, "start", container, "start", up);
  if (child) orderTasks(ws, bundle, "stop", child, "stop", ORDER.nextGraphsFirst);
  orderTasks(ws, bundle, "stop", container, "stop", ORDER.nextGraphsFirst);
  orderTasks(ws, container, "start", bundle, "running", ORDER.firstGraphsNext);
  orderTasks(ws, container, "stop", bundle, "stopped", ORDER.firstGraphsNext);
  if (ip) {
    addInternalConstraints(ws, ip);
    const first = ORDER.unrunnableFirstBlocks | ORDER.guestAllowed;
    orderTasks(ws, ip, "start", container, "start", first);
    orderTasks(ws, container, "stop", ip, "stop", ORDER.nextImpliesFirst | ORDER.guestAllowed);
    newColocation(ws, {
      id: "#ip-with-container",
      dependent: ip,
      primary: container,
      score: INFINITY_SCORE,
      influence: true,
      explicit: false,
    });
  }
  if (remote) addInternalConstraints(ws, remote);
}

export function constrainBundle(ws: WorkingSet, bundle: Resource): void {
  const state = bundle.bundle;
  if (!state) return;
  const inner = state.childClone;
  if (inner) {
    orderTasks(ws, bundle, "start", inner, "start", ORDER.nextGraphsFirst);
    orderTasks(ws, bundle, "stop", inner, "stop", ORDER.nextGraphsFirst);
    orderTasks(ws, inner, "running", bundle, "running", ORDER.firstGraphsNext);
    orderTasks(ws, inner, "stopped", bundle, "stopped", ORDER.firstGraphsNext);
  }
  for (const replica of state.replicas) constrainReplica(ws, bundle, replica);
  if (!inner) return;
  addInternalConstraints(ws, inner);
  if (!inner.isPromotable) return;
  orderRestarts(ws, bundle);
  orderTasks(ws, inner, "demoted", bundle, "demoted", ORDER.firstGraphsNext);
  orderTasks(ws, bundle, "demote", inner, "demote", ORDER.nextGraphsFirst);
  orderTasks(ws, inner, "promoted", bundle, "promoted", ORDER.firstGraphsNext);
  orderTasks(ws, bundle, "promote", inner, "promote", ORDER.nextGraphsFirst);
}

/** A bundle's node is where its container will be. */
function hostOf(node: Node | undefined): Node | undefined {
  const connection = node?.connection;
  if (!node || !connection || !isBundled(connection)) return node;
  return connection.container && locationOf(connection.container, false);
}

/** The container that shares the (host) node of a dependent instance. */
function compatibleContainer(
  ws: WorkingSet,
  dependent: Resource,
  bundle: Resource,
): Resource | undefined {
  const containerOn = (node: Node | undefined): Resource | undefined =>
    node && instancesOf(bundle).find((c) => instanceMatches(c, node, ROLE.unknown, false));
  const place = locationOf(dependent, false);
  if (place) return containerOn(hostOf(place));
  for (const node of sortedNodes(ws, dependent.allowed, undefined)) {
    const container = containerOn(hostOf(node));
    if (container) return container;
  }
  return undefined;
}

/** "X with bundle": with its containers; in the promoted role, with those whose content is. */
export function applyBundleColocation(
  ws: WorkingSet,
  dependent: Resource,
  bundle: Resource,
  colocation: Colocation,
): number {
  if (bundle.provisional || !bundle.bundle) return 0;
  const mandatory = colocation.score >= INFINITY_SCORE;
  if (isCollective(colocation.dependent)) {
    const partner = compatibleContainer(ws, dependent, bundle);
    if (partner) return applyColocation(ws, dependent, partner, colocation);
    if (mandatory) assignResource(ws, dependent, undefined, true, true);
    return 0;
  }
  let delta = 0;
  const hosts = new Map<Node, number>();
  for (const { container, child } of bundle.bundle.replicas) {
    if (!mandatory) {
      delta += applyColocation(ws, dependent, container, colocation);
      continue;
    }
    const host = locationOf(container, false);
    if (!host || anyBlocked(container)) continue;
    const promoted = child !== undefined && child.nextRole >= ROLE.promoted;
    if (colocation.primaryRole >= ROLE.promoted && !promoted) continue;
    hosts.set(host, container.allowed.get(host.index));
  }
  if (mandatory) intersectNodes(ws, dependent, colocation, hosts, false);
  return delta;
}

const INSIDE = new Set(["notify", "notified", "promote", "promoted", "demote", "demoted"]);

/** Promotion and notification are the contents' business, the rest the containers'. */
export function bundleActionFlags(action: Action, node: Node | undefined): number {
  const bundle = action.resource!;
  const inner = bundle.bundle?.childClone;
  const task = inner ? instanceTaskOf(inner, action.task) : action.task;
  const members = inner && INSIDE.has(task) ? inner.children : instancesOf(bundle);
  return collectiveActionFlags(action, members, node);
}

/** Probes of one replica on a node; a connection is probed once its container may run. */
function probeReplica(ws: WorkingSet, bundle: Resource, replica: BundleReplica, node: Node): void {
  const { ip, child, container, remote } = replica;
  const state = bundle.bundle!;
  if (ip) probeOnNode(ws, ip, node);
  if (child && node === replica.node) probeOnNode(ws, child, node);
  probeOnNode(ws, container, node);
  if (findByTask(container, "monitor", node) && state.replicasPerHost === 1) {
    // With one replica per host, no other starts there before it is known that none runs.
    for (const other of state.replicas) {
      if (other === replica) continue;
      const flags = ORDER.ordered | ORDER.ifOnSameNode;
      orderTasks(ws, container, "monitor", other.container, "start", flags);
    }
  }
  if (!remote) return;
  probeOnNode(ws, remote, node);
  const probe = (remote.slots.get("monitor_0") ?? []).find((action) => action.node === node);
  if (!probe) return;
  const start = { resource: container, slot: "start_0" };
  addOrdering(ws, start, probe, ORDER.nestedProbe);
}

/** Probes all that a bundle is made of. */
export function probeBundle(ws: WorkingSet, bundle: Resource, node: Node): void {
  for (const replica of bundle.bundle?.replicas ?? []) probeReplica(ws, bundle, replica, node);
}
