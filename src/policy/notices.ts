import { primitivesOf } from "./resource-state.ts";
import type { Resource, WorkingSet } from "./working-set.ts";

/** Tells of every resource that waits for people: no plan will touch it before. */
export function noteBlocked(ws: WorkingSet): void {
  for (const top of ws.resources) {
    for (const resource of primitivesOf(top)) {
      if (!resource.blocked) continue;
      const message = `${resource.id} is blocked: ${whyBlocked(resource)}`;
      ws.notice("error", "blocked", message, { resource: resource.id });
    }
  }
}

function whyBlocked(resource: Resource): string {
  const places = resource.runningOn.map((node) => node.name).join(" and ");
  if (resource.failed) return `it failed${places && ` on ${places}`}; clean it up once it is well`;
  if (resource.runningOn.length > 1) return `it is active on ${places}, and should be once`;
  for (let up: Resource | undefined = resource; up !== undefined; up = up.parent) {
    const frozen = up.tickets.find((use) => use.lossPolicy === "freeze" && !use.ticket.granted);
    if (frozen) return `ticket ${frozen.ticket.id} is lost, and its loss-policy is freeze`;
  }
  return "it waits for an operator";
}
