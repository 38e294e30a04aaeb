import { fencerStep } from "./fencing-duty.ts";
import type { NodeCore } from "./node-core.ts";

/**
 * A node is a member again: fencings of it that only wait are not wanted any more. In a later life than
 * the one that was to be ended, no others either: they would end what has just come.
 */
export function memberCame(node: NodeCore, names: readonly string[]): void {
  for (const target of names) {
    const why = `${target} has joined before it was fenced`;
    fencerStep(node, { kind: "withdraw", target, why, begun: hasOutlived(node, target) });
    const { uncommitted } = node.fencing;
    for (let at = uncommitted.length - 1; at >= 0; at--) {
      const entry = uncommitted[at];
      // A result that nobody could be told says nothing of what has come.
      if (entry?.record.target !== target) continue;
      if (entry.proposed) {
        entry.isBack = entry.record.action !== "on";
        continue;
      }
      uncommitted.splice(at, 1);
      entry.dropped();
    }
  }
}

/** The newest plan does not want these any more, of which some may only wait; who else wants one gets it. */
export function dropUnwanted(node: NodeCore, keys: readonly string[]): void {
  const wishes = [...node.fencing.asked.values()];
  const unwanted = (wish: { readonly key: string }) => keys.includes(wish.key);
  for (const target of new Set(wishes.filter(unwanted).map((wish) => wish.target))) {
    if (!wishes.filter((wish) => wish.target === target).every(unwanted)) continue;
    const why = `the fencing of ${target} is not wanted any more`;
    fencerStep(node, { kind: "withdraw", target, why });
  }
}

/** Others may have left this node out, and serve: none is wanted but what a person asked for. */
export function dropAllWaiting(node: NodeCore): void {
  const wishes = [...node.fencing.asked.values()].filter((wish) => wish.byHand !== true);
  const keys = wishes.map(({ key }) => key);
  dropUnwanted(node, keys);
}

function hasOutlived(node: NodeCore, target: string): boolean {
  const life = node.members().get(target) ?? 0;
  const wishes = [...node.fencing.asked.values()].filter((asked) => asked.target === target);
  return wishes.every(({ incarnation }) => incarnation !== undefined && incarnation < life);
}
