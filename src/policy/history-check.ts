import { ORDER } from "./action.ts";
import { resourceAction } from "./actions.ts";
import { clearFailcount, scheduleCleanup } from "./cleanup.ts";
import { isAvailable } from "./nodes.ts";
import { allHistories, type HistoryEntry, type NodeHistory } from "./operation-history-types.ts";
import { addOrdering } from "./ordering.ts";
import { reschedule, scheduleCancel } from "./recurring.ts";
import { isAnonymousClone, isClone, primitivesOf, topOf } from "./resource-state.ts";
import { triggerUnfencing } from "./unfencing.ts";
import { followsContainer } from "./unpack/tree.ts";
import type { Work } from "./work.ts";
import type { Node, Resource, WorkingSet } from "./working-set.ts";

/**
 * What the recorded operations say beyond the resource's state: which recurring operations are
 * running, and whether anything ran with a definition that is no longer the present one.
 */

interface Bounds {
  /** Index of the last start (or what implies one), and of the last stop; -1: none. */
  readonly start: number;
  readonly stop: number;
}

/** Finds where the resource's present life begins in a history. */
function boundsOf(entries: readonly HistoryEntry[]): Bounds {
  let start = -1;
  let stop = -1;
  let impliedByMonitor = -1;
  let impliedByRole = -1;
  entries.forEach(({ record }, i) => {
    if (record.operation === "stop" && record.status === 0) stop = i;
    else if (record.operation === "start" || record.operation === "migrate_from") start = i;
    else if (impliedByMonitor <= stop && record.operation === "monitor") {
      if (record.rc === 0 || record.rc === 8) impliedByMonitor = i;
    } else if (record.operation === "promote" || record.operation === "demote") impliedByRole = i;
  });
  if (start === -1) start = impliedByRole !== -1 ? impliedByRole : impliedByMonitor;
  return { start, stop };
}

/** Makes an optional action of every recurring operation that is running. */
export function* noteRecurring(ws: WorkingSet): Work {
  for (const top of ws.resources) {
    for (const resource of primitivesOf(top)) {
      for (const history of allHistories(resource.histories)) {
        if (!history.quiet) noteOn(ws, resource, history);
      }
    }
    yield 1;
  }
}

function noteOn(ws: WorkingSet, resource: Resource, history: NodeHistory): void {
  const { start, stop } = boundsOf(history.entries);
  if (!history.node.online) return;
  history.entries.forEach(({ record }, i) => {
    if (start < stop && i <= stop) return;
    if (i < start || record.intervalMs === 0 || record.status === -1) return;
    resourceAction(ws, resource, record.operation, record.intervalMs, history.node, true);
  });
}

function agentChanged(resource: Resource, history: NodeHistory): boolean {
  const now = resource.agent;
  const then = history.agent;
  if (!now || now === then) return false;
  return (
    now.class !== then.class ||
    now.type !== then.type ||
    (now.provider ?? "") !== (then.provider ?? "")
  );
}

function checkAgent(
  ws: WorkingSet,
  resource: Resource,
  history: NodeHistory,
  active: boolean,
): void {
  if (!agentChanged(resource, history)) return;
  const { node } = history;
  triggerUnfencing(ws, resource, node, "Device definition changed");
  if (active) {
    resourceAction(ws, resource, "stop", 0, node, false);
    resource.startPending = true;
  }
  scheduleCleanup(ws, resource, node, false);
}

/** An operation whose result has to be compared with the parameters of the start. */
function comparedTask(task: string, intervalMs: number): string {
  const likeStart = ["monitor", "migrate_from", "promote"].includes(task);
  return intervalMs === 0 && likeStart ? "start" : task;
}

function forceRestart(
  ws: WorkingSet,
  resource: Resource,
  task: string,
  intervalMs: number,
  node: Node,
): void {
  const action = resourceAction(ws, resource, task, intervalMs, undefined, false);
  action.reason = "resource definition change";
  triggerUnfencing(ws, resource, node, "Device parameters changed");
}

function scheduleReload(ws: WorkingSet, resource: Resource, node: Node): void {
  if (!resource.managed || resource.failed) return;
  if (resource.startPending) {
    resourceAction(ws, resource, "stop", 0, node, false);
    return;
  }
  resource.reload = true;
  const action = resourceAction(ws, resource, "reload-agent", 0, node, false);
  action.because("resource definition change");
  const flags = ORDER.ordered | ORDER.nextCancelsFirst;
  addOrdering(ws, action, { resource, slot: "stop_0" }, flags);
  addOrdering(ws, action, { resource, slot: "demote_0" }, flags);
}

function isConfigured(resource: Resource, task: string, intervalMs: number): boolean {
  return resource.operations.some(
    (op) => op.name === task && op.intervalMs === intervalMs && op.enabled,
  );
}

/** Reacts to one recorded operation; true if its definition has changed. */
function checkOperation(
  ws: WorkingSet,
  resource: Resource,
  entry: HistoryEntry,
  before: HistoryEntry | undefined,
): boolean {
  const { record, node } = entry;
  const { operation, intervalMs } = record;
  if (intervalMs > 0 && !isConfigured(resource, operation, intervalMs)) {
    if (ws.options.stopOrphanActions) {
      scheduleCancel(ws, resource, operation, intervalMs, node, "orphan");
    }
    return true;
  }
  const verdict = ws.services.compareDigest(resource, node, record, before?.record);
  if (verdict === "match") return false;
  const task = comparedTask(operation, intervalMs);
  if (verdict === "restart") {
    forceRestart(ws, resource, task, intervalMs, node);
  } else if (intervalMs > 0) {
    reschedule(ws, resource, operation, intervalMs, node);
  } else if (record.restartDigest !== undefined) {
    triggerUnfencing(ws, resource, node, "Device parameters changed (reload)");
    scheduleReload(ws, resource, node);
  } else {
    forceRestart(ws, resource, task, intervalMs, node);
  }
  return true;
}

function isSame({ record: a }: HistoryEntry, { record: b }: HistoryEntry): boolean {
  return a.operation === b.operation && a.intervalMs === b.intervalMs;
}

const CHECKED = new Set(["monitor", "start", "promote", "migrate_from"]);

function checkHistory(ws: WorkingSet, resource: Resource, history: NodeHistory): void {
  const { node, entries } = history;
  if (resource.orphan) {
    if (!isAnonymousClone(topOf(resource))) scheduleCleanup(ws, resource, node, false);
    return;
  }
  const active = resource.runningOn.includes(node);
  checkAgent(ws, resource, history, active);
  if (!active) return;
  const { start, stop } = boundsOf(entries);
  if (start < stop) return;
  entries.forEach((entry, i) => {
    if (i < start) return;
    const { operation, intervalMs } = entry.record;
    if (intervalMs > 0 && (resource.maintenance || node.maintenance)) {
      scheduleCancel(ws, resource, operation, intervalMs, node, "maintenance mode");
    } else if (intervalMs > 0 || CHECKED.has(operation)) {
      const before = entries.find((each, at) => at >= start && at < i && isSame(each, entry));
      if (followsContainer(resource)) {
        ws.lateChecks.push({ resource, entry, before, isLastFailure: false });
      } else {
        checkActive(ws, resource, entry, before);
      }
    }
  });
}

function checkActive(
  ws: WorkingSet,
  resource: Resource,
  entry: HistoryEntry,
  before: HistoryEntry | undefined,
): void {
  const changed = checkOperation(ws, resource, entry, before);
  if (changed && ws.services.ownFailcount(resource, entry.node).count !== 0) {
    clearFailcount(ws, resource, entry.node, "action definition changed");
  }
}

/** Compares what had to wait until the assignment: connections that go to where the container is. */
export function checkLate(ws: WorkingSet): void {
  for (const { resource, entry, before, isLastFailure } of ws.lateChecks) {
    if (!isLastFailure) {
      checkActive(ws, resource, entry, before);
      continue;
    }
    const verdict = ws.services.compareDigest(resource, entry.node, entry.record);
    if (verdict === "match" || verdict === "unknown") continue;
    clearFailcount(ws, resource, entry.node, "resource parameters have changed");
  }
}

/** Every primitive by the ids under which it may have been recorded. */
function byRecordedId(ws: WorkingSet): Map<string, Resource[]> {
  const index = new Map<string, Resource[]>();
  const add = (id: string, resource: Resource): void => {
    const list = index.get(id);
    if (list) list.push(resource);
    else index.set(id, [resource]);
  };
  for (const top of ws.resources) {
    if (!isClone(top) && top.variant !== "bundle") continue;
    for (const resource of primitivesOf(top)) {
      add(resource.id, resource);
      if (resource.historyId !== undefined && resource.historyId !== resource.id) {
        add(resource.historyId, resource);
      }
    }
  }
  return index;
}

/** Compares every history on a usable node with the present definition. */
export function* checkHistories(ws: WorkingSet): Work {
  const index = byRecordedId(ws);
  for (const top of ws.resources) {
    for (const owner of primitivesOf(top)) {
      for (const history of allHistories(owner.histories)) {
        const { node, recordedId } = history;
        if (!node.maintenance && !isAvailable(node)) continue;
        const alone = recordedId === owner.id && !isClone(top);
        const others = alone ? undefined : index.get(recordedId);
        if (others === undefined) checkHistory(ws, owner, history);
        else for (const resource of others) checkHistory(ws, resource, history);
      }
      yield 5;
    }
  }
}
