import type { Action } from "./action.ts";
import type { Colocation, Node, Resource, WorkingSet } from "./working-set.ts";
import { ROLE } from "./working-set.ts";

/** Reasons in the words of whoever looks after the cluster. */

/** What keeps a node from running anything; undefined: it may. */
export function nodeProblem(node: Node): string | undefined {
  if (node.unclean) return `${node.name} is unclean`;
  if (node.standbyOnFail) return `${node.name} is in standby after a failure`;
  if (node.pending) return `${node.name} is still joining`;
  if (node.standby) return `${node.name} is in standby`;
  if (node.shutdown) return `${node.name} is shutting down`;
  if (!node.online) return `${node.name} is offline`;
  return node.maintenance ? `${node.name} is in maintenance` : undefined;
}

/** Why something that runs on a node gets no node in this plan. */
export function whyStopped(ws: WorkingSet, resource: Resource, node: Node): string {
  if (ws.options.stopAllResources) return "stop-all-resources is set";
  if (resource.targetRole === ROLE.stopped) return "target-role is Stopped";
  if (resource.orphan) {
    return resource.parent === undefined
      ? "it is no longer defined"
      : `${resource.parent.id} has too many instances`;
  }
  for (let up: Resource | undefined = resource; up !== undefined; up = up.parent) {
    const missing = up.tickets.find(({ ticket }) => !ticket.granted || ticket.standby);
    if (missing) return `ticket ${missing.ticket.id} is not granted`;
  }
  return nodeProblem(node) ?? "no node may run it";
}

const DONE: Readonly<Record<string, string>> = {
  start: "started",
  running: "started",
  stop: "stopped",
  stopped: "stopped",
  promote: "promoted",
  promoted: "promoted",
  demote: "demoted",
  demoted: "demoted",
  stonith: "fenced",
  monitor: "probed",
};

/** What an action means for one that is ordered with it: that it must be, or that it cannot be. */
export function causeWords({ resource, node, task, slot }: Action): {
  readonly necessary: string;
  readonly impossible: string;
} {
  const enough = /one-or-more:(.*)$/.exec(slot)?.[1];
  const owner = resource?.id ?? node?.name;
  const done = DONE[task];
  if (enough !== undefined) {
    return { necessary: `${enough} asks for it`, impossible: `${enough}: too few can run` };
  }
  if (owner === undefined || done === undefined) {
    return { necessary: `${slot} is to be done`, impossible: `${slot} cannot be done` };
  }
  return { necessary: `${owner} is to be ${done}`, impossible: `${owner} cannot be ${done}` };
}

/** Where the score of a colocation comes from: a group's chain is the group's own doing. */
export function colocationSource({ id, dependent, explicit }: Colocation): string {
  const group = dependent.parent;
  const inside = !explicit && group?.variant === "group";
  return inside ? `group ${group.id} stays together` : `colocation ${id}`;
}

/** What has no node to be on is named so, with the role that is asked for. */
export function noInstanceOf({ primary, primaryRole }: Colocation): string {
  const role = primaryRole === ROLE.promoted ? "promoted " : "";
  return `no ${role}instance of ${primary.id} there`;
}
