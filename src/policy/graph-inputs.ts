import { ACT, type Action, type Link, ORDER } from "./action.ts";
import { isClone } from "./resource-state.ts";
import type { WorkingSet } from "./working-set.ts";

/** Which actions, and which of their orderings, belong in the transition graph. */

export function belongsInGraph(action: Action): boolean {
  if (!action.is(ACT.runnable)) return false;
  if (action.is(ACT.optional) && !action.is(ACT.always)) return false;
  const resource = action.resource;
  if (resource && !resource.managed && action.task !== "monitor" && action.intervalMs === 0) {
    return false;
  }
  if (action.is(ACT.pseudo) || action.task === "stonith" || action.task === "do_shutdown")
    return true;
  const node = action.node;
  if (!node) return false;
  if (action.is(ACT.onDc)) return true;
  if (node.kind === "guest" && !node.remoteRequiresReset) return true;
  return node.online && !node.unclean;
}

/** Orderings of these kinds only say when, not whether. */
const ONLY_ORDER = ORDER.nextGraphsFirst | ORDER.firstGraphsNext | ORDER.ordered;

/** Does the action really have to wait for the first of this link? `flags`: of all links between them. */
export function inputCounts(action: Action, first: Action, flags: number): boolean {
  if (flags === ORDER.none) return false;
  const runnable = first.is(ACT.runnable);
  if (!runnable && (flags & ~ONLY_ORDER) === 0) return false;
  if (!runnable && flags & (ORDER.minRunnable | ORDER.unmigratableNextBlocks)) return false;
  const migratable = first.is(ACT.migratable);
  if (flags & ORDER.ifFirstUnmigratable && migratable) return false;
  if (flags === ORDER.ordered && migratable && first.slot === "stop_0") return false;
  if (flags === ORDER.load) return loadCounts(action, first);
  if (flags === ORDER.antiColocation) {
    if (first.node && action.node && first.node !== action.node) return false;
    return !first.is(ACT.optional);
  }
  const owner = first.resource;
  if (owner && owner !== action.resource && owner.failed && !owner.managed) {
    if (first.slot === "stop_0" && isClone(action.resource)) return false;
  }
  if (!first.is(ACT.optional)) return true;
  return first.flags & (ACT.always | ACT.inGraph) ? true : belongsInGraph(first);
}

function loadCounts(action: Action, first: Action): boolean {
  if (action.resource && action.task === "migrate_to") {
    return first.node === action.resource.assignedNode;
  }
  return first.node === action.node && !first.is(ACT.optional);
}

/** Can the graph be walked backwards from a link to where it started? */
function loopsBack(ws: WorkingSet, link: Link): boolean {
  ws.visits++;
  const start = link.next;
  const stack = [link];
  while (stack.length > 0) {
    const { first, next, flags } = stack.pop()!;
    if (!inputCounts(next, first, flags)) continue;
    if (first === start) return true;
    if (first.visit === ws.visits) continue;
    first.visit = ws.visits;
    for (let before = first.firstBefore; before; before = before.youngerBefore) stack.push(before);
  }
  return false;
}

/** Could this wait be one that cannot be? */
function isDoubtful({ first, next, flags }: Link): boolean {
  if (first.node?.kind === "guest") return true;
  return flags === ORDER.load && next.task === "migrate_to";
}

function breakIfInvalid(ws: WorkingSet, link: Link): void {
  const { first, next } = link;
  const guest = first.node?.kind === "guest" ? first.node : undefined;
  if (guest && first.resource && !(link.flags & ORDER.guestAllowed)) {
    // What runs in a guest cannot be ordered against the guest's own resource.
    const container = next.resource;
    const own = guest.connection?.container;
    if (container && (container === own || container.fillers.includes(guest.connection!))) {
      link.flags = ORDER.none;
    }
  }
  if (link.flags === ORDER.load && next.task === "migrate_to" && loopsBack(ws, link)) {
    link.flags = ORDER.none;
  }
}

/** Two resources that swap nodes by migration cannot each wait for the other's room. */
export function breakInvalidOrderings(ws: WorkingSet): void {
  for (let i = ws.actions.length - 1; i >= 0; i--) {
    const doubtful: Link[] = [];
    for (let link = ws.actions[i]!.firstBefore; link; link = link.youngerBefore) {
      if (isDoubtful(link)) doubtful.push(link);
    }
    for (const link of doubtful.reverse()) breakIfInvalid(ws, link);
  }
}
