import { ACT, ORDER } from "./action.ts";
import { actionsExactly, orderActions, resourceAction, setNextRole } from "./actions.ts";
import { scheduleCleanup } from "./cleanup.ts";
import { abortDanglingMigration, canMigrate, createMigrationActions } from "./migration.ts";
import { nodeProblem, whyStopped } from "./plain-reasons.ts";
import { createRecurringActions } from "./recurring.ts";
import { activeNode } from "./resource-state.ts";
import { isUnfenced, orderAfterUnfencing, unfenceAction } from "./unfencing.ts";
import { type Node, type Resource, ROLE, type RoleRank, type WorkingSet } from "./working-set.ts";

/**
 * From the role and place that a primitive has to those it is to have: a walk through the roles,
 * one action per step.
 *
 *     Stopped --start--> Started/Unpromoted --promote--> Promoted
 *     Promoted --demote--> Unpromoted/Started --stop--> Stopped
 */

type Step = (ws: WorkingSet, resource: Resource, node: Node | undefined, optional: boolean) => void;

/** The next role on the way from one to another. */
function nextRoleOnWay(from: RoleRank, to: RoleRank): RoleRank {
  switch (from) {
    case ROLE.unknown:
      return to === ROLE.unknown ? ROLE.unknown : ROLE.stopped;
    case ROLE.stopped:
      if (to <= ROLE.stopped) return ROLE.stopped;
      return to === ROLE.started ? ROLE.started : ROLE.unpromoted;
    case ROLE.started:
      return to <= ROLE.stopped ? ROLE.stopped : to;
    case ROLE.unpromoted:
      return to >= ROLE.unpromoted ? to : ROLE.stopped;
    case ROLE.promoted:
      if (to === ROLE.unknown) return ROLE.stopped;
      return to === ROLE.promoted ? ROLE.promoted : ROLE.unpromoted;
  }
}

/** The action that takes a resource one step; undefined where nothing needs doing. */
function stepBetween(from: RoleRank, to: RoleRank): Step | undefined {
  if (from === to) return undefined;
  if (from === ROLE.unknown) return to === ROLE.stopped ? stop : undefined;
  if (from === ROLE.stopped) return to === ROLE.promoted ? undefined : start;
  if (from === ROLE.promoted) return demote;
  if (to === ROLE.promoted) return promote;
  if (from === ROLE.started && to === ROLE.unpromoted) return undefined;
  return stop;
}

/** Multiply active with `stop_unexpected`: the place where it may go on running. */
function isExpectedNode(resource: Resource, node: Node): boolean {
  return (
    resource.stopUnexpected &&
    resource.restarting &&
    resource.nextRole > ROLE.stopped &&
    resource.assignedNode === node
  );
}

function stop(
  ws: WorkingSet,
  resource: Resource,
  _node: Node | undefined,
  wasOptional: boolean,
): void {
  let optional = wasOptional;
  for (const node of resource.runningOn) {
    if (isExpectedNode(resource, node)) continue;
    if (resource.partialMigrationTarget) {
      if (node === resource.partialMigrationTarget && node === resource.assignedNode) continue;
      optional = false;
    }
    const action = resourceAction(ws, resource, "stop", 0, node, optional);
    if (!resource.assignedNode) action.reason = whyStopped(ws, resource, node);
    else if (resource.restarting && resource.stopUnexpected)
      action.reason = "it is active more than once";
    else if (resource.assignedNode !== node) action.reason ??= nodeProblem(node);
    if (!resource.managed) action.clear(ACT.runnable);
    if (ws.options.removeAfterStop) scheduleCleanup(ws, resource, node, optional);
    if (resource.needsUnfencing) {
      const unfence = unfenceAction(ws, node, true, undefined);
      orderActions(action, unfence, ORDER.nextImpliesFirst);
      if (!isUnfenced(node)) {
        ws.notice(
          "warn",
          "unfencing",
          `${resource.id} is stopped until ${node.name} can be unfenced`,
        );
      }
    }
  }
}

function start(
  ws: WorkingSet,
  resource: Resource,
  node: Node | undefined,
  optional: boolean,
): void {
  if (!node) return;
  const action = resourceAction(ws, resource, "start", 0, node, true);
  orderAfterUnfencing(ws, resource, node, action, ORDER.firstImpliesNext);
  if (action.is(ACT.runnable) && !optional) action.clear(ACT.optional);
  if (isExpectedNode(resource, node)) action.set(ACT.pseudo);
}

function promote(
  ws: WorkingSet,
  resource: Resource,
  node: Node | undefined,
  optional: boolean,
): void {
  if (!node) return;
  const starts = actionsExactly(resource, "start_0", node);
  if (starts.every((action) => action.is(ACT.runnable))) {
    const action = resourceAction(ws, resource, "promote", 0, node, optional);
    if (isExpectedNode(resource, node)) action.set(ACT.pseudo);
    return;
  }
  for (const action of actionsExactly(resource, "promote_0", node)) action.clear(ACT.runnable);
}

function demote(
  ws: WorkingSet,
  resource: Resource,
  _node: Node | undefined,
  optional: boolean,
): void {
  for (const node of resource.runningOn) {
    if (!isExpectedNode(resource, node)) resourceAction(ws, resource, "demote", 0, node, optional);
  }
}

/** Down to Stopped where it is, and up again to its present role where it is to be. */
function scheduleRestart(
  ws: WorkingSet,
  resource: Resource,
  current: Node | undefined,
  needStop: boolean,
  needPromote: boolean,
): void {
  resource.restarting = true;
  let role = resource.role;
  while (role !== ROLE.stopped) {
    const next = nextRoleOnWay(role, ROLE.stopped);
    const step = stepBetween(role, next);
    if (!step) break;
    step(ws, resource, current, !needStop);
    role = next;
  }
  while (resource.role <= resource.nextRole && role !== resource.role && !resource.blocked) {
    const next = nextRoleOnWay(role, resource.role);
    const required = needStop || (next === ROLE.promoted && needPromote);
    const step = stepBetween(role, next);
    if (!step) break;
    step(ws, resource, resource.assignedNode, !required);
    role = next;
  }
  resource.restarting = false;
}

function scheduleChange(ws: WorkingSet, resource: Resource): void {
  let role = resource.role;
  while (role !== resource.nextRole) {
    const next = nextRoleOnWay(role, resource.nextRole);
    const step = stepBetween(role, next);
    if (!step) break;
    step(ws, resource, resource.assignedNode, false);
    role = next;
  }
}

function setDefaultNextRole(resource: Resource): void {
  if (resource.nextRole !== ROLE.unknown) return;
  setNextRole(resource, resource.assignedNode ? ROLE.started : ROLE.stopped, "assignment");
}

/** What the present situation asks for beyond the change of role. */
interface Needs {
  stop: boolean;
  promote: boolean;
  migrate: boolean;
}

/** Is it on more nodes than it should be, and is it half-way through a migration? */
function checkMultiplyActive(
  ws: WorkingSet,
  resource: Resource,
  current: Node | undefined,
  needs: Needs,
): void {
  const { all, clean } = activeNode(resource);
  const source = resource.partialMigrationSource;
  const target = resource.partialMigrationTarget;
  let multiply = false;
  if (
    source &&
    target &&
    needs.migrate &&
    all === 2 &&
    current === source &&
    resource.assignedNode === target
  ) {
    // The migration in progress goes on.
  } else if (source || target) {
    ws.notice("info", "migration-broken", `${resource.id} can no longer migrate and is recovered`);
    needs.stop = true;
    needs.migrate = false;
    resource.partialMigrationSource = undefined;
    resource.partialMigrationTarget = undefined;
  } else {
    // What needs no fencing is not thought to be active on unclean nodes.
    multiply = (resource.needsFencing ? all : clean) > 1;
  }
  if (!multiply) {
    resource.stopUnexpected = false;
    return;
  }
  const message = `${resource.id} might be active on ${all} nodes`;
  ws.notice("error", "multiply-active", message, { resource: resource.id });
  if (resource.multipleActive === "stop_start") needs.stop = true;
  else if (resource.multipleActive === "stop_unexpected") {
    needs.stop = true;
    resource.stopUnexpected = true;
  }
}

function checkStaying(
  ws: WorkingSet,
  resource: Resource,
  current: Node | undefined,
  needs: Needs,
): void {
  if (resource.failed) {
    if (resource.stopIfFailed) needs.stop = true;
    else if (resource.nextRole === ROLE.promoted) needs.promote = true;
  } else if (resource.blocked) {
    needs.stop = true;
  } else if (resource.role > ROLE.started && current && resource.assignedNode) {
    const action = resourceAction(ws, resource, "start", 0, resource.assignedNode, true);
    if (!action.is(ACT.optional)) needs.stop = true;
  }
}

/** Creates all actions of a primitive. */
export function createPrimitiveActions(ws: WorkingSet, resource: Resource): void {
  setDefaultNextRole(resource);
  const current = activeNode(resource).node;
  for (const node of resource.danglingMigrations) abortDanglingMigration(ws, resource, node);
  const needs: Needs = { stop: false, promote: false, migrate: false };
  const target = resource.assignedNode;
  const moving =
    current !== undefined &&
    target !== undefined &&
    current !== target &&
    resource.nextRole >= ROLE.started;
  if (moving) {
    needs.migrate = canMigrate(resource, current);
    needs.stop = true;
  }
  checkMultiplyActive(ws, resource, current, needs);
  if (resource.startPending && target) {
    resourceAction(ws, resource, "start", 0, target, true).set(ACT.always);
  }
  if (!moving) checkStaying(ws, resource, current, needs);
  scheduleRestart(ws, resource, current, needs.stop, needs.promote);
  scheduleChange(ws, resource);
  createRecurringActions(ws, resource);
  if (needs.migrate && current) createMigrationActions(ws, resource, current);
}
