import { INFINITY_SCORE } from "../model/score.ts";
import { ACT, type Action, ORDER } from "./action.ts";
import { findByTask, orderActions, resourceAction } from "./actions.ts";
import { primitivesOf, topOf } from "./resource-state.ts";
import { type Node, type Resource, ROLE, type WorkingSet } from "./working-set.ts";

/**
 * Clone notifications: before and after anything happens to an instance, all that are active are
 * told (OCF action `notify`). Per operation of a clone:
 *
 *     pre mark -> pre-notify each -> pre done -> operation ... complete
 *              -> post mark -> post-notify each -> post done
 */

type NotifiedTask = "start" | "stop" | "promote" | "demote";

/** The marks around one operation of a clone. */
export interface Notifications {
  readonly task: NotifiedTask;
  pre?: Action;
  preDone?: Action;
  post?: Action;
  postDone?: Action;
}

interface Entry {
  readonly resource: Resource;
  readonly node: Node | undefined;
}

/** Who is what and who will do what, for the agents' environment. */
interface NotifyData {
  readonly lists: Map<string, Entry[]>;
  readonly environment: Record<string, string>;
}

function mark(ws: WorkingSet, clone: Resource, action: Action, task: string, type: string): Action {
  const slot = `${type}_notify_${action.task}_0`;
  const optional = action.is(ACT.optional);
  const created = resourceAction(ws, clone, task, 0, undefined, optional, slot);
  created.set(ACT.pseudo);
  created.notifyKey = `${type}-${action.task}`;
  return created;
}

function setRunnable(action: Action, runnable: boolean): void {
  if (runnable) action.set(ACT.runnable);
  else action.clear(ACT.runnable);
}

/** Creates the marks around an operation of a clone that has `notify: true`. */
function createMarks(
  ws: WorkingSet,
  clone: Resource,
  task: NotifiedTask,
  action: Action | undefined,
  complete: Action | undefined,
): Notifications | undefined {
  if (!clone.notify) return undefined;
  const marks: Notifications = { task };
  if (action) {
    marks.pre = mark(ws, clone, action, "notify", "pre");
    marks.preDone = mark(ws, clone, action, "notified", "confirmed-pre");
    marks.pre.set(ACT.runnable);
    marks.preDone.set(ACT.runnable);
    orderActions(marks.pre, marks.preDone, ORDER.ordered);
    orderActions(marks.preDone, action, ORDER.ordered);
  }
  if (complete) {
    marks.post = mark(ws, clone, complete, "notify", "post");
    marks.postDone = mark(ws, clone, complete, "notified", "confirmed-post");
    marks.post.priority = INFINITY_SCORE;
    marks.postDone.priority = INFINITY_SCORE;
    setRunnable(marks.post, complete.is(ACT.runnable));
    setRunnable(marks.postDone, complete.is(ACT.runnable));
    orderActions(complete, marks.post, ORDER.firstImpliesNext);
    orderActions(marks.post, marks.postDone, ORDER.firstImpliesNext);
  }
  if (action && complete) orderActions(marks.preDone, marks.post, ORDER.ordered);
  return marks;
}

function notificationsOf(ws: WorkingSet, clone: Resource): Map<NotifiedTask, Notifications> {
  let all = ws.notifications.get(clone);
  if (!all) {
    all = new Map();
    ws.notifications.set(clone, all);
  }
  return all;
}

/** The marks around a clone's start and stop. */
export function createCloneNotifications(
  ws: WorkingSet,
  clone: Resource,
  start: Action,
  started: Action,
  stop: Action,
  stopped: Action,
): void {
  if (!clone.notify) return;
  const all = notificationsOf(ws, clone);
  if (!all.has("start")) all.set("start", createMarks(ws, clone, "start", start, started)!);
  if (all.has("stop")) return;
  all.set("stop", createMarks(ws, clone, "stop", stop, stopped)!);
  orderActions(all.get("stop")?.postDone, all.get("start")?.pre, ORDER.ordered);
}

/** The marks around a promotable clone's promotion and demotion. */
export function createPromotionNotifications(
  ws: WorkingSet,
  clone: Resource,
  promote: Action,
  promoted: Action,
  demote: Action,
  demoted: Action,
): void {
  if (!clone.notify) return;
  const all = notificationsOf(ws, clone);
  if (!all.has("promote"))
    all.set("promote", createMarks(ws, clone, "promote", promote, promoted)!);
  if (all.has("demote")) return;
  all.set("demote", createMarks(ws, clone, "demote", demote, demoted)!);
  const order: readonly [NotifiedTask, NotifiedTask][] = [
    ["stop", "promote"],
    ["start", "promote"],
    ["demote", "promote"],
    ["demote", "start"],
    ["demote", "stop"],
  ];
  for (const [first, next] of order) {
    orderActions(all.get(first)?.postDone, all.get(next)?.pre, ORDER.ordered);
  }
}

function add(data: NotifyData, list: string, entry: Entry): void {
  const entries = data.lists.get(list);
  if (entries) entries.push(entry);
  else data.lists.set(list, [entry]);
}

const STATE_LISTS: Readonly<Record<number, readonly string[]>> = {
  [ROLE.stopped]: ["inactive"],
  [ROLE.started]: ["active"],
  [ROLE.unpromoted]: ["unpromoted", "active"],
  [ROLE.promoted]: ["promoted", "active"],
};

function collect(resource: Resource, withActions: boolean, data: NotifyData): void {
  for (const primitive of primitivesOf(resource)) {
    const entry = { resource: primitive, node: primitive.runningOn[0] };
    for (const list of STATE_LISTS[primitive.role] ?? []) add(data, list, entry);
    if (!withActions) continue;
    for (const task of ["start", "stop", "promote", "demote"]) {
      for (const action of primitive.tasks.get(task) ?? []) {
        if (action.is(ACT.optional) || !action.node) continue;
        const implied = task === "stop" && action.node.unclean;
        if (!implied && !action.is(ACT.runnable)) continue;
        add(data, task, { resource: primitive, node: action.node });
      }
    }
  }
}

function fillEnvironment(ws: WorkingSet, clone: Resource, data: NotifyData): void {
  const tasks = [
    "stop",
    "start",
    "demote",
    "promote",
    "active",
    "unpromoted",
    "promoted",
    "inactive",
  ];
  for (const list of tasks) {
    const entries = [...(data.lists.get(list) ?? [])].sort((a, b) =>
      a.resource.id < b.resource.id ? -1 : 1,
    );
    const once = entries.filter((e, i) => i === 0 || e.resource !== entries[i - 1]!.resource);
    const resources = once.map((e) => e.resource.id).join(" ") || " ";
    const nodes = once.map((e) => e.node?.name ?? "").join(" ") || " ";
    for (const name of ALIASES[list] ?? [list]) {
      data.environment[`notify_${name}_resource`] = resources;
      if (list !== "inactive") data.environment[`notify_${name}_uname`] = nodes;
    }
  }
  const available = ws.nodes
    .filter((node) => clone.allowed.has(node.index))
    .map((node) => node.name);
  data.environment["notify_available_uname"] = available.sort().join(" ") || " ";
  data.environment["notify_all_uname"] = ws.nodes.map((node) => node.name).join(" ");
}

/** Agents from before OCF 1.1 know the roles by their old names. */
const ALIASES: Readonly<Record<string, readonly string[]>> = {
  promoted: ["promoted", "master"],
  unpromoted: ["unpromoted", "slave"],
};

/** One instance's notify action between two marks. */
function notifyInstance(
  ws: WorkingSet,
  resource: Resource,
  node: Node,
  before: Action | undefined,
  done: Action | undefined,
  task: NotifiedTask,
  type: "pre" | "post",
  data: NotifyData,
): Action | undefined {
  if (!before || !done || !node.online || !before.is(ACT.runnable)) return undefined;
  const slot = `${type}_notify_${task}_0`;
  const optional = before.is(ACT.optional);
  const action = resourceAction(ws, resource, "notify", 0, node, optional, slot);
  action.notifyKey = `${type}-${task}`;
  action.meta = { ...action.meta, ...data.environment, notify_type: type, notify_operation: task };
  orderActions(before, action, ORDER.ordered);
  orderActions(action, done, ORDER.ordered);
  return action;
}

function notifyAfter(
  ws: WorkingSet,
  resource: Resource,
  node: Node,
  marks: Notifications,
  data: NotifyData,
): void {
  const { post, postDone, task } = marks;
  const action = notifyInstance(ws, resource, node, post, postDone, task, "post", data);
  if (action) action.priority = INFINITY_SCORE;
  if (!postDone) return;
  for (const monitor of resource.actions) {
    if (monitor.intervalMs > 0 && monitor.task !== "cancel")
      orderActions(postDone, monitor, ORDER.ordered);
  }
}

function notifyDown(
  ws: WorkingSet,
  resource: Resource,
  marks: Notifications,
  data: NotifyData,
): void {
  const stop = findByTask(resource, "stop");
  for (const node of resource.runningOn) {
    if (stop?.is(ACT.pseudo) && (node.unclean || node.remoteRequiresReset)) continue;
    notifyInstance(ws, resource, node, marks.pre, marks.preDone, marks.task, "pre", data);
    if (marks.task === "demote" || !stop || stop.is(ACT.optional)) {
      notifyAfter(ws, resource, node, marks, data);
    }
  }
}

function notifyUp(
  ws: WorkingSet,
  resource: Resource,
  marks: Notifications,
  data: NotifyData,
): void {
  const start = findByTask(resource, "start");
  const connection = start?.node?.connection;
  const remoteStart = connection && findByTask(connection, "start");
  if (remoteStart && !remoteStart.is(ACT.runnable)) return;
  const node = resource.assignedNode;
  if (!node) return;
  if (marks.task !== "start" || !start || start.is(ACT.optional)) {
    notifyInstance(ws, resource, node, marks.pre, marks.preDone, marks.task, "pre", data);
  }
  notifyAfter(ws, resource, node, marks, data);
}

function createFor(
  ws: WorkingSet,
  resource: Resource,
  marks: Notifications,
  data: NotifyData,
): void {
  for (const primitive of primitivesOf(resource)) {
    for (const task of ["start", "stop", "promote", "demote"]) {
      for (const action of primitive.tasks.get(task) ?? []) {
        if (action.is(ACT.optional) || !action.node) continue;
        action.meta = { ...action.meta, ...data.environment };
      }
    }
    // A stop may be implied by fencing, so it is announced without being on the list.
    if (marks.task !== "stop" && !data.lists.has(marks.task)) continue;
    const down = marks.task === "stop" || marks.task === "demote";
    if (down && primitive.role !== ROLE.stopped) notifyDown(ws, primitive, marks, data);
    if (!down && primitive.nextRole !== ROLE.stopped) notifyUp(ws, primitive, marks, data);
  }
}

/** Creates the notify actions of all clones, once it is known what will really happen. */
export function expandNotifications(ws: WorkingSet, clone: Resource): void {
  const all = ws.notifications.get(clone);
  if (!all) return;
  for (const task of ["start", "stop", "promote", "demote"] as const) {
    const marks = all.get(task);
    if (!marks) continue;
    const data: NotifyData = { lists: new Map(), environment: {} };
    collect(clone, true, data);
    fillEnvironment(ws, clone, data);
    if (data.lists.has(task)) {
      for (const each of [marks.pre, marks.preDone, marks.post, marks.postDone]) {
        each?.clear(ACT.optional);
      }
    }
    createFor(ws, clone, marks, data);
  }
}

/** A stop implied by fencing is announced after the fencing. */
export function orderNotificationsAfterFencing(
  ws: WorkingSet,
  stop: Action,
  resource: Resource,
  fencing: Action,
): void {
  const marks = createMarks(ws, resource, "stop", undefined, fencing);
  if (!marks) return;
  const data: NotifyData = { lists: new Map(), environment: {} };
  collect(resource, false, data);
  data.environment["notify_stop_resource"] = resource.id;
  data.environment["notify_stop_uname"] = stop.node?.name ?? "";
  createFor(ws, topOf(resource), marks, data);
}
