import type { PlanAction } from "../model/plan.ts";

/**
 * The same actions, and none that tells a node that it may go before everything else that the plan
 * does on that node is done. The engine orders this after stops only; but with its history forgotten
 * a node is probed first, and what the probe finds must still be stopped. A node that leaves counts
 * as one where nothing runs.
 */
export function leavingLast(actions: readonly PlanAction[]): readonly PlanAction[] {
  return actions.map((action) => {
    if (action.operation !== "do_shutdown") return action;
    const later = waitingFor(actions, action.id);
    const before = actions.filter(
      ({ id, kind, node }) => kind === "resource" && node === action.node && !later.has(id),
    );
    return { ...action, after: [...new Set([...action.after, ...before.map(({ id }) => id)])] };
  });
}

/** Everything that waits for that action, directly or not, and the action itself. */
function waitingFor(actions: readonly PlanAction[], id: number): ReadonlySet<number> {
  const found = new Set([id]);
  let before = 0;
  while (found.size > before) {
    before = found.size;
    for (const action of actions) {
      if (action.after.some((each) => found.has(each))) found.add(action.id);
    }
  }
  return found;
}
