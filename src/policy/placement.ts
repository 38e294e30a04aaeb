import type { NodeScore, Placement } from "../model/plan.ts";
import { isAvailable } from "./nodes.ts";
import { outermost } from "./resource-state.ts";
import { roleName } from "./summary.ts";
import { type Resource, ROLE, type WorkingSet } from "./working-set.ts";

/** Where everything is and is to be, with the scores that decided it. */

function scoresOf(ws: WorkingSet, resource: Resource): NodeScore[] {
  if (!ws.explain) return [];
  const { allowed } = resource;
  return ws.nodes
    .filter((node) => allowed.has(node.index))
    .map((node) => ({
      node: node.name,
      score: allowed.get(node.index),
      parts: allowed.parts?.[node.index] ?? [],
    }))
    .sort((a, b) => b.score - a.score || (a.node < b.node ? -1 : 1));
}

function placementOf(ws: WorkingSet, resource: Resource): Placement {
  const top = outermost(resource);
  const { parent } = resource;
  const next = resource.assignedNode;
  const usable = next && resource.nextRole > ROLE.stopped;
  return {
    resource: resource.id,
    ...(top === resource ? {} : { collective: top.id }),
    ...(parent?.variant === "group" && parent !== top ? { group: parent.id } : {}),
    current: { role: roleName(resource.role), nodes: resource.runningOn.map((node) => node.name) },
    next: {
      role: usable ? roleName(resource.nextRole) : "Stopped",
      nodes: usable && (isAvailable(next) || !resource.managed) ? [next.name] : [],
    },
    managed: resource.managed,
    blocked: resource.blocked,
    failed: resource.failed,
    orphan: resource.orphan,
    scores: scoresOf(ws, resource),
  };
}

function collect(ws: WorkingSet, resource: Resource, found: Placement[]): void {
  if (resource.variant === "primitive") found.push(placementOf(ws, resource));
  for (const child of resource.children) collect(ws, child, found);
}

/** One entry per primitive instance, by name. */
export function createPlacements(ws: WorkingSet): Placement[] {
  const found: Placement[] = [];
  for (const resource of ws.resources) collect(ws, resource, found);
  return found.sort((a, b) => (a.resource < b.resource ? -1 : a.resource > b.resource ? 1 : 0));
}
