import { ACT, ORDER } from "./action.ts";
import { resourceAction } from "./actions.ts";
import { scheduleCleanup } from "./cleanup.ts";
import { orderTasks } from "./ordering.ts";
import type { Node, Resource, WorkingSet } from "./working-set.ts";

/**
 * Live migration: migrate_to on the source, migrate_from on the target, then the stop on the
 * source; the start on the target is only a mark. If anything on the way cannot be migrated, the
 * flags fall and a plain move is left (Pacemaker Explained, "Migrating Resources").
 */

export function canMigrate(resource: Resource, current: Node | undefined): boolean {
  return (
    resource.allowMigrate &&
    resource.managed &&
    !resource.failed &&
    !resource.startPending &&
    current !== undefined &&
    !current.unclean &&
    resource.assignedNode !== undefined &&
    !resource.assignedNode.unclean
  );
}

/** Stops what an interrupted migration may have left on its source or target. */
export function abortDanglingMigration(ws: WorkingSet, resource: Resource, node: Node): void {
  resourceAction(ws, resource, "stop", 0, node, false).set(ACT.migrationAbort);
  if (ws.options.removeAfterStop) scheduleCleanup(ws, resource, node, false);
}

export function createMigrationActions(ws: WorkingSet, resource: Resource, current: Node): void {
  const target = resource.assignedNode;
  if (!target) return;
  const partial = resource.partialMigrationTarget !== undefined;
  const start = resourceAction(ws, resource, "start", 0, target, true);
  const stop = resourceAction(ws, resource, "stop", 0, current, true);
  const meta = { migrate_source: current.name, migrate_target: target.name };
  const to = partial ? undefined : resourceAction(ws, resource, "migrate_to", 0, current, true);
  const from = resourceAction(ws, resource, "migrate_from", 0, target, true);
  start.set(ACT.migratable | ACT.pseudo);
  stop.set(ACT.migratable);
  from.set(ACT.migratable);
  from.meta = { ...from.meta, ...meta };
  const task = (first: string, next: string, flags: number): void =>
    orderTasks(ws, resource, first, resource, next, flags);
  if (to) {
    to.set(ACT.migratable);
    to.requiresFencing = resource.needsFencing;
    to.meta = {
      ...to.meta,
      ...meta,
      ...(resource.isRemoteConnection ? {} : { "record-pending": "true" }),
    };
    task("monitor", "migrate_to", ORDER.ordered);
    task("migrate_to", "migrate_from", ORDER.ordered | ORDER.unmigratableNextBlocks);
  } else {
    from.requiresFencing = resource.needsFencing;
    task("monitor", "migrate_from", ORDER.ordered);
  }
  task("migrate_from", "stop", ORDER.ordered | ORDER.unmigratableNextBlocks);
  task(
    "migrate_from",
    "start",
    ORDER.ordered | ORDER.unmigratableNextBlocks | ORDER.nestedMigration,
  );
}
