import { addScores, INFINITY_SCORE } from "../model/score.ts";
import { ACT, type Action, ORDER } from "./action.ts";
import { findByTask, pseudoAction, setNextRole } from "./actions.ts";
import { newColocation } from "./colocation-unpack.ts";
import { instanceTaskOf } from "./interleave.ts";
import { orderTasks } from "./ordering.ts";
import { isColocatedGroup, isOrderedGroup, topOf } from "./resource-state.ts";
import {
  actionFlags,
  addInternalConstraints,
  applyColocation,
  assign,
  createActions,
} from "./variant.ts";
import type { NestedWork } from "./work.ts";
import type { Colocation, Node, Resource, WorkingSet } from "./working-set.ts";

/** Groups: each member where the one before it is, started after it and stopped before it. */

export function* assignGroup(
  ws: WorkingSet,
  group: Resource,
  prefer: Node | undefined,
  stopIfFail: boolean,
): NestedWork<Node | undefined> {
  if (!group.provisional) return group.assignedNode;
  if (group.assigning) return undefined;
  const first = group.children[0];
  if (!first) {
    group.provisional = false;
    return undefined;
  }
  group.assigning = true;
  group.role = first.role;
  let node: Node | undefined;
  for (const member of group.children) {
    const chosen = yield* assign(ws, member, prefer, stopIfFail);
    node ??= chosen;
  }
  setNextRole(group, first.nextRole, "first group member");
  group.assigning = false;
  group.provisional = false;
  return isColocatedGroup(group) ? node : undefined;
}

export function createGroupActions(ws: WorkingSet, group: Resource): void {
  for (const member of group.children) createActions(ws, member);
  const tasks = ["start", "running", "stop", "stopped"];
  if (topOf(group).isPromotable) tasks.push("demote", "demoted", "promote", "promoted");
  for (const task of tasks) pseudoAction(ws, group, task, true, true);
}

/** Orders a mark of the group before and after what its member does. */
function constrainMember(
  ws: WorkingSet,
  group: Resource,
  member: Resource,
  previous: Resource | undefined,
  ordered: boolean,
  promotable: boolean,
): void {
  const firstOrdered = ordered && !previous;
  const down = ORDER.nextGraphsFirst | (firstOrdered ? ORDER.ordered : 0);
  const afterDown = firstOrdered ? ORDER.firstImpliesNext : ORDER.firstGraphsNext;
  const afterUp = ORDER.unrunnableFirstBlocks | ORDER.firstImpliesNext | ORDER.firstGraphsNext;
  const unordered = ORDER.firstImpliesNext | ORDER.unrunnableFirstBlocks | ORDER.nextGraphsFirst;
  if (promotable) {
    orderTasks(ws, group, "demote", member, "demote", down);
    orderTasks(ws, member, "demote", group, "demoted", afterDown);
    orderTasks(ws, member, "promote", group, "promoted", afterUp);
    orderTasks(ws, group, "promote", member, "promote", ORDER.nextGraphsFirst);
  }
  orderTasks(ws, group, "stop", member, "stop", down);
  orderTasks(ws, member, "stop", group, "stopped", afterDown);
  orderTasks(ws, group, "start", member, "start", ORDER.nextGraphsFirst);
  orderTasks(ws, member, "start", group, "running", afterUp);
  if (!ordered) {
    orderTasks(ws, group, "start", member, "start", unordered);
    if (promotable) orderTasks(ws, group, "promote", member, "promote", unordered);
    return;
  }
  if (!previous) return;
  const up = ORDER.firstImpliesNext | ORDER.unrunnableFirstBlocks;
  orderTasks(ws, previous, "start", member, "start", up);
  orderTasks(ws, member, "stop", previous, "stop", ORDER.ordered | ORDER.restart);
  if (member.runningOn.length > 0 && previous.runningOn.length === 0) {
    // A new member before an active one: no restart would order these two otherwise.
    const flags = ORDER.nextImpliesFirst | ORDER.unrunnableFirstBlocks;
    orderTasks(ws, member, "stop", previous, "start", flags);
  }
  if (promotable) {
    orderTasks(ws, previous, "promote", member, "promote", up);
    orderTasks(ws, member, "demote", previous, "demote", ORDER.ordered);
  }
}

export function constrainGroup(ws: WorkingSet, group: Resource): void {
  orderTasks(ws, group, "stop", group, "stopped", ORDER.unrunnableFirstBlocks);
  orderTasks(ws, group, "stopped", group, "start", ORDER.ordered);
  orderTasks(ws, group, "start", group, "running", ORDER.unrunnableFirstBlocks);
  const ordered = isOrderedGroup(group);
  const colocated = isColocatedGroup(group);
  const promotable = topOf(group).isPromotable;
  let previous: Resource | undefined;
  let lastActive: Resource | undefined;
  for (const member of group.children) {
    addInternalConstraints(ws, member);
    if (previous && colocated) {
      newColocation(ws, {
        id: "group:internal_colocation",
        dependent: member,
        primary: previous,
        score: INFINITY_SCORE,
        influence: member.critical,
        explicit: false,
      });
    }
    constrainMember(ws, group, member, previous, ordered, promotable);
    if (member.runningOn.length > 0) {
      // A partly active group stops in sequence too, across the gaps.
      if (ordered && previous && previous.runningOn.length === 0 && lastActive) {
        orderTasks(ws, member, "stop", lastActive, "stop", ORDER.ordered);
      }
      lastActive = member;
    }
    previous = member;
  }
}

/** "Group with X" is "first member with X": the chain inside does the rest. */
export function colocateGroupWith(
  ws: WorkingSet,
  group: Resource,
  primary: Resource,
  colocation: Colocation,
): number {
  let members: readonly Resource[] = group.children;
  if (isColocatedGroup(group)) {
    members = group.children.slice(0, 1);
  } else if (colocation.score >= INFINITY_SCORE) {
    notColocated(ws, group, colocation);
    return 0;
  }
  let delta = 0;
  for (const member of members) {
    delta = addScores(delta, applyColocation(ws, member, primary, colocation));
  }
  group.priority = addScores(delta, group.priority);
  return delta;
}

function notColocated(ws: WorkingSet, group: Resource, colocation: Colocation): void {
  const message = `${colocation.id}: ${group.id} is not colocated in itself`;
  ws.notice("error", "group-not-colocated", message);
}

/** "X with group": mandatory with the last member, since all of the group must be up. */
export function colocateWithGroup(
  ws: WorkingSet,
  dependent: Resource,
  group: Resource,
  colocation: Colocation,
): number {
  if (group.provisional) return 0;
  const mandatory = colocation.score >= INFINITY_SCORE;
  let members: readonly Resource[] = group.children;
  if (isColocatedGroup(group)) {
    members = mandatory ? group.children.slice(-1) : group.children.slice(0, 1);
  } else if (mandatory) {
    notColocated(ws, group, colocation);
    return 0;
  }
  let delta = 0;
  for (const member of members) {
    delta = addScores(delta, applyColocation(ws, dependent, member, colocation));
  }
  return delta;
}

/** A group's mark is required if any member's action is, and unrunnable unless all can run. */
export function groupActionFlags(action: Action, node: Node | undefined): number {
  let flags = ACT.optional | ACT.runnable | ACT.pseudo;
  for (const member of action.resource!.children) {
    const task = instanceTaskOf(member, action.task);
    const same = findByTask(member, task, node);
    if (same) {
      const own = actionFlags(same, node);
      if (flags & ACT.optional && !(own & ACT.optional)) {
        flags &= ~ACT.optional;
        action.clear(ACT.optional);
      }
      if (task !== action.task && flags & ACT.runnable && !(own & ACT.runnable)) {
        flags &= ~ACT.runnable;
        action.clear(ACT.runnable);
      }
    } else if (task !== "stop" && task !== "demote") {
      flags &= ~ACT.runnable;
    }
  }
  return flags;
}
