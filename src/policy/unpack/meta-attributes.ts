import { mergeSets } from "../rules/merge-sets.ts";
import type { Resource, WorkingSet } from "../working-set.ts";
import { ruleInput } from "./rule-input.ts";

/**
 * The meta attributes of a resource (Pacemaker Explained, "Resource Meta-Attributes"), in falling
 * precedence: its own, what its parents say explicitly (nearest first), the defaults, and
 * whatever else the parent ended up with.
 */
export function resourceMeta(ws: WorkingSet, resource: Resource): Map<string, string> {
  const meta = new Map<string, string>();
  const input = ruleInput(ws, resource.agent === undefined ? {} : { agent: resource.agent });
  mergeSets(meta, resource.definition?.meta ?? [], input);
  for (let up = resource.parent; up !== undefined; up = up.parent) {
    mergeSets(meta, up.definition?.meta ?? [], input);
  }
  mergeSets(meta, ws.definition.resourceDefaults, input);
  for (const [name, value] of resource.parent?.meta ?? []) {
    if (!meta.has(name)) meta.set(name, value);
  }
  return meta;
}
