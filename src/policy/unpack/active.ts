import { INFINITY_SCORE } from "../../model/score.ts";
import { ScoreTable } from "../score-table.ts";
import { type Node, type Resource, ROLE, type WorkingSet } from "../working-set.ts";
import { subtree } from "./tree.ts";

/** Adds a score to a resource and all below it, on one node or on every node. */
export function addLocation(
  ws: WorkingSet,
  resource: Resource,
  node: Node | undefined,
  score: number,
  source: string,
): void {
  const nodes = node === undefined ? ws.nodes : [node];
  for (const each of subtree(resource)) {
    for (const { index } of nodes) each.allowed.add(index, score, source);
  }
}

/** Forbids every node, whatever was said before. */
export function forbidEverywhere(ws: WorkingSet, resource: Resource, source: string): void {
  resource.allowed = ScoreTable.empty(ws.nodes.length, ws.explain);
  for (const { index } of ws.nodes) resource.allowed.add(index, -INFINITY_SCORE, source);
}

/** Notes that a resource, and so what it is part of, is active on a node. */
export function addRunning(ws: WorkingSet, resource: Resource, node: Node, failed: boolean): void {
  if (resource.runningOn.includes(node)) return;
  resource.runningOn.push(node);
  if (resource.variant === "primitive") {
    node.running.push(resource);
    addPriority(resource, node, failed);
    if (node.maintenance) {
      resource.managed = false;
      resource.maintenance = true;
    }
  }
  if (!resource.managed) {
    addLocation(ws, resource, node, INFINITY_SCORE, "not managed");
    for (let up = resource.parent; up !== undefined; up = up.parent) up.runningOn.push(node);
    return;
  }
  if (resource.variant === "primitive" && activeCount(resource) > 1) tooActive(ws, resource);
  if (resource.parent !== undefined) addRunning(ws, resource.parent, node, false);
}

/** What a node's resources are worth decides who is fenced later (priority-fencing-delay). */
function addPriority(resource: Resource, node: Node, failed: boolean): void {
  if (resource.priority === 0 || failed) return;
  const promoted = resource.role === ROLE.promoted ? 1 : 0;
  node.priority += resource.priority + promoted;
  const container = node.connection?.container;
  for (const host of container?.runningOn ?? []) host.priority += resource.priority + promoted;
}

/** Nodes it is active on; without fencing only those that can be trusted count. */
export function activeCount(resource: Resource): number {
  if (resource.needsFencing) return resource.runningOn.length;
  return resource.runningOn.filter((node) => node.online && !node.unclean).length;
}

function tooActive(ws: WorkingSet, resource: Resource): void {
  if (resource.multipleActive === "stop_only") {
    forbidEverywhere(ws, resource, "active on several nodes");
  } else if (resource.multipleActive === "block") {
    block(resource);
    const { parent } = resource;
    const whole = parent?.variant === "group" || parent?.variant === "bundle";
    if (whole && parent.multipleActive === "block") for (const each of parent.children) block(each);
  }
}

/** Leaves it to the operator. */
export function block(resource: Resource): void {
  resource.managed = false;
  resource.blocked = true;
}

/** Sets the role it is to have, if that is not what was wanted anyway. */
export function setNextRole(resource: Resource, role: Resource["nextRole"], reason: string): void {
  if (resource.nextRole === role) return;
  resource.nextRole = role;
  resource.nextRoleReason = reason;
}

/** Active in the least role that its kind has. */
export function setActive(resource: Resource, top: Resource): void {
  resource.role = top.isPromotable ? ROLE.unpromoted : ROLE.started;
}
