import type { PlanAction } from "../../model/plan.ts";

/**
 * The actions in an order in which they may be carried out: each after all it waits for, the
 * lowest id first among those that can go. Whatever waits in a circle is left out.
 */
export function executionOrder(actions: readonly PlanAction[]): PlanAction[] {
  const byId = new Map(actions.map((action) => [action.id, action]));
  const waiting = new Map<number, number>();
  const next = new Map<number, number[]>();
  for (const action of actions) {
    const before = new Set(action.after.filter((id) => byId.has(id)));
    waiting.set(action.id, before.size);
    for (const id of before) {
      const list = next.get(id);
      if (list === undefined) next.set(id, [action.id]);
      else list.push(action.id);
    }
  }
  const order: PlanAction[] = [];
  let ready = [...waiting].filter(([, count]) => count === 0).map(([id]) => id);
  while (ready.length > 0) {
    const freed: number[] = [];
    for (const id of ready.sort((a, b) => a - b)) {
      order.push(byId.get(id)!);
      for (const follower of next.get(id) ?? []) {
        const left = waiting.get(follower)! - 1;
        waiting.set(follower, left);
        if (left === 0) freed.push(follower);
      }
    }
    ready = freed;
  }
  return order;
}
