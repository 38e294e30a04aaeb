import type { ResourceSet } from "../model/policy-definition.ts";
import { outermost } from "./resource-state.ts";
import type { Resource, WorkingSet } from "./working-set.ts";

/** What the names in constraints mean: resources, templates, tags, instances of clones. */

/** The resource of that name; the name of something cloned means the whole clone. */
export function constraintResource(ws: WorkingSet, id: string): Resource | undefined {
  const exact = ws.resourceById.get(id);
  if (exact) return exact;
  const instance = ws.byBaseId.get(id)?.[0];
  return instance ? outermost(instance) : undefined;
}

/** The members of a template (its primitives) or tag; undefined if the name is neither. */
export function namedMembers(ws: WorkingSet, id: string): readonly string[] | undefined {
  if (constraintResource(ws, id)) return undefined;
  return ws.templateUsers.get(id) ?? ws.tags.get(id);
}

/** A set with templates and tags replaced by their members. */
export function expandSet(ws: WorkingSet, set: ResourceSet): ResourceSet {
  if (!set.members.some((id) => namedMembers(ws, id))) return set;
  return { ...set, members: set.members.flatMap((id) => namedMembers(ws, id) ?? [id]) };
}

/** A set made of one name; of a tag or template an unordered one. */
export function setOf(ws: WorkingSet, id: string, options: Partial<ResourceSet>): ResourceSet {
  const members = namedMembers(ws, id);
  if (!members) return { id, members: [id], ...options };
  return { id, members, sequential: "false", ...options };
}

/** One instance of a clone, by number. */
export function cloneInstance(clone: Resource, number: string): Resource | undefined {
  return clone.children.find((child) => String(child.instance) === number);
}

/** The resources of a set, up to the first that does not exist. */
export function setResources(ws: WorkingSet, constraint: string, set: ResourceSet): Resource[] {
  const found: Resource[] = [];
  for (const id of set.members) {
    const resource = constraintResource(ws, id);
    if (!resource) {
      ignored(ws, constraint, `there is no resource ${id}`);
      return found;
    }
    found.push(resource);
  }
  return found;
}

/** Notes that a constraint, or a part of it, has no effect. */
export function ignored(ws: WorkingSet, constraint: string, why: string): void {
  ws.notice("error", "constraint-ignored", `constraint ${constraint} is ignored: ${why}`);
}
