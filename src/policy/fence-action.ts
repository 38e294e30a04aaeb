import { ACT, type Action } from "./action.ts";
import { clusterAction } from "./actions.ts";
import { deviceDigests } from "./device-changes.ts";
import { canFence } from "./fencing-need.ts";
import type { Node, WorkingSet } from "./working-set.ts";

/** Attribute of a member: the devices that are not what they were when it was let in. */
const DEVICES_CHANGED = "#devices-changed";

/** Delay in favour of the node with the more important resources, in an even split. */
function priorityDelayMs(ws: WorkingSet, node: Node): number {
  const delay = ws.options.priorityFencingDelayMs;
  if (delay <= 0 || node.kind !== "member" || node.online) return 0;
  const members = ws.nodes.filter((each) => each.kind === "member");
  const online = members.filter((each) => each.online).length;
  if (online > Math.trunc(members.length / 2)) return 0;
  const priorities = members.map((each) => each.priority);
  const top = Math.max(...priorities);
  if (top === Math.min(...priorities) || node.priority < top) return 0;
  return delay;
}

/** The one fencing action of a node for an operation (the cluster's own choice by default). */
export function fenceAction(
  ws: WorkingSet,
  node: Node,
  operation: "reboot" | "off" | "on" | undefined,
  optional: boolean,
  reason: string | undefined,
): Action {
  const method = operation ?? ws.options.fencingAction;
  const key = `stonith-${node.name}-${method}`;
  const known = ws.singletons.has(key);
  const action = clusterAction(ws, key, "stonith", node, true);
  action.fenceOperation = method;
  if (!known && ws.enableUnfencing) noteDevices(ws, action, node);
  if (method !== "on" && ws.options.priorityFencingDelayMs > 0 && node.fencePriorityDelay) {
    const delay = Math.trunc(priorityDelayMs(ws, node) / 1000);
    action.meta = { ...action.meta, "priority-fencing-delay": String(delay) };
  }
  if (!optional && canFence(ws, node)) action.clear(ACT.optional);
  if (reason !== undefined) action.because(reason);
  return action;
}

/**
 * A node must be let in again when one of the devices for that has changed: a remote node remembers
 * their digests; of a member whoever collects the statuses says so.
 */
function noteDevices(ws: WorkingSet, action: Action, node: Node): void {
  if (node.kind === "member") {
    const devices = node.attributes.get(DEVICES_CHANGED);
    if (devices === undefined || action.fenceOperation !== "on" || !canFence(ws, node)) return;
    action.clear(ACT.optional);
    action.because(`definition of ${devices} changed`);
    return;
  }
  const { all, secure, changed } = deviceDigests(ws, node);
  action.meta = { ...action.meta, "digests-all": all, "digests-secure": secure };
  if (changed === undefined) return;
  action.clear(ACT.optional);
  action.because(`definition of ${changed.id} changed`);
}
