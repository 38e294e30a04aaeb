import { INFINITY_SCORE } from "../model/score.ts";
import { ACT, type Action } from "./action.ts";
import { findByTask } from "./actions.ts";
import { withThisColocations } from "./colocation-lists.ts";
import { outermost } from "./resource-state.ts";
import { type Resource, ROLE, type WorkingSet } from "./working-set.ts";

/**
 * A resource that cannot start (or be promoted) takes with it what must run where it runs.
 */

/** Called for every action that was made unrunnable, so that its own successors are looked at again. */
type Blocked = (action: Action) => void;

function block(
  ws: WorkingSet,
  resource: Resource,
  task: string,
  because: Resource,
  blocked?: Blocked,
): void {
  for (const action of resource.tasks.get(task) ?? []) {
    if (!action.is(ACT.runnable)) continue;
    action.clear(ACT.runnable);
    action.because(`colocation with ${because.id}`);
    blockColocationDependents(ws, action, blocked);
    blocked?.(action);
  }
  for (const child of resource.children) block(ws, child, task, because, blocked);
}

/**
 * Made for the sake of an ordering only: what is blocked has no actions of its own. It may well run,
 * and so may those that must be where it is.
 */
function isMadeUp(action: Action): boolean {
  return action.resource?.variant === "primitive" && action.is(ACT.optional) && !action.node;
}

/** If the action is a start or promote that cannot run, blocks those colocated with its resource. */
export function blockColocationDependents(ws: WorkingSet, action: Action, blocked?: Blocked): void {
  if (action.is(ACT.runnable)) return;
  const starting = action.task === "start";
  if (!starting && action.task !== "promote") return;
  if (!action.resource || isMadeUp(action)) return;
  const resource = outermost(action.resource);
  for (const child of resource.children) {
    const same = findByTask(child, action.task);
    if (!same || same.is(ACT.runnable)) return;
  }
  for (const colocation of withThisColocations(resource)) {
    if (colocation.score < INFINITY_SCORE) continue;
    if (!starting && colocation.primaryRole !== ROLE.promoted) continue;
    const task = colocation.dependentRole === ROLE.promoted ? "promote" : "start";
    block(ws, colocation.dependent, task, action.resource, blocked);
  }
}
