import { ACT, type Action, ORDER } from "./action.ts";
import { actionsExactly, orderActions, resourceAction, retask } from "./actions.ts";
import type { ConfiguredOperation } from "./operation-history-types.ts";
import { addOrdering } from "./ordering.ts";
import { topOf } from "./resource-state.ts";
import { triggerUnfencing } from "./unfencing.ts";
import { actionFlags } from "./variant.ts";
import { type Node, type Resource, ROLE, type WorkingSet } from "./working-set.ts";

/** Recurring operations: starting those that should run, cancelling those that should not. */

const NEVER_RECURRING = new Set([
  "stop",
  "start",
  "demote",
  "promote",
  "reload",
  "reload-agent",
  "migrate_to",
  "migrate_from",
]);

/** A configured operation that does recur: enabled, suitable, and the only one of its kind. */
function recurs(resource: Resource, op: ConfiguredOperation): boolean {
  if (op.intervalMs <= 0 || NEVER_RECURRING.has(op.name)) return false;
  const same = resource.operations.filter(
    (other) => other.name === op.name && other.intervalMs === op.intervalMs,
  );
  return same.length === 1 && op.enabled;
}

/** The cancellation of a recurring operation; takes the place of the operation itself. */
function cancelAction(
  ws: WorkingSet,
  resource: Resource,
  task: string,
  intervalMs: number,
  node: Node,
): Action {
  const slot = `${task}_${intervalMs}`;
  const action = resourceAction(ws, resource, "cancel", intervalMs, node, false, slot);
  retask(action, "cancel");
  action.cancelTask = task;
  return action;
}

/** Cancels a recorded recurring operation that the definition no longer knows. */
export function scheduleCancel(
  ws: WorkingSet,
  resource: Resource,
  task: string,
  intervalMs: number,
  node: Node,
  reason: string,
): void {
  const action = cancelAction(ws, resource, task, intervalMs, node);
  action.because(reason);
  addOrdering(ws, { resource, slot: "stop_0" }, action, ORDER.ordered);
}

/** Runs a recurring operation anew, with its new parameters. */
export function reschedule(
  ws: WorkingSet,
  resource: Resource,
  task: string,
  intervalMs: number,
  node: Node,
): void {
  triggerUnfencing(ws, resource, node, "Device parameters changed (reschedule)");
  resourceAction(ws, resource, task, intervalMs, node, true).set(ACT.reschedule);
}

function isAlreadyActive(
  resource: Resource,
  node: Node | undefined,
  slot: string,
  start: Action,
): boolean {
  if (!node) return false;
  if (!(actionFlags(start, undefined) & ACT.optional)) return false;
  const running = actionsExactly(resource, slot, node);
  return running.length > 0 && !running.some((action) => action.is(ACT.reschedule));
}

/** The action that a monitor of the present role must be cancelled before. */
function cancelBefore(resource: Resource): string | undefined {
  if (resource.role === ROLE.promoted) return "demote_0";
  if (resource.role !== ROLE.unpromoted && resource.role !== ROLE.started) return undefined;
  if (resource.nextRole === ROLE.promoted) return "promote_0";
  return resource.nextRole === ROLE.stopped ? "stop_0" : undefined;
}

function cancelForRole(
  ws: WorkingSet,
  resource: Resource,
  op: ConfiguredOperation,
  node: Node,
): void {
  const cancel = cancelAction(ws, resource, op.name, op.intervalMs, node);
  cancel.because("configured for another role");
  const before = cancelBefore(resource);
  if (!before) return;
  addOrdering(ws, cancel, { resource, slot: before }, ORDER.unrunnableFirstBlocks);
}

function orderMonitor(ws: WorkingSet, resource: Resource, monitor: Action): void {
  const binding = ORDER.firstImpliesNext | ORDER.unrunnableFirstBlocks;
  const next = monitor;
  addOrdering(ws, { resource, slot: "start_0" }, next, binding);
  addOrdering(ws, { resource, slot: "reload-agent_0" }, next, binding);
  const ordered = ORDER.ordered | ORDER.unrunnableFirstBlocks;
  if (resource.nextRole === ROLE.promoted) {
    addOrdering(ws, { resource, slot: "promote_0" }, next, ordered);
  } else if (resource.role === ROLE.promoted) {
    addOrdering(ws, { resource, slot: "demote_0" }, next, ordered);
  }
}

function createForActive(
  ws: WorkingSet,
  resource: Resource,
  start: Action,
  node: Node | undefined,
  op: ConfiguredOperation,
): void {
  if (op.role === ROLE.stopped || !recurs(resource, op)) return;
  const slot = `${op.name}_${op.intervalMs}`;
  const optional = isAlreadyActive(resource, node, slot, start);
  const wrongRole =
    op.role === undefined ? resource.nextRole === ROLE.promoted : resource.nextRole !== op.role;
  if (wrongRole) {
    if (optional && node) cancelForRole(ws, resource, op, node);
    return;
  }
  const monitor = resourceAction(ws, resource, op.name, op.intervalMs, node, optional, slot);
  if (!start.is(ACT.runnable) || !node?.online || node.unclean) monitor.clear(ACT.runnable);
  if (resource.nextRole === ROLE.promoted) monitor.expectedRc = 8;
  if (!node || resource.managed) orderMonitor(ws, resource, monitor);
}

function orderAfterStops(ws: WorkingSet, resource: Resource, node: Node, monitor: Action): void {
  for (const stop of actionsExactly(resource, "stop_0", node)) {
    if (!stop.is(ACT.optional) && !monitor.is(ACT.optional) && !resource.managed) {
      monitor.set(ACT.optional);
    }
    if (!stop.is(ACT.runnable)) monitor.clear(ACT.runnable);
    if (!resource.managed) continue;
    const binding = ORDER.firstImpliesNext | ORDER.unrunnableFirstBlocks;
    addOrdering(ws, stop, monitor, binding);
  }
}

function cancelIfRunning(
  ws: WorkingSet,
  resource: Resource,
  op: ConfiguredOperation,
  node: Node,
): void {
  if (actionsExactly(resource, `${op.name}_${op.intervalMs}`, node).length === 0) return;
  const cancel = cancelAction(ws, resource, op.name, op.intervalMs, node);
  cancel.because("configured for the Stopped role");
  if (resource.nextRole !== ROLE.started && resource.nextRole !== ROLE.unpromoted) return;
  addOrdering(ws, cancel, { resource, slot: "start_0" }, ORDER.unrunnableFirstBlocks);
}

/** Monitors for the role Stopped run on every node where the resource should not be. */
function createForInactive(ws: WorkingSet, resource: Resource, op: ConfiguredOperation): void {
  if (op.role !== ROLE.stopped || !recurs(resource, op)) return;
  const top = topOf(resource);
  if (top.variant === "clone" && !top.isUnique) return;
  const slot = `${op.name}_${op.intervalMs}`;
  for (const node of ws.nodes) {
    if (node === resource.assignedNode) {
      cancelIfRunning(ws, resource, op, node);
      continue;
    }
    const optional = actionsExactly(resource, slot, node).length > 0;
    const monitor = resourceAction(ws, resource, op.name, op.intervalMs, node, optional, slot);
    monitor.expectedRc = 7;
    if (resource.managed) {
      for (const probe of resource.slots.get("monitor_0") ?? []) {
        if (probe.node === node) orderActions(probe, monitor, ORDER.unrunnableFirstBlocks);
      }
    }
    orderAfterStops(ws, resource, node, monitor);
    if (!node.online || node.unclean) monitor.clear(ACT.runnable);
  }
}

/** Creates the recurring operations of a primitive whose roles and place are decided. */
export function createRecurringActions(ws: WorkingSet, resource: Resource): void {
  if (resource.blocked || resource.maintenance) return;
  const node = resource.assignedNode;
  let start: Action | undefined;
  if (node && !node.maintenance && (resource.nextRole !== ROLE.stopped || !resource.managed)) {
    start = resourceAction(ws, resource, "start", 0, node, true);
  }
  for (const op of resource.operations) {
    if (op.intervalMs <= 0) continue;
    if (start) createForActive(ws, resource, start, node, op);
    createForInactive(ws, resource, op);
  }
}
