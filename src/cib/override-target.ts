import type { PolicyDefinition, ResourceDefinition } from "../model/policy-definition.ts";

/** A resource of the definition and its place among the others. */
export interface FoundResource {
  readonly resource: ResourceDefinition;
  /** All primitives and groups inside it, at any depth. */
  readonly memberIds: readonly string[];
  /** What it is a direct member of. */
  readonly parent: ResourceDefinition | undefined;
}

/** Looks a resource up by its id, at any depth; undefined: there is none. */
export function findResource(policy: PolicyDefinition, id: string): FoundResource | undefined {
  return walkResources(policy).find((found) => found.resource.id === id);
}

/** All resources in the order of the definition, each before its members. */
export function walkResources(policy: PolicyDefinition): FoundResource[] {
  return policy.resources.flatMap((resource) => walk(resource, undefined));
}

/** Depth is at most three (a clone of a group of primitives): the model's types see to that. */
function walk(
  resource: ResourceDefinition,
  parent: ResourceDefinition | undefined,
): FoundResource[] {
  const below = childrenOf(resource).flatMap((child) => walk(child, resource));
  return [{ resource, memberIds: below.map((each) => each.resource.id), parent }, ...below];
}

function childrenOf(resource: ResourceDefinition): readonly ResourceDefinition[] {
  if (resource.kind === "primitive") return [];
  if (resource.kind === "group") return resource.members;
  return resource.child === undefined ? [] : [resource.child];
}

/** Whether its instances may be promoted: `role: Promoted` means something. */
export function isPromotable(resource: ResourceDefinition): boolean {
  if (resource.kind !== "clone") return false;
  if (resource.legacyMaster === true) return true;
  return resource.meta.some((set) =>
    /^(true|on|yes|y|1)$/i.test(set.values.get("promotable") ?? ""),
  );
}
