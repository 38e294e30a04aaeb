import type { PlanAction } from "../model/plan.ts";
import { ACT, type Action } from "./action.ts";
import { agentCall } from "./agent-call.ts";
import { belongsInGraph, inputCounts } from "./graph-inputs.ts";
import { expandNotifications } from "./notify.ts";
import { actionFlags } from "./variant.ts";
import { type Resource, ROLE, type WorkingSet } from "./working-set.ts";

/** Reads the transition graph out of the working set. */

function expand(ws: WorkingSet, resource: Resource): void {
  if (resource.variant === "clone") {
    for (const action of resource.actions) actionFlags(action, undefined);
    expandNotifications(ws, resource);
  }
  for (const child of resource.children) expand(ws, child);
}

/** The flags of all links from one action to another count together. */
function inputsOf(action: Action): Map<Action, number> {
  const inputs = new Map<Action, number>();
  for (const { first, flags } of action.before) inputs.set(first, (inputs.get(first) ?? 0) | flags);
  return inputs;
}

function compareActions(a: Action, b: Action): number {
  const keyA = sortKey(a);
  const keyB = sortKey(b);
  return keyA < keyB ? -1 : keyA > keyB ? 1 : a.id - b.id;
}

function sortKey(action: Action): string {
  return `${action.resource?.id ?? ""}\u0000${action.slot}\u0000${action.node?.name ?? ""}`;
}

/** Every action after all that it waits for; equals by name. A loop is cut where it must be. */
function topological(actions: Action[], before: ReadonlyMap<Action, readonly Action[]>): Action[] {
  const order: Action[] = [];
  const waiting = new Map<Action, number>();
  const after = new Map<Action, Action[]>();
  for (const action of actions) {
    const inputs = before.get(action)!;
    waiting.set(action, inputs.length);
    for (const input of inputs) {
      const list = after.get(input);
      if (list) list.push(action);
      else after.set(input, [action]);
    }
  }
  let ready = actions.filter((action) => waiting.get(action) === 0);
  const done = new Set<Action>();
  while (done.size < actions.length) {
    if (ready.length === 0) {
      const stuck = actions.find((action) => !done.has(action));
      if (!stuck) break;
      ready = [stuck];
    }
    const next: Action[] = [];
    for (const action of ready) {
      if (done.has(action)) continue;
      done.add(action);
      order.push(action);
      for (const later of after.get(action) ?? []) {
        const left = waiting.get(later)! - 1;
        waiting.set(later, left);
        if (left === 0) next.push(later);
      }
    }
    ready = next.sort(compareActions);
  }
  return order;
}

function kindOf(action: Action): PlanAction["kind"] {
  if (action.is(ACT.pseudo)) return "pseudo";
  if (action.task === "stonith") return "fence";
  const cluster = ["do_shutdown", "clear_failcount", "lrm_delete", "probe_complete"];
  return cluster.includes(action.task) ? "cluster" : "resource";
}

function operationOf(action: Action): string {
  if (action.task === "stonith") return action.fenceOperation ?? "reboot";
  return action.task;
}

/** The exit code that a probe or monitor is expected to give. */
function expectedRc(action: Action): number {
  if (action.expectedRc !== undefined) return action.expectedRc;
  const promoted = action.task === "monitor" && action.resource?.nextRole === ROLE.promoted;
  return promoted && action.intervalMs > 0 ? 8 : 0;
}

function toPlanAction(ws: WorkingSet, action: Action, id: number, after: number[]): PlanAction {
  const resource = action.resource;
  const kind = kindOf(action);
  const base = {
    id,
    kind,
    operation: operationOf(action),
    intervalMs: action.intervalMs,
    after,
    priority: Math.max(action.priority, resource?.priority ?? 0, 0),
    timeoutMs: kind === "fence" ? ws.options.fencingTimeoutMs : ws.options.defaultActionTimeoutMs,
    expectedRc: expectedRc(action),
    ...(resource ? { resource: resource.id } : {}),
    ...(action.node ? { node: action.node.name } : {}),
    ...(action.reason === undefined ? {} : { reason: action.reason }),
    ...(action.notifyKey === undefined ? {} : { notify: action.notifyKey }),
  };
  if (kind === "resource" && resource) return { ...base, ...agentCall(ws, action, resource) };
  return action.meta ? { ...base, meta: action.meta } : base;
}

/** The transition graph, ids ascending in a possible order of execution. */
export function createGraph(ws: WorkingSet): PlanAction[] {
  for (const resource of ws.resources) expand(ws, resource);
  const included: Action[] = [];
  for (const action of ws.actions) {
    if (!belongsInGraph(action)) continue;
    action.set(ACT.inGraph);
    included.push(action);
  }
  included.sort(compareActions);
  const before = new Map<Action, readonly Action[]>();
  for (const action of included) {
    const inputs: Action[] = [];
    for (const [first, flags] of inputsOf(action)) {
      if (first.is(ACT.inGraph) && inputCounts(action, first, flags)) inputs.push(first);
    }
    before.set(action, inputs);
  }
  const order = topological(included, before);
  const ids = new Map(order.map((action, id) => [action, id]));
  return order.map((action, id) => {
    const after = before.get(action)!.map((input) => ids.get(input)!);
    return toPlanAction(
      ws,
      action,
      id,
      after.sort((a, b) => a - b),
    );
  });
}
