import { INFINITY_SCORE } from "../model/score.ts";
import { ORDER } from "./action.ts";
import { setNextRole } from "./actions.ts";
import { assignResource } from "./assign.ts";
import { thisWithColocations, withThisColocations } from "./colocation-lists.ts";
import { newColocation } from "./colocation-unpack.ts";
import { addLocation, anyAllowed, bestNode, isAllowed, isAvailable } from "./nodes.ts";
import { addOrdering, orderTasks } from "./ordering.ts";
import { currentNode, isUniqueClone, topOf } from "./resource-state.ts";
import { addDependentScores } from "./score-merging.ts";
import { orderRestartAfterUnfencing } from "./unfencing.ts";
import { banInsufficientCapacity, orderByLoad } from "./utilization.ts";
import { applyColocation, assign } from "./variant.ts";
import type { NestedWork } from "./work.ts";
import { type Colocation, type Node, type Resource, ROLE, type WorkingSet } from "./working-set.ts";

/** Primitives: choosing their node, and the constraints that they bring along. */

function isMandatory(colocation: Colocation): boolean {
  return Math.abs(colocation.score) >= INFINITY_SCORE;
}

/** Assigns the primary if need be and applies the colocation to the dependent's scores. */
function* applyThisWith(ws: WorkingSet, colocation: Colocation, resource: Resource): NestedWork {
  const { primary, score, dependentRole } = colocation;
  const revertible = dependentRole >= ROLE.promoted || (score < 0 && score > -INFINITY_SCORE);
  const backup = revertible ? resource.allowed.copyWithParts() : undefined;
  if (primary.provisional) yield* assign(ws, primary, undefined, true);
  applyColocation(ws, resource, primary, colocation);
  if (backup && !anyAllowed(ws, resource.allowed)) resource.allowed = backup;
}

function* applyColocations(ws: WorkingSet, resource: Resource): NestedWork {
  const mine = thisWithColocations(resource);
  const theirs = withThisColocations(resource);
  if (mine.length + theirs.length === 0) return;
  // The mandatory ones first, to satisfy as many of them as possible.
  for (const mandatory of [true, false]) {
    for (const c of mine) if (isMandatory(c) === mandatory) yield* applyThisWith(ws, c, resource);
    for (const c of theirs) {
      if (isMandatory(c) === mandatory) yield* addDependentScores(ws, c, resource);
    }
  }
}

/** Chooses a node for a primitive, after those that it depends on. Loops are broken, not followed. */
export function* assignPrimitive(
  ws: WorkingSet,
  resource: Resource,
  prefer: Node | undefined,
  stopIfFail: boolean,
): NestedWork<Node | undefined> {
  const parent = resource.parent;
  if (parent && !parent.assigning) yield* assign(ws, parent, prefer, stopIfFail);
  if (!resource.provisional) return resource.assignedNode;
  if (resource.assigning) return undefined;
  resource.assigning = true;
  yield* applyColocations(ws, resource);
  if (resource.nextRole === ROLE.stopped) {
    addLocation(ws, resource, undefined, -INFINITY_SCORE, "target-role is Stopped");
  } else if (
    resource.nextRole > resource.role &&
    !ws.quorate &&
    ws.options.noQuorumPolicy === "freeze"
  ) {
    setNextRole(resource, resource.role, "no-quorum-policy=freeze");
  }
  if (ws.options.fencingEnabled && !ws.haveFenceDevice) resource.managed = false;
  if (!resource.managed) {
    setNextRole(resource, resource.role, "unmanaged");
    assignResource(ws, resource, currentNode(resource), true, stopIfFail);
  } else if (ws.options.stopAllResources) {
    assignResource(ws, resource, undefined, true, stopIfFail);
  } else {
    assignBestNode(ws, resource, prefer, stopIfFail);
  }
  resource.assigning = false;
  if (resource.isRemoteConnection) connectionAssigned(ws, resource);
  return resource.assignedNode;
}

/** The best node, unless the preferred one or the present one is just as good. */
function assignBestNode(
  ws: WorkingSet,
  resource: Resource,
  preferred: Node | undefined,
  stopIfFail: boolean,
): void {
  const mostFree = banInsufficientCapacity(ws, resource);
  const prefer = preferred ?? mostFree;
  if (!resource.provisional) return;
  const table = resource.allowed;
  const current = currentNode(resource);
  const best = bestNode(ws, table, current);
  let chosen: Node | undefined;
  if (prefer && best && table.has(prefer.index)) {
    const enough = table.get(prefer.index) >= table.get(best.index);
    if (enough && isAllowed(table, prefer)) chosen = prefer;
  }
  if (!chosen && best) {
    chosen = best;
    const score = table.get(best.index);
    const mayStay =
      !isUniqueClone(resource.parent) &&
      score > 0 &&
      isAvailable(best) &&
      current &&
      isAvailable(current);
    if (mayStay && table.has(current.index) && table.get(current.index) === score) chosen = current;
  }
  assignResource(ws, resource, chosen, false, stopIfFail);
}

/** A remote node is online if its connection will be, and shut down if not. */
function connectionAssigned(ws: WorkingSet, connection: Resource): void {
  const node = connection.remoteNode ?? ws.nodeByName.get(connection.id);
  if (!node) return;
  if (connection.assignedNode && connection.nextRole !== ROLE.stopped) {
    node.online = true;
    if (node.unseen) node.unclean = false;
  } else {
    node.shutdown = true;
  }
}

/** Restart order, promotion order, and what a container or utilization brings. */
export function constrainPrimitive(ws: WorkingSet, resource: Resource): void {
  if (!resource.managed) return;
  orderTasks(
    ws,
    resource,
    "stop",
    resource,
    "start",
    ORDER.ordered | ORDER.firstImpliesNext | ORDER.restart,
  );
  if (topOf(resource).isPromotable || resource.role > ROLE.unpromoted) {
    orderTasks(ws, resource, "demote", resource, "stop", ORDER.promotedNextImpliesFirst);
    orderTasks(ws, resource, "start", resource, "promote", ORDER.unrunnableFirstBlocks);
  }
  // Nobody forgets what a probe on the same node is about to find.
  const unlessProbed = ORDER.ifOnSameNode | ORDER.nextCancelsFirst;
  orderTasks(ws, resource, "lrm_delete", resource, "monitor", unlessProbed);
  orderTasks(ws, resource, "delete", resource, "monitor", unlessProbed);
  if (!resource.isFenceDevice && ws.enableUnfencing && resource.needsUnfencing) {
    for (const node of ws.nodes) {
      if (resource.allowed.has(node.index)) orderRestartAfterUnfencing(ws, node, resource);
    }
  }
  const balanced = ws.options.placementStrategy !== "default";
  if (balanced && resource.utilization.size > 0) orderByLoad(ws, resource);
  if (resource.container) constrainToContainer(ws, resource, resource.container);
  if (resource.isRemoteConnection || resource.isFenceDevice) avoidRemoteNodes(ws, resource);
}

function avoidRemoteNodes(ws: WorkingSet, resource: Resource): void {
  for (const node of ws.nodes) {
    if (node.kind !== "remote" && node.kind !== "guest") continue;
    if (resource.allowed.has(node.index)) resource.allowed.ban(node.index, "on cluster nodes only");
  }
}

function guestConnectionIn(container: Resource): Resource | undefined {
  return container.fillers.find((filler) => filler.isRemoteConnection);
}

function constrainToContainer(ws: WorkingSet, resource: Resource, container: Resource): void {
  let remote: Resource | undefined;
  const nested = resource.isRemoteConnection && topOf(resource).parent?.variant === "bundle";
  const inBundle = resource.parent?.variant === "bundle" || nested;
  if (resource.isRemoteConnection) {
    if (!inBundle) avoidRemoteNodes(ws, container);
    orderTasks(ws, container, "monitor", resource, "stop", ORDER.ordered);
  } else if (container.isRemoteConnection) {
    remote = container;
  } else {
    remote = guestConnectionIn(container);
  }
  if (remote) {
    for (const node of ws.nodes) {
      if (node.connection !== remote && resource.allowed.has(node.index)) {
        resource.allowed.ban(node.index, `only on ${remote.id}`);
      }
    }
    return;
  }
  orderTasks(
    ws,
    container,
    "start",
    resource,
    "start",
    ORDER.firstImpliesNext | ORDER.unrunnableFirstBlocks,
  );
  addOrdering(
    ws,
    { resource, slot: "stop_0" },
    { resource: container, slot: "stop_0" },
    ORDER.nextImpliesFirst,
  );
  newColocation(ws, {
    id: "#resource-with-container",
    dependent: resource,
    primary: container,
    score: resource.isRemoteConnection && inBundle ? 10000 : INFINITY_SCORE,
    influence: true,
    explicit: false,
  });
}
