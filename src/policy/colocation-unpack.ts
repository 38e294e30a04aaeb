import type { ColocationConstraint, ResourceSet } from "../model/policy-definition.ts";
import { INFINITY_SCORE, parseLooseScore } from "../model/score.ts";
import { ORDER } from "./action.ts";
import {
  cloneInstance,
  constraintResource,
  expandSet,
  ignored,
  namedMembers,
  setOf,
  setResources,
} from "./constraint-lookup.ts";
import { orderTasks } from "./ordering.ts";
import { parseBoolean } from "./resource-state.ts";
import { parseRole } from "./unpack/roles.ts";
import {
  type Colocation,
  type Resource,
  ROLE,
  type RoleRank,
  type WorkingSet,
} from "./working-set.ts";

/** Colocation constraints as written, into pairs of resources. */

/** A colocation in the making; roles default to any. */
export interface NewColocation {
  readonly id: string;
  readonly dependent: Resource;
  readonly primary: Resource;
  readonly score: number;
  readonly influence: boolean;
  readonly explicit: boolean;
  readonly nodeAttribute?: string | undefined;
  readonly dependentRole?: string | undefined;
  readonly primaryRole?: string | undefined;
}

/** "Started" says nothing about where: a promoted instance is started too. */
function colocationRole(text: string | undefined): RoleRank {
  if (text === undefined || /^started$/i.test(text)) return ROLE.unknown;
  return parseRole(text) ?? ROLE.unknown;
}

/** What a mandatory anti-colocation orders: the one leaves before the other comes. */
function orderApart(
  ws: WorkingSet,
  first: Resource,
  firstRole: RoleRank,
  next: Resource,
  nextRole: RoleRank,
): void {
  const leave = firstRole === ROLE.promoted ? ["demote"] : ["stop"];
  if (firstRole === ROLE.unpromoted) leave.push("promote");
  const come = nextRole === ROLE.promoted ? ["promote"] : ["start"];
  if (nextRole === ROLE.unpromoted) come.push("demote");
  for (const a of leave)
    for (const b of come) orderTasks(ws, first, a, next, b, ORDER.antiColocation);
}

export function newColocation(ws: WorkingSet, spec: NewColocation): void {
  if (spec.score === 0) return;
  const { dependent, primary } = spec;
  const colocation: Colocation = {
    id: spec.id,
    dependent,
    primary,
    nodeAttribute: spec.nodeAttribute ?? "#uname",
    dependentRole: colocationRole(spec.dependentRole),
    primaryRole: colocationRole(spec.primaryRole),
    score: spec.score,
    influence: spec.influence,
    explicit: spec.explicit,
    sequence: ws.colocations.length,
  };
  ws.colocations.push(colocation);
  dependent.colocatedWith.push(colocation);
  primary.colocatedTo.push(colocation);
  if (spec.score > -INFINITY_SCORE) return;
  orderApart(ws, dependent, colocation.dependentRole, primary, colocation.primaryRole);
  orderApart(ws, primary, colocation.primaryRole, dependent, colocation.dependentRole);
}

function influenceOf(text: string | undefined, dependent: Resource): boolean {
  return parseBoolean(text) ?? dependent.critical;
}

function isSequential(set: ResourceSet): boolean {
  return parseBoolean(set.sequential) ?? true;
}

/** The colocations inside one set: each with the one before it, or, negative, all apart. */
function unpackSet(
  ws: WorkingSet,
  constraint: ColocationConstraint,
  set: ResourceSet,
  score: number,
): void {
  const own = set.score === undefined ? score : (parseLooseScore(set.score) ?? 0);
  if (own === 0 || !isSequential(set)) return;
  const add = (dependent: Resource, primary: Resource, by: Resource): void =>
    newColocation(ws, {
      id: set.id,
      dependent,
      primary,
      score: own,
      influence: influenceOf(constraint.influence, by),
      explicit: true,
      dependentRole: set.role,
      primaryRole: set.role,
    });
  const members = setResources(ws, constraint.id, set);
  if (own < 0) {
    members.forEach((member, i) => {
      for (const other of members.slice(0, i)) add(member, other, member);
    });
    return;
  }
  const withPrevious = set.ordering === undefined || /^group$/i.test(set.ordering);
  for (let i = 1; i < members.length; i++) {
    const previous = members[i - 1]!;
    const member = members[i]!;
    if (withPrevious) add(member, previous, member);
    else add(previous, member, member);
  }
}

/** Two sets: the first one's first (or all) with the second one's last (or all). */
function colocateSets(
  ws: WorkingSet,
  constraint: ColocationConstraint,
  set: ResourceSet,
  withSet: ResourceSet,
  score: number,
): void {
  if (score === 0) return;
  const all = setResources(ws, constraint.id, set);
  const allWith = setResources(ws, constraint.id, withSet);
  const dependents = isSequential(set) ? all.slice(0, 1) : all;
  const primaries = isSequential(withSet) ? allWith.slice(-1) : allWith;
  for (const dependent of dependents) {
    for (const primary of primaries) {
      newColocation(ws, {
        id: constraint.id,
        dependent,
        primary,
        score,
        influence: influenceOf(constraint.influence, dependent),
        explicit: true,
        dependentRole: set.role,
        primaryRole: withSet.role,
      });
    }
  }
}

/** The sets of a constraint; tags and templates in a simple one make it one of sets. */
function setsOf(ws: WorkingSet, constraint: ColocationConstraint): ResourceSet[] | undefined {
  if (constraint.sets) return constraint.sets.map((set) => expandSet(ws, set));
  const { resource, with: other } = constraint;
  if (resource === undefined || other === undefined) return undefined;
  const tagged = namedMembers(ws, resource);
  const taggedWith = namedMembers(ws, other);
  if (!tagged && !taggedWith) return undefined;
  if (tagged && taggedWith) {
    ignored(ws, constraint.id, "two templates or tags cannot be colocated");
    return [];
  }
  const role = constraint.role === undefined ? {} : { role: constraint.role };
  const withRole = constraint.withRole === undefined ? {} : { role: constraint.withRole };
  return [setOf(ws, resource, role), setOf(ws, other, withRole)];
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

/** Reads one colocation constraint into the working set. */
export function unpackColocation(ws: WorkingSet, constraint: ColocationConstraint): void {
  const score = constraint.score ?? 0;
  const sets = setsOf(ws, constraint);
  if (sets) {
    sets.forEach((set, i) => {
      unpackSet(ws, constraint, set, score);
      if (i > 0) colocateSets(ws, constraint, sets[i - 1]!, set, score);
    });
    return;
  }
  const dependent = endpoint(ws, constraint.id, constraint.resource, constraint.instance);
  const primary = endpoint(ws, constraint.id, constraint.with, constraint.withInstance);
  if (!dependent || !primary) return;
  newColocation(ws, {
    id: constraint.id,
    dependent,
    primary,
    score,
    influence: influenceOf(constraint.influence, dependent),
    explicit: true,
    nodeAttribute: constraint.nodeAttribute,
    dependentRole: constraint.role,
    primaryRole: constraint.withRole,
  });
}
