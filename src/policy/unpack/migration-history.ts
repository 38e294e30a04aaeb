import type { OperationRecord } from "../../model/cluster-status.ts";
import { EXECUTION, OCF } from "../../model/exit-code.ts";
import { ROLE } from "../working-set.ts";
import { addRunning } from "./active.ts";
import { compareRecords } from "./history-index.ts";
import type { HistoryState, HistoryTools } from "./history-state.ts";

/**
 * Live migrations in the history. A whole one is migrate_to on the source, migrate_from on the
 * target, stop on the source. It is "partial" where no migrate_from happened yet, "dangling" where
 * only the stop is missing. Either node's history may have been cleared on the way.
 */
interface Migration {
  readonly source: string;
  readonly target: string;
}

function migrationOf(record: OperationRecord): Migration | undefined {
  const { migrateSource: source, migrateTarget: target } = record;
  return source === undefined || target === undefined ? undefined : { source, target };
}

/** Source and target, if the node at that end is the one whose history this is. */
function checkedMigration(
  tools: HistoryTools,
  state: HistoryState,
  record: OperationRecord,
  end: "source" | "target",
): Migration | undefined {
  const migration = migrationOf(record);
  if (migration?.[end].toLowerCase() === state.node.name.toLowerCase()) return migration;
  const message = `history entry ${record.id} on ${state.node.name} names no such migration`;
  tools.ws.notice("warn", "bad-migration", message);
  return undefined;
}

function find(
  tools: HistoryTools,
  resource: string,
  operation: string,
  node: string,
  accept: (record: OperationRecord) => boolean,
): OperationRecord | undefined {
  const operations = tools.index.operations(resource, node);
  return operations.find((each) => each.operation === operation && accept(each));
}

/** Is this half of a migration one that the node did itself? */
function happenedOn(event: OperationRecord, node: string): boolean {
  const at = event.operation === "migrate_to" ? event.migrateSource : event.migrateTarget;
  return at?.toLowerCase() === node.toLowerCase();
}

/** Any start, stop or migration on the node that is newer than the event. */
function newerAction(
  tools: HistoryTools,
  resource: string,
  node: string,
  event: OperationRecord | undefined,
): boolean {
  if (event === undefined) return false;
  return tools.index
    .operations(resource, node)
    .some(
      (each) =>
        each !== event &&
        /^(start|stop|migrate_to|migrate_from)$/.test(each.operation) &&
        compareRecords(each, event, happenedOn(event, node)) > 0,
    );
}

/** A newer action there, or a newer monitor that did not find it running. */
function newerState(
  tools: HistoryTools,
  resource: string,
  node: string,
  migrateTo: OperationRecord | undefined,
  migrateFrom: OperationRecord | undefined,
): boolean {
  let event = migrateFrom ?? migrateTo;
  // Call ids tell more than times: compare with the event on the same node if there is one.
  const onSource = node.toLowerCase() === event?.migrateSource?.toLowerCase();
  if (migrateTo !== undefined && onSource) event = migrateTo;
  if (event === undefined) return false;
  if (newerAction(tools, resource, node, event)) return true;
  const monitor = find(tools, resource, "monitor", node, () => true);
  const absent = monitor?.rc === OCF.notRunning && monitor.status === EXECUTION.done;
  return absent && compareRecords(monitor, event, happenedOn(event, node)) > 0;
}

/** A migrate_to that succeeded: where the resource is depends on what came after. */
export function migrateToSucceeded(
  tools: HistoryTools,
  state: HistoryState,
  record: OperationRecord,
): void {
  const { resource, node } = state;
  const migration = checkedMigration(tools, state, record, "source");
  if (migration === undefined) return;
  const { source, target } = migration;
  const sourceNewer = newerAction(tools, resource.id, source, record);
  const migrateFrom = find(
    tools,
    resource.id,
    "migrate_from",
    target,
    (each) => each.migrateSource === source,
  );
  if (migrateFrom !== undefined && sourceNewer) return;
  const targetNewer = newerState(tools, resource.id, target, record, migrateFrom);
  if (sourceNewer && targetNewer) return;
  const fromStatus = migrateFrom?.status ?? EXECUTION.pending;
  if (migrateFrom?.rc === OCF.success && fromStatus === EXECUTION.done) {
    resource.role = ROLE.stopped;
    resource.danglingMigrations.unshift(node);
    return;
  }
  resource.role = ROLE.started;
  const targetNode = tools.ws.nodeByName.get(target);
  const activeOnTarget = !targetNewer && targetNode?.online === true;
  if (fromStatus !== EXECUTION.pending) {
    if (activeOnTarget) addRunning(tools.ws, resource, targetNode, true);
    else mustRecover(state);
  } else if (targetNode?.online && tools.index.isUnknown(resource.id, target)) {
    // Its history there was cleared: a probe will tell.
  } else if (activeOnTarget) {
    continuePartial(tools, state, source, target);
  } else if (!sourceNewer) mustRecover(state);
}

/** The migration may go on, if the same target is chosen again. */
function continuePartial(
  tools: HistoryTools,
  { resource }: HistoryState,
  source: string,
  target: string,
): void {
  const sourceNode = tools.ws.nodeByName.get(source);
  const targetNode = tools.ws.nodeByName.get(target)!;
  addRunning(tools.ws, resource, targetNode, false);
  if (!sourceNode?.online) return;
  resource.partialMigrationTarget = targetNode;
  resource.partialMigrationSource = sourceNode;
}

function mustRecover({ resource }: HistoryState): void {
  resource.failed = true;
  resource.stopIfFailed = true;
  resource.allowMigrate = false;
}

/** A migrate_to that failed: it may be active at both ends. */
export function migrateToFailed(
  tools: HistoryTools,
  state: HistoryState,
  record: OperationRecord,
): void {
  const { resource, node } = state;
  const migration = checkedMigration(tools, state, record, "source");
  if (migration === undefined) return;
  const { source, target } = migration;
  resource.role = ROLE.started;
  const migrateFrom = find(
    tools,
    resource.id,
    "migrate_from",
    target,
    (each) => each.migrateSource === source,
  );
  const succeeded = migrateFrom?.rc === OCF.success && migrateFrom.status === EXECUTION.done;
  const event = succeeded ? migrateFrom : undefined;
  const known = !tools.index.isUnknown(resource.id, target);
  if (known && !newerState(tools, resource.id, target, record, event)) {
    const targetNode = tools.ws.nodeByName.get(target);
    if (targetNode?.online) addRunning(tools.ws, resource, targetNode, false);
  } else if (!newerAction(tools, resource.id, source, record)) {
    resource.danglingMigrations.unshift(node);
  }
}

/** A migrate_from that failed: it may still be active at the source. */
export function migrateFromFailed(
  tools: HistoryTools,
  state: HistoryState,
  record: OperationRecord,
): void {
  const { resource } = state;
  const migration = checkedMigration(tools, state, record, "target");
  if (migration === undefined) return;
  const { source, target } = migration;
  resource.role = ROLE.started;
  const migrateTo = find(
    tools,
    resource.id,
    "migrate_to",
    source,
    (each) => each.migrateTarget === target,
  );
  const succeeded = migrateTo?.rc === OCF.success && migrateTo.status === EXECUTION.done;
  const event = succeeded ? migrateTo : undefined;
  if (tools.index.isUnknown(resource.id, source)) return;
  if (newerState(tools, resource.id, source, event, record)) return;
  const sourceNode = tools.ws.nodeByName.get(source);
  if (sourceNode?.online) addRunning(tools.ws, resource, sourceNode, true);
}
