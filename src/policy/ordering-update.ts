import { ACT, type Action, type Link, ORDER } from "./action.ts";
import { orderActions } from "./actions.ts";
import { blockColocationDependents } from "./colocation-block.ts";
import { updateInstances } from "./interleave.ts";
import {
  applyMarkFlags,
  applyPair,
  blockedByUnmanagedStop,
  FIRST_CHANGED,
  NEXT_CHANGED,
} from "./ordering-effects.ts";
import { isClone, isCollective, locationOf } from "./resource-state.ts";
import { successAction } from "./success-mark.ts";
import { actionFlags } from "./variant.ts";
import type { Work } from "./work.ts";
import type { Node, Resource, WorkingSet } from "./working-set.ts";

/**
 * Lets every ordering have its effect: a necessary action makes others necessary, one that cannot
 * run blocks others. Effects spread, so what one has touched is updated after it.
 */

/** A yield for each would cost as much as most do. */
const LINKS_PER_SLICE = 100;

export class OrderingUpdater {
  readonly ws: WorkingSet;
  /** Those to be updated, the next one last. */
  readonly #stack: Action[] = [];
  /** What the action being updated has changed, in the order of its changes. */
  readonly #touched: Action[] = [];
  readonly #blocked = (action: Action): void => {
    this.enqueue(action);
    this.enqueueAfter(action);
  };

  constructor(ws: WorkingSet) {
    this.ws = ws;
  }

  enqueue(action: Action): void {
    this.#touched.push(action);
  }

  enqueueAfter(action: Action): void {
    for (let link = action.firstAfter; link; link = link.youngerAfter) this.enqueue(link.next);
  }

  /**
   * Updates every action, newest first, each together with all that it touches before the next: what
   * a mark takes over from its parts then still reaches the older ones, and comes too late for the
   * newer. The bound only guards against a rule that undoes another forever.
   */
  *run(): Work {
    const { actions } = this.ws;
    const limit = 1000 + 200 * actions.length;
    let done = 0;
    let steps = 0;
    for (let i = actions.length - 1; i >= 0; i--) {
      this.#stack.push(actions[i]!);
      for (let action = this.#stack.pop(); action && steps < limit; action = this.#stack.pop()) {
        action.queued = false;
        steps++;
        done += 1 + this.#update(action);
        this.#takeUp();
        if (done < LINKS_PER_SLICE) continue;
        yield LINKS_PER_SLICE / 10;
        done = 0;
      }
    }
  }

  /** What was touched first is updated first; what waits already does not wait twice. */
  #takeUp(): void {
    for (let i = this.#touched.length - 1; i >= 0; i--) {
      const action = this.#touched[i]!;
      if (action.queued) continue;
      action.queued = true;
      this.#stack.push(action);
    }
    this.#touched.length = 0;
  }

  /** Says how many links it has looked at. */
  #update(next: Action): number {
    const before = next.flags;
    let changed = 0;
    let links = 0;
    if (next.is(ACT.requiresAny)) {
      next.runnableBefore = 0;
      if (next.requiredBefore === 0) next.requiredBefore = 1;
      next.clear(ACT.runnable);
    }
    for (let link = next.firstBefore; link; link = link.youngerBefore) {
      links++;
      changed &= ~FIRST_CHANGED;
      changed |= this.#updateLink(link, next);
      if (changed & FIRST_CHANGED) {
        const first = this.#remapped(link, next);
        this.enqueueAfter(first);
        this.enqueue(first);
      }
    }
    if (next.is(ACT.requiresAny)) {
      changed = before === next.flags ? changed & ~NEXT_CHANGED : changed | NEXT_CHANGED;
    }
    if (changed & NEXT_CHANGED) {
      if (before & ACT.runnable && !next.is(ACT.runnable)) {
        blockColocationDependents(this.ws, next, this.#blocked);
      }
      this.enqueue(next);
      this.enqueueAfter(next);
    }
    return links;
  }

  /** For another resource, "start CLONE" means once all of it has started. */
  #remapped(link: Link, next: Action): Action {
    const first = link.first;
    const resource = first.resource;
    if (!resource || !next.resource || resource === next.resource) return first;
    if (resource.variant === "primitive" || next.resource.parent === resource) return first;
    if (isAncestorOf(resource, next.resource)) return first;
    return successAction(first, resource) ?? first;
  }

  #updateLink(link: Link, next: Action): number {
    if (link.flags === ORDER.none) return 0;
    const original = link.first;
    const firstNode = placeOf(original);
    const nextNode = placeOf(next);
    if (link.flags & ORDER.ifOnSameNode && firstNode && nextNode && firstNode !== nextNode) {
      link.flags = ORDER.none;
      return 0;
    }
    if (original.resource && link.flags & ORDER.nextCancelsFirst && !next.is(ACT.optional)) {
      original.set(ACT.optional);
      if (original.task === "reload-agent" || original.task === "reload")
        original.resource.reload = false;
    }
    const first = this.#remapped(link, next);
    if (first !== original) {
      if (orderActions(first, next, link.flags)) {
        link.flags = ORDER.none;
        return NEXT_CHANGED;
      }
      return 0;
    }
    const firstFlags = flagsForOrdering(first, nextNode);
    const nextFlags = flagsForOrdering(next, firstNode);
    return this.#applyFlags(link, first, next, firstFlags, nextFlags);
  }

  #applyFlags(
    link: Link,
    first: Action,
    next: Action,
    firstFlags: number,
    nextFlags: number,
  ): number {
    let changed = 0;
    let node = next.node;
    if (link.flags & ORDER.firstImpliesNextOnNode) {
      link.flags = (link.flags & ~ORDER.firstImpliesNextOnNode) | ORDER.firstImpliesNext;
      node = first.node;
    }
    const flags = link.flags;
    const optional = firstFlags & ACT.optional;
    if (flags & ORDER.firstImpliesNext) {
      if (next.resource) {
        changed |= this.update(first, next, node, optional, ACT.optional, ORDER.firstImpliesNext);
      } else if (!optional && next.is(ACT.optional)) {
        next.clear(ACT.optional);
        changed |= NEXT_CHANGED;
      }
    }
    if (flags & ORDER.restart && next.resource) {
      changed |= this.update(
        first,
        next,
        node,
        firstFlags,
        ACT.optional | ACT.runnable,
        ORDER.restart,
      );
    }
    if (flags & ORDER.nextImpliesFirst) {
      if (first.resource) {
        changed |= this.#updateFirst(first, next, node, firstFlags, ORDER.nextImpliesFirst);
      } else if (!optional && first.is(ACT.runnable)) {
        first.clear(ACT.runnable);
        changed |= FIRST_CHANGED;
      }
    }
    if (next.resource) {
      changed |= this.#applyResourceFlags(link, first, next, node, firstFlags);
    } else {
      changed |= applyMarkFlags(flags, next, firstFlags);
    }
    this.#applyPrinting(flags, first, next, firstFlags, nextFlags);
    return changed | blockedByUnmanagedStop(flags, first, next);
  }

  #applyResourceFlags(
    link: Link,
    first: Action,
    next: Action,
    node: Node | undefined,
    firstFlags: number,
  ): number {
    const flags = link.flags;
    let changed = 0;
    const optional = firstFlags & ACT.optional;
    if (flags & ORDER.promotedNextImpliesFirst) {
      changed |= this.update(
        first,
        next,
        node,
        optional,
        ACT.optional,
        ORDER.promotedNextImpliesFirst,
      );
    }
    if (flags & ORDER.minRunnable) {
      changed |= this.update(first, next, node, firstFlags, ACT.runnable, ORDER.minRunnable);
    }
    if (flags & ORDER.unrunnableFirstBlocks) {
      changed |= this.update(
        first,
        next,
        node,
        firstFlags,
        ACT.runnable,
        ORDER.unrunnableFirstBlocks,
      );
    }
    if (flags & ORDER.nestedProbe) {
      const leaving = !(firstFlags & ACT.runnable) && (first.resource?.runningOn.length ?? 0) > 0;
      if (leaving) link.flags = ORDER.none;
      else
        changed |= this.update(
          first,
          next,
          node,
          firstFlags,
          ACT.runnable,
          ORDER.unrunnableFirstBlocks,
        );
    }
    if (flags & ORDER.unmigratableNextBlocks) {
      changed |= this.update(
        first,
        next,
        node,
        firstFlags,
        ACT.optional,
        ORDER.unmigratableNextBlocks,
      );
    }
    if (flags & ORDER.nestedMigration) {
      changed |= this.update(first, next, node, firstFlags, ACT.optional, ORDER.nestedMigration);
    }
    if (flags & ORDER.ordered) {
      changed |= this.update(first, next, node, firstFlags, ACT.runnable, ORDER.ordered);
    }
    if (flags & ORDER.asymmetric) {
      changed |= this.update(first, next, node, firstFlags, ACT.runnable, ORDER.asymmetric);
    }
    return changed;
  }

  #applyPrinting(
    flags: number,
    first: Action,
    next: Action,
    firstFlags: number,
    nextFlags: number,
  ): void {
    if (first.is(ACT.runnable) && flags & ORDER.firstGraphsNext && !(firstFlags & ACT.optional)) {
      next.set(ACT.always);
    }
    if (flags & ORDER.nextGraphsFirst && !(nextFlags & ACT.optional)) first.set(ACT.always);
  }

  /** `nextImpliesFirst` goes by the first's resource. */
  #updateFirst(
    first: Action,
    next: Action,
    node: Node | undefined,
    flags: number,
    type: number,
  ): number {
    return this.#dispatch(first.resource!, first, next, node, flags, ACT.optional, type);
  }

  /** Applies one kind of ordering to two actions, and to what is inside the next's resource. */
  update(
    first: Action,
    next: Action,
    node: Node | undefined,
    flags: number,
    filter: number,
    type: number,
  ): number {
    return this.#dispatch(next.resource!, first, next, node, flags, filter, type);
  }

  #dispatch(
    by: Resource,
    first: Action,
    next: Action,
    node: Node | undefined,
    flags: number,
    filter: number,
    type: number,
  ): number {
    if (by.variant === "group") return this.#updateGroup(first, next, node, flags, filter, type);
    if (isCollective(by)) return updateInstances(this, first, next, node, flags, filter, type);
    return this.updatePair(first, next, flags, filter, type);
  }

  #updateGroup(
    first: Action,
    next: Action,
    node: Node | undefined,
    flags: number,
    filter: number,
    type: number,
  ): number {
    let changed = this.updatePair(first, next, flags, filter, type);
    for (const member of next.resource?.children ?? []) {
      const same = member.tasks.get(next.task);
      if (!same) continue;
      for (let i = same.length - 1; i >= 0; i--) {
        if (node && same[i]!.node !== node) continue;
        changed |= this.update(first, same[i]!, node, flags, filter, type);
        break;
      }
    }
    return changed;
  }

  /** The effect of one kind of ordering on exactly these two actions. */
  updatePair(first: Action, next: Action, flags: number, filter: number, type: number): number {
    const nextBefore = next.flags;
    const firstBefore = first.flags;
    applyPair(first, next, flags, filter, type);
    let changed = 0;
    if (next.flags !== nextBefore) {
      changed |= NEXT_CHANGED;
      if (next.resource?.parent) {
        // Changed through the mark of its whole: nobody else tells those that wait for it.
        this.enqueue(next);
        this.enqueueAfter(next);
      }
    }
    if (first.flags !== firstBefore) changed |= FIRST_CHANGED;
    return changed;
  }
}

function isAncestorOf(resource: Resource, of: Resource): boolean {
  for (let parent = of.parent; parent; parent = parent.parent) if (parent === resource) return true;
  return false;
}

/** A group's start has no node of its own; it is where the group will be. */
function placeOf(action: Action): Node | undefined {
  if (action.resource?.variant === "group" && action.task === "start") {
    return locationOf(action.resource, false) ?? action.node;
  }
  return action.node;
}

/** For clones: optional as on that node, but runnable as anywhere. */
function flagsForOrdering(action: Action, node: Node | undefined): number {
  const flags = actionFlags(action, undefined);
  if (!node || !isClone(action.resource)) return flags;
  return actionFlags(action, node) | (flags & ACT.runnable);
}

/** Updates every action, and whatever that touches. */
export function* updateAllActions(ws: WorkingSet): Work {
  yield* new OrderingUpdater(ws).run();
}
