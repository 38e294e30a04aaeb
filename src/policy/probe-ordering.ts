import { ACT, Action, type Link, ORDER, type Slot } from "./action.ts";
import { actionsInSlot, orderActions } from "./actions.ts";
import { compatibleInstance } from "./interleave.ts";
import { actionsAt } from "./ordering.ts";
import { isCollective, primitivesOf, topOf } from "./resource-state.ts";
import type { Work } from "./work.ts";
import { type Resource, ROLE, type WorkingSet } from "./working-set.ts";

/**
 * What waits for probes besides the start of the probed resource: whatever would follow its stop
 * (it may turn out to be running), and restarts of what depends on it.
 */

/** An inactive instance must not start before its clone is probed everywhere. */
function orderInstanceStarts(probe: Action, link: Link): void {
  const next = link.next;
  const clone = next.resource;
  if (!clone || !isCollective(clone) || probe.is(ACT.runnable)) return;
  if (link.flags & ORDER.unrunnableFirstBlocks || next.task !== "start") return;
  if (topOf(probe.resource!) !== clone) return;
  for (let after = next.firstAfter; after; after = after.youngerAfter) {
    const instance = after.next.resource;
    if (!instance || instance.runningOn.length > 0 || after.next.task !== "start") continue;
    if (topOf(instance) !== clone) continue;
    orderActions(probe, after.next, ORDER.ordered | ORDER.unrunnableFirstBlocks);
  }
}

/** The stops (or demotes) that a start (or promote) would be the second half of. */
function downCounterparts(action: Action): readonly Action[] {
  const resource = action.resource;
  if (resource?.variant !== "primitive") return [];
  if (action.task === "start") return actionsInSlot(resource, "stop_0");
  if (action.task === "promote") return actionsInSlot(resource, "demote_0");
  return [];
}

/**
 * All from which a chain of orderings leads to a start that is the second half of a restart: with a
 * chain of clones a search from each instance's probe would go through every other instance.
 */
function leadingToRestarts(ws: WorkingSet): ReadonlySet<Action> {
  const leading = new Set<Action>();
  const stack = ws.actions.filter((action) => downCounterparts(action).length > 0);
  while (stack.length > 0) {
    const action = stack.pop()!;
    if (leading.has(action)) continue;
    leading.add(action);
    for (let link = action.firstBefore; link; link = link.youngerBefore) stack.push(link.first);
  }
  return leading;
}

/** Collects, along the chain that a start sets off, every stop that is part of a restart. */
class RestartFinder {
  readonly #ws: WorkingSet;
  readonly #probed: Resource;
  readonly #leading: ReadonlySet<Action>;
  readonly found = new Set<Action>();
  visited = 0;

  constructor(ws: WorkingSet, probed: Resource, leading: ReadonlySet<Action>) {
    this.#ws = ws;
    this.#probed = probed;
    this.#leading = leading;
    ws.visits++;
  }

  follow(start: Action): void {
    const stack = [start];
    while (stack.length > 0) {
      const after = stack.pop()!;
      if (after.visit === this.#ws.visits || !this.#leading.has(after)) continue;
      after.visit = this.#ws.visits;
      this.visited++;
      if (after.resource !== this.#probed) {
        for (const down of downCounterparts(after)) if (!down.is(ACT.pseudo)) this.found.add(down);
      }
      for (const next of this.#successors(after)) stack.push(next);
    }
  }

  #successors(after: Action): Action[] {
    const resource = after.resource;
    const collective = resource !== undefined && isCollective(resource);
    const interleaved = collective && resource.interleave;
    const partner = interleaved
      ? compatibleInstance(this.#ws, this.#probed, resource, ROLE.unknown, false)
      : undefined;
    const found: Action[] = [];
    for (let link = after.firstAfter; link; link = link.youngerAfter) {
      const next = link.next.resource;
      if (!(link.flags & ORDER.firstImpliesNext)) {
        if (!resource || resource.variant === "primitive" || this.#probed.parent === resource)
          continue;
        if (!next || isCollective(next) || next.parent !== resource) continue;
        if (interleaved && partner !== next) continue;
      }
      found.push(link.next);
    }
    return found;
  }
}

function* orderRestarts(ws: WorkingSet, primitive: Resource, leading: ReadonlySet<Action>): Work {
  const probes = actionsInSlot(primitive, "monitor_0");
  const cache = new Map<Action, ReadonlySet<Action>>();
  for (const probe of probes) {
    const last = probe.lastAfter;
    // What is ordered after the probe from here on is not looked at again.
    for (let link = probe.firstAfter; link; link = link === last ? undefined : link.youngerAfter) {
      orderInstanceStarts(probe, link);
      if (!leading.has(link.next)) continue;
      let stops = cache.get(link.next);
      if (!stops) {
        const finder = new RestartFinder(ws, primitive, leading);
        finder.follow(link.next);
        yield finder.visited / 20;
        stops = finder.found;
        cache.set(link.next, stops);
      }
      for (const stop of stops) orderActions(probe, stop, ORDER.ordered);
    }
  }
}

function isNeededBefore(probe: Action, next: Action): boolean {
  const sameNode = probe.node === next.node;
  if (next.task === "stonith" && sameNode && next.fenceOperation === "on") return false;
  return !(next.task === "do_shutdown" && probe.node && next.node && !sameNode);
}

function stops(end: Action | Slot): boolean {
  return end instanceof Action ? end.task === "stop" : end.slot === "stop_0";
}

/** "Stop A, then X" also means "probe A, then X", for A may be found running. */
function orderLikeStops(ws: WorkingSet): void {
  for (const o of ws.orderings) {
    const first = o.first.resource;
    const next = o.next.resource;
    if (o.flags === ORDER.none || !first || first === next || !stops(o.first)) continue;
    if (next && first.container === next && stops(o.next)) continue;
    const probes = actionsInSlot(first, "monitor_0");
    if (probes.length === 0) continue;
    let flags: number =
      ORDER.ordered | (o.flags & (ORDER.ifFirstUnmigratable | ORDER.ifOnSameNode));
    if (o.flags === ORDER.antiColocation || o.flags === ORDER.load) flags = o.flags;
    const nexts = actionsAt(o.next);
    for (const probe of probes) {
      for (const next of nexts) if (isNeededBefore(probe, next)) orderActions(probe, next, flags);
    }
  }
}

/** Adds all orderings that probes imply. */
export function* orderProbes(ws: WorkingSet): Work {
  const leading = leadingToRestarts(ws);
  yield ws.actions.length / 50;
  for (const resource of ws.resources) {
    for (const primitive of primitivesOf(resource)) {
      if (actionsInSlot(primitive, "monitor_0").length > 0) {
        yield* orderRestarts(ws, primitive, leading);
      }
    }
    yield 2;
  }
  orderLikeStops(ws);
  yield ws.orderings.length / 50;
}
