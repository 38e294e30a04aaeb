import { INFINITY_SCORE } from "../model/score.ts";
import { isBundled, topOf } from "./resource-state.ts";
import type { Colocation, Resource } from "./working-set.ts";

/**
 * Which colocations count for a resource: its own, and those of the group, clone or bundle around
 * it as far as they reach it. A colocated group is represented towards the outside by its first
 * member (group with X) and its last (X with group); the chain inside does the rest.
 */

const RANK = { primitive: 0, group: 1, clone: 2, bundle: 3 } as const;

function compare(a: Colocation, b: Colocation, ra: Resource, rb: Resource): number {
  if (ra.priority !== rb.priority) return rb.priority - ra.priority;
  if (ra.variant !== rb.variant) return RANK[rb.variant] - RANK[ra.variant];
  if (ra.variant === "clone" && ra.isPromotable !== rb.isPromotable)
    return ra.isPromotable ? -1 : 1;
  if (ra.id !== rb.id) return ra.id < rb.id ? -1 : 1;
  return b.sequence - a.sequence;
}

/** Those where the resource is the dependent, most important primary first. */
export function thisWithColocations(resource: Resource): readonly Colocation[] {
  if (!resource.thisWith || isBundled(resource)) {
    const found: Colocation[] = [];
    collectThisWith(resource, resource, found);
    resource.thisWith = found.sort((a, b) => compare(a, b, a.primary, b.primary));
  }
  return resource.thisWith;
}

/** Those where the resource is the primary, most important dependent first. */
export function withThisColocations(resource: Resource): readonly Colocation[] {
  if (!resource.withThis || isBundled(resource)) {
    const found: Colocation[] = [];
    collectWithThis(resource, resource, found);
    resource.withThis = found.sort((a, b) => compare(a, b, a.dependent, b.dependent));
  }
  return resource.withThis;
}

function collectThisWith(resource: Resource, asker: Resource, found: Colocation[]): void {
  switch (resource.variant) {
    case "primitive":
      if (resource !== asker) {
        for (const c of resource.colocatedWith) if (c.explicit) found.push(c);
        return;
      }
      found.push(...resource.colocatedWith);
      if (resource.parent) collectThisWith(resource.parent, asker, found);
      return;
    case "group":
      collectGroupWith(resource, asker, found);
      return;
    case "clone":
      found.push(...resource.colocatedWith);
      if (resource.parent) collectThisWith(resource.parent, asker, found);
      return;
    case "bundle":
      if (isBundleFace(resource, asker)) found.push(...resource.colocatedWith);
  }
}

/**
 * A bundle's colocations are its containers' business. They are that of a promotable resource
 * inside too, but only once roles are being chosen.
 */
function isBundleFace(bundle: Resource, asker: Resource): boolean {
  if (bundle === asker || asker.replica) return true;
  const inner = bundle.bundle?.childClone;
  if (!inner?.isPromotable || topOf(asker) !== inner) return false;
  return asker === inner ? inner.promotionSorted : !asker.provisional;
}

function collectGroupWith(group: Resource, asker: Resource, found: Colocation[]): void {
  const first = group.children[0];
  if (!first) return;
  if (group === asker || asker === first) {
    found.push(...group.colocatedWith);
    if (group.parent) collectThisWith(group.parent, asker, found);
    for (const member of group.children)
      if (member !== asker) collectThisWith(member, asker, found);
    return;
  }
  // The chain inside breaks at an unmanaged member; later ones then need the mandatory ones.
  for (const member of group.children) {
    if (member === asker) return;
    if (member.managed) continue;
    for (const c of group.colocatedWith) if (c.score >= INFINITY_SCORE) found.push(c);
    const clone = group.parent;
    if (clone) for (const c of clone.colocatedWith) if (c.score >= INFINITY_SCORE) found.push(c);
    return;
  }
}

function collectWithThis(resource: Resource, asker: Resource, found: Colocation[]): void {
  switch (resource.variant) {
    case "primitive":
      if (resource !== asker) {
        for (const c of resource.colocatedTo) if (c.explicit) found.push(c);
        return;
      }
      found.push(...resource.colocatedTo);
      if (resource.parent) collectWithThis(resource.parent, asker, found);
      return;
    case "group": {
      const last = resource.children[resource.children.length - 1];
      if (!last || (resource !== asker && asker !== last)) return;
      found.push(...resource.colocatedTo);
      if (resource.parent) collectWithThis(resource.parent, asker, found);
      for (const member of resource.children) {
        if (member !== asker) collectWithThis(member, asker, found);
      }
      return;
    }
    case "clone":
      found.push(...resource.colocatedTo);
      if (resource.parent) collectWithThis(resource.parent, asker, found);
      return;
    case "bundle":
      if (isBundleFace(resource, asker)) found.push(...resource.colocatedTo);
  }
}
