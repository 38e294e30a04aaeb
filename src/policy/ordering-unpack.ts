import type { OrderConstraint, ResourceSet } from "../model/policy-definition.ts";
import { parseLooseScore } from "../model/score.ts";
import { ACT, ORDER } from "./action.ts";
import { clusterMark } from "./actions.ts";
import {
  cloneInstance,
  constraintResource,
  expandSet,
  ignored,
  namedMembers,
  setOf,
  setResources,
} from "./constraint-lookup.ts";
import { addOrdering, orderTasks } from "./ordering.ts";
import { isTrue, parseBoolean } from "./resource-state.ts";
import type { Resource, WorkingSet } from "./working-set.ts";

/** Order constraints as written, into orderings of actions (Pacemaker Explained, "Ordering"). */

type Kind = "optional" | "mandatory" | "serialize";
/** A symmetrical constraint also works backwards: that is its inverse. */
type Symmetry = "asymmetric" | "symmetric" | "inverse";

const INVERSE: Readonly<Record<string, string>> = {
  start: "stop",
  stop: "start",
  promote: "demote",
  demote: "promote",
  promoted: "demoted",
  demoted: "promoted",
  running: "stopped",
  stopped: "running",
};

function kindOf(
  ws: WorkingSet,
  id: string,
  kind: string | undefined,
  score: string | undefined,
): Kind {
  switch (kind) {
    case undefined:
      return score !== undefined && (parseLooseScore(score) ?? 0) === 0 ? "optional" : "mandatory";
    case "Mandatory":
      return "mandatory";
    case "Optional":
      return "optional";
    case "Serialize":
      return "serialize";
    default:
      ws.notice("error", "order-kind", `constraint ${id}: ${kind} is no kind; taken as Mandatory`);
      return "mandatory";
  }
}

function symmetryOf(kind: Kind, symmetrical: string | undefined): Symmetry {
  const wanted = parseBoolean(symmetrical);
  if (wanted === undefined) return kind === "serialize" ? "asymmetric" : "symmetric";
  return wanted && kind !== "serialize" ? "symmetric" : "asymmetric";
}

function flagsFor(kind: Kind, first: string, symmetry: Symmetry): number {
  if (kind === "optional") return ORDER.ordered;
  if (kind === "serialize") return ORDER.serialize;
  switch (symmetry) {
    case "asymmetric":
      return ORDER.ordered | ORDER.asymmetric;
    case "inverse":
      return ORDER.ordered | ORDER.nextImpliesFirst;
    case "symmetric": {
      const blocks = first === "start" || first === "promote" ? ORDER.unrunnableFirstBlocks : 0;
      return ORDER.ordered | ORDER.firstImpliesNext | blocks;
    }
  }
}

function endpoint(
  ws: WorkingSet,
  constraint: string,
  id: string | undefined,
  instance: string | undefined,
): Resource | undefined {
  const resource = id === undefined ? undefined : constraintResource(ws, id);
  if (!resource) {
    ignored(ws, constraint, `there is no resource ${id ?? "(none named)"}`);
    return undefined;
  }
  if (instance === undefined) return resource;
  const found = resource.variant === "clone" ? cloneInstance(resource, instance) : undefined;
  if (!found) ignored(ws, constraint, `${id} has no instance ${instance}`);
  return found;
}

/** How many instances of the first must run before the next may; 0: the question does not arise. */
function minimumFirst(resource: Resource, constraint: OrderConstraint): number {
  if (resource.variant !== "clone") return 0;
  const text = resource.meta.get("clone-min");
  if (text !== undefined) return Math.max(0, Number.parseInt(text, 10) || 0);
  return constraint.requireAll !== undefined && !isTrue(constraint.requireAll) ? 1 : 0;
}

function orderAfterSome(
  ws: WorkingSet,
  id: string,
  first: Resource,
  firstTask: string,
  next: Resource,
  nextTask: string,
  flags: number,
  minimum: number,
): void {
  const mark = clusterMark(ws, `clone-one-or-more:${id}`);
  mark.requiredBefore = minimum;
  mark.set(ACT.requiresAny);
  const how = ORDER.minRunnable | ORDER.firstGraphsNext;
  for (const instance of first.children) {
    addOrdering(ws, { resource: instance, slot: `${firstTask}_0` }, mark, how);
  }
  const after = { resource: next, slot: `${nextTask}_0` };
  addOrdering(ws, mark, after, flags | ORDER.unrunnableFirstBlocks);
}

function unpackSimple(ws: WorkingSet, constraint: OrderConstraint): void {
  const first = endpoint(ws, constraint.id, constraint.first, constraint.firstInstance);
  if (!first) return;
  const next = endpoint(ws, constraint.id, constraint.then, constraint.thenInstance);
  if (!next) return;
  const firstTask = constraint.firstAction ?? "start";
  const nextTask = constraint.thenAction ?? firstTask;
  const kind = kindOf(ws, constraint.id, constraint.orderKind, constraint.score);
  const symmetry = symmetryOf(kind, constraint.symmetrical);
  const restart = kind === "optional" && next.restartType === "restart";
  const flags = flagsFor(kind, firstTask, symmetry) | (restart ? ORDER.firstImpliesNext : 0);
  const minimum = minimumFirst(first, constraint);
  if (minimum > 0)
    orderAfterSome(ws, constraint.id, first, firstTask, next, nextTask, flags, minimum);
  else orderTasks(ws, first, firstTask, next, nextTask, flags);
  if (symmetry !== "symmetric") return;
  const backFirst = INVERSE[firstTask];
  const backNext = INVERSE[nextTask];
  if (!backFirst || !backNext) {
    ws.notice(
      "warn",
      "order-inverse",
      `constraint ${constraint.id} cannot be inverted; say it in full`,
    );
    return;
  }
  const back = flagsFor(kind, backFirst, "inverse") | (restart ? ORDER.nextImpliesFirst : 0);
  orderTasks(ws, next, backNext, first, backFirst, back);
}

/** The orderings inside one set. */
function unpackSet(
  ws: WorkingSet,
  constraint: OrderConstraint,
  set: ResourceSet,
  parentKind: Kind,
): boolean {
  const members = setResources(ws, constraint.id, set);
  if (members.length < set.members.length) return false;
  if (members.length === 1) return true;
  const action = set.action ?? "start";
  const ownKind = set.kind !== undefined || set.score !== undefined;
  const kind = set.kind === undefined ? parentKind : kindOf(ws, set.id, set.kind, set.score);
  const symmetryKind = ownKind ? kindOf(ws, set.id, set.kind, set.score) : parentKind;
  const symmetry = symmetryOf(symmetryKind, constraint.symmetrical);
  const flags = flagsFor(kind, action, symmetry);
  const sequential = set.sequential === undefined || isTrue(set.sequential);
  members.forEach((member, i) => {
    if (kind === "serialize") {
      for (const later of members.slice(i + 1))
        orderTasks(ws, member, action, later, action, flags);
    } else if (sequential && i > 0) {
      orderTasks(ws, members[i - 1]!, action, member, action, flags);
    }
  });
  const back = INVERSE[action];
  if (symmetry === "asymmetric" || !sequential || !back) return true;
  const backFlags = flagsFor(kind, back, "inverse");
  for (let i = 1; i < members.length; i++) {
    orderTasks(ws, members[i]!, back, members[i - 1]!, back, backFlags);
  }
  return true;
}

function orderSets(
  ws: WorkingSet,
  constraint: OrderConstraint,
  set: ResourceSet,
  nextSet: ResourceSet,
  kind: Kind,
  symmetry: Symmetry,
): void {
  const inverse = symmetry === "inverse";
  const invert = (task: string): string => (inverse ? (INVERSE[task] ?? task) : task);
  const firstTask = invert(set.action ?? "start");
  const nextTask = invert(nextSet.action ?? "start");
  const flags = flagsFor(kind, firstTask, symmetry);
  const firsts = setResources(ws, constraint.id, set);
  const nexts = setResources(ws, constraint.id, nextSet);
  const down = firstTask === "stop" || firstTask === "demote";
  if (set.requireAll !== undefined && !isTrue(set.requireAll) && !down) {
    const mark = clusterMark(ws, `one-or-more:${set.id}`);
    mark.set(ACT.requiresAny);
    const how = ORDER.minRunnable | ORDER.firstGraphsNext;
    for (const first of firsts) {
      addOrdering(ws, { resource: first, slot: `${firstTask}_0` }, mark, how);
    }
    for (const next of nexts) {
      const after = { resource: next, slot: `${nextTask}_0` };
      addOrdering(ws, mark, after, flags | ORDER.unrunnableFirstBlocks);
    }
    return;
  }
  // Only what a set says to be sequential can be represented by its first or last member.
  const one = (all: Resource[], last: boolean, options: ResourceSet): Resource[] =>
    isTrue(options.sequential) ? (last ? all.slice(-1) : all.slice(0, 1)) : all;
  for (const first of one(firsts, !inverse, set)) {
    for (const next of one(nexts, inverse, nextSet)) {
      orderTasks(ws, first, firstTask, next, nextTask, flags);
    }
  }
}

function setsOf(ws: WorkingSet, constraint: OrderConstraint): ResourceSet[] | undefined {
  if (constraint.sets) return constraint.sets.map((set) => expandSet(ws, set));
  const { first, then: next } = constraint;
  if (first === undefined || next === undefined) return undefined;
  if (!namedMembers(ws, first) && !namedMembers(ws, next)) return undefined;
  const firstAction =
    constraint.firstAction === undefined ? {} : { action: constraint.firstAction };
  const thenAction = constraint.thenAction === undefined ? {} : { action: constraint.thenAction };
  return [setOf(ws, first, firstAction), setOf(ws, next, thenAction)];
}

/** Reads one order constraint into the working set. */
export function unpackOrder(ws: WorkingSet, constraint: OrderConstraint): void {
  const sets = setsOf(ws, constraint);
  if (!sets) {
    unpackSimple(ws, constraint);
    return;
  }
  const kind = kindOf(ws, constraint.id, constraint.orderKind, constraint.score);
  const symmetry = symmetryOf(kind, constraint.symmetrical);
  for (let i = 0; i < sets.length; i++) {
    if (!unpackSet(ws, constraint, sets[i]!, kind)) return;
    if (i === 0) continue;
    orderSets(ws, constraint, sets[i - 1]!, sets[i]!, kind, symmetry);
    if (symmetry === "symmetric") {
      orderSets(ws, constraint, sets[i]!, sets[i - 1]!, kind, "inverse");
    }
  }
}
