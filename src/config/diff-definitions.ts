import type { Definition } from "../model/definition.ts";
import { diffFields, diffNamed, type Lines, line, plainOf } from "./diff-parts.ts";

/**
 * What changes from one definition to the next, one sentence per line, in the order of the file:
 * nothing but the words in it counts, so a change of comments or of layout gives no lines.
 */
export function diffDefinitions(old: Definition | undefined, next: Definition): string[] {
  if (old === undefined) return describeFirst(next);
  const lines: Lines = [];
  if (old.cluster !== next.cluster) lines.push(line("cluster", "name", old.cluster, next.cluster));
  diffNodes(lines, old, next);
  diffFields(lines, "messaging", old.messaging, next.messaging);
  diffFields(lines, "quorum", old.quorum, next.quorum);
  diffPolicy(lines, old, next);
  diffNamed(lines, "check", byName(old.checks), byName(next.checks));
  diffNamed(lines, "fencing device", byName(old.fencing.devices), byName(next.fencing.devices));
  diffNamed(lines, "fencing topology of", old.fencing.topology, next.fencing.topology);
  diffNamed(lines, "alert", byName(old.alerts), byName(next.alerts));
  return lines;
}

function describeFirst(next: Definition): string[] {
  const count = (number: number, noun: string) => `${number} ${noun}${number === 1 ? "" : "s"}`;
  const parts = [
    count(next.nodes.length, "node"),
    count(next.policy.resources.length, "resource"),
    count(next.policy.constraints.length, "constraint"),
  ];
  return [`first definition of cluster ${next.cluster}: ${parts.join(", ")}`];
}

function diffNodes(lines: Lines, old: Definition, next: Definition): void {
  const merged = (definition: Definition) => {
    const settings = new Map(definition.nodes.map((node) => [node.name, node]));
    return new Map(
      definition.policy.nodes.map(({ id: _, ...node }) => {
        return [node.name, { ...settings.get(node.name), ...node }] as const;
      }),
    );
  };
  diffNamed(lines, "node", merged(old), merged(next));
}

function diffPolicy(lines: Lines, old: Definition, next: Definition): void {
  const [before, after] = [old.policy, next.policy];
  diffFields(lines, "property", plainOf(before.properties), plainOf(after.properties));
  const defaults = "default of resources";
  diffFields(lines, defaults, plainOf(before.resourceDefaults), plainOf(after.resourceDefaults));
  const operations = "default of operations";
  const [oldOps, newOps] = [before.operationDefaults, after.operationDefaults];
  diffFields(lines, operations, plainOf(oldOps), plainOf(newOps));
  diffNamed(lines, "template", byId(before.templates), byId(after.templates));
  diffNamed(lines, "resource", flatResources(old), flatResources(next));
  diffNamed(lines, "tag", before.tags, after.tags);
  diffNamed(lines, "constraint", byId(before.constraints), byId(after.constraints));
}

/** Members on their own, and groups and clones with the names of what they hold. */
function flatResources(definition: Definition): Map<string, unknown> {
  const flat = new Map<string, unknown>();
  const add = (resource: Definition["policy"]["resources"][number]) => {
    if (resource.kind === "primitive") flat.set(resource.id, resource);
    else if (resource.kind === "group") {
      flat.set(resource.id, { ...resource, members: resource.members.map((each) => each.id) });
      for (const member of resource.members) add(member);
    } else {
      flat.set(resource.id, { ...resource, child: resource.child?.id });
      if (resource.child !== undefined) add(resource.child);
    }
  };
  for (const resource of definition.policy.resources) add(resource);
  return flat;
}

function byName<Item extends { readonly name: string }>(items: readonly Item[]): Map<string, Item> {
  return new Map(items.map((item) => [item.name, item]));
}

function byId<Item extends { readonly id: string }>(items: readonly Item[]): Map<string, Item> {
  return new Map(items.map((item) => [item.id, item]));
}
