import type { WallTime } from "../core/units.ts";
import type { ClusterStatus } from "../model/cluster-status.ts";
import type { Plan } from "../model/plan.ts";
import type { PolicyDefinition } from "../model/policy-definition.ts";
import { ORDER } from "./action.ts";
import { orderActions, resourceAction } from "./actions.ts";
import { clearFailcount, clearHistory, clearOrphanFailcounts } from "./cleanup.ts";
import { unpackColocation } from "./colocation-unpack.ts";
import { fenceAction } from "./fence-action.ts";
import { scheduleFencingAndShutdowns } from "./fencing.ts";
import { createGraph } from "./graph.ts";
import { checkHistories, checkLate, noteRecurring } from "./history-check.ts";
import { applyHealth, applyNodeCriteria, unpackLocation } from "./location.ts";
import { noteBlocked } from "./notices.ts";
import { applyOrderings } from "./ordering.ts";
import { unpackOrder } from "./ordering-unpack.ts";
import { createPlacements } from "./placement.ts";
import { scheduleProbes } from "./probes.ts";
import { orderRemoteConnections } from "./remote.ts";
import { sortByAssignment } from "./resource-order.ts";
import { isBundled } from "./resource-state.ts";
import { applyShutdownLocks } from "./shutdown-lock.ts";
import { createSummary } from "./summary.ts";
import { unpackTicket } from "./tickets.ts";
import { unpack } from "./unpack/unpack.ts";
import { addInternalConstraints, assign, createActions } from "./variant.ts";
import { finish, flat, forEach, type Work } from "./work.ts";
import { type Node, type Resource, WorkingSet } from "./working-set.ts";

/**
 * The policy engine: what should run where, and how to get there. Pacemaker's scheduler in stages:
 *
 *     unpack        definition and status become the working set
 *     constrain     constraints, health, stickiness, failures become scores and orderings
 *     assign        every resource gets a node and a role
 *     act           every change becomes actions; probes, fencing, shutdown
 *     order         orderings make actions necessary or impossible, until nothing changes
 *     read out      graph, summary, placements
 */

export interface PlanOptions {
  /** Collect what every score is made of; costs time. */
  readonly explain?: boolean;
  /** The input may have its secrets masked, as reports do; for simulations only. */
  readonly sanitized?: boolean;
  /**
   * Promotable clone to the nodes on which the plan under way promotes it. Where two instances deserve
   * it equally, that decision stands: it is not turned over by a score that has just been set.
   */
  readonly promoting?: ReadonlyMap<string, readonly string[]>;
  /**
   * Those of a partition without quorum may know nothing of the rest. What only a failed probe says to
   * be active here may run there: with `no-quorum-policy: freeze` it is stopped, and not recovered.
   */
  readonly wary?: boolean;
}

/** A plan together with the working set that it was read out of, for outcomes and explanations. */
export interface Schedule {
  readonly plan: Plan;
  readonly workingSet: WorkingSet;
}

function propagateRunning(resource: Resource): void {
  for (const child of resource.children) {
    propagateRunning(child);
    for (const node of child.runningOn) {
      if (!resource.runningOn.includes(node)) resource.runningOn.push(node);
    }
  }
}

/** What is not in a bundle has no business on the nodes that its containers provide. */
function hideBundleNodes(ws: WorkingSet, resource: Resource, nodes: readonly Node[]): void {
  if (resource.bundle?.childClone) {
    for (const child of resource.children) {
      if (child !== resource.bundle.childClone) hideBundleNodes(ws, child, nodes);
    }
  } else {
    for (const child of resource.children) hideBundleNodes(ws, child, nodes);
  }
  for (const node of nodes) resource.allowed.delete(node.index);
}

function* constrain(ws: WorkingSet): Work {
  applyHealth(ws);
  for (const constraint of ws.definition.constraints) {
    yield 2;
    switch (constraint.kind) {
      case "location":
        unpackLocation(ws, constraint);
        break;
      case "colocation":
        unpackColocation(ws, constraint);
        break;
      case "order":
        unpackOrder(ws, constraint);
        break;
      case "ticket":
        unpackTicket(ws, constraint);
        break;
    }
  }
  if (ws.options.shutdownLock) applyShutdownLocks(ws);
  applyNodeCriteria(ws);
  yield ws.resources.length;
  yield* forEach(ws.resources, 2, (resource) => addInternalConstraints(ws, resource));
}

/** Actions that the histories ask for, whatever is decided about the resource. */
function* actOnHistory(ws: WorkingSet): Work {
  yield* noteRecurring(ws);
  for (const clear of ws.failcountClears) {
    const action = clearFailcount(ws, clear.resource, clear.node, clear.reason);
    const remote = clear.resource.remoteNode;
    if (!remote || clear.resource.remoteReconnectMs === 0 || !ws.options.fencingEnabled) continue;
    // Reconnecting must wait for any fencing of the node.
    const fencing = fenceAction(ws, remote, undefined, true, undefined);
    orderActions(fencing, action, ORDER.firstImpliesNext);
  }
  for (const demand of ws.demands) {
    if (demand.task === "lrm_delete") {
      clearHistory(ws, demand.resource, demand.node);
      continue;
    }
    const optional = demand.optional ?? false;
    const action = resourceAction(ws, demand.resource, demand.task, 0, demand.node, optional);
    if (demand.reason !== undefined) action.because(demand.reason);
  }
}

/** For what it takes to merge scores see `mergingUnits`. */
const UNITS_PER_ASSIGNMENT = 5;

function* assignAll(ws: WorkingSet): Work {
  for (const node of ws.nodes) node.remaining = new Map(node.utilization);
  if (ws.options.placementStrategy !== "default") yield* sortByAssignment(ws);
  if (ws.haveRemoteNodes) {
    for (const resource of ws.resources) {
      if (!resource.isRemoteConnection) continue;
      yield* flat(assign(ws, resource, resource.partialMigrationTarget, true));
    }
  }
  for (const resource of ws.resources) {
    if (!resource.isRemoteConnection) yield* flat(assign(ws, resource, undefined, true));
    yield UNITS_PER_ASSIGNMENT * (1 + resource.children.length);
  }
}

function* act(ws: WorkingSet): Work {
  checkLate(ws);
  if (ws.options.enableStartupProbes) yield* scheduleProbes(ws);
  if (ws.options.stopOrphanResources) {
    for (const resource of ws.resources) clearOrphanFailcounts(ws, resource);
  }
  yield* forEach(ws.resources, 5, (resource) => createActions(ws, resource));
  orderRemoteConnections(ws);
  scheduleFencingAndShutdowns(ws);
  yield* applyOrderings(ws);
}

/** As `schedule`, in slices. */
export function* scheduling(
  definition: PolicyDefinition,
  status: ClusterStatus,
  now: WallTime,
  options: PlanOptions = {},
): Work<Schedule> {
  const ws = new WorkingSet(definition, status, Math.floor(now / 1000));
  ws.explain = options.explain ?? false;
  ws.sanitized = options.sanitized ?? false;
  ws.promoting = options.promoting ?? ws.promoting;
  ws.wary = options.wary ?? false;
  yield* unpack(ws);
  for (const resource of ws.resources) propagateRunning(resource);
  const inside = ws.nodes.filter((node) => node.connection && isBundled(node.connection));
  if (inside.length > 0) for (const resource of ws.resources) hideBundleNodes(ws, resource, inside);
  yield* actOnHistory(ws);
  yield* constrain(ws);
  yield* checkHistories(ws);
  yield* assignAll(ws);
  yield* act(ws);
  noteBlocked(ws);
  const actions = yield* createGraph(ws);
  const plan: Plan = {
    actions,
    placements: createPlacements(ws),
    summary: createSummary(ws),
    notices: ws.notices,
    ...(ws.recheckAt === undefined ? {} : { recheckAt: ws.recheckAt }),
  };
  return { plan, workingSet: ws };
}

/** Schedules, and keeps the working set for who needs more than the plan. */
export function schedule(
  definition: PolicyDefinition,
  status: ClusterStatus,
  now: WallTime,
  options: PlanOptions = {},
): Schedule {
  return finish(scheduling(definition, status, now, options));
}

/** As `plan`, in slices: between two of them something else may be done, but not to the input. */
export function* planning(
  definition: PolicyDefinition,
  status: ClusterStatus,
  now: WallTime,
  options: PlanOptions = {},
): Work<Plan> {
  return (yield* scheduling(definition, status, now, options)).plan;
}

/** The plan for a definition and a status at a time. Pure: the same input gives the same plan. */
export function plan(
  definition: PolicyDefinition,
  status: ClusterStatus,
  now: WallTime,
  options: PlanOptions = {},
): Plan {
  return schedule(definition, status, now, options).plan;
}
