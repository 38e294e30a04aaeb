import { didYouMean } from "../core/suggestion.ts";
import type { LoadContext, Reference } from "./load-context.ts";
import { quote } from "./value-readers.ts";

/** Everything that a name may refer to. */
export interface DeclaredNames {
  readonly nodes: readonly string[];
  readonly resources: readonly string[];
  readonly templates: readonly string[];
  readonly tags: readonly string[];
  readonly devices: readonly string[];
  readonly promotable: readonly string[];
}

const NOUNS: Readonly<Record<Reference["kind"], string>> = {
  node: "node",
  resource: "resource",
  template: "template",
  device: "fencing device",
  "tag-member": "resource",
  promotable: "promotable resource",
};

/** Where such a name is declared. */
const DECLARE: Readonly<Record<Exclude<Reference["kind"], "promotable">, string>> = {
  node: "nodes are declared under nodes",
  resource: "declare it under resources",
  template: "declare it under templates",
  device: "declare it under fencing: devices",
  "tag-member": "declare it under resources",
};

/** Reports every name that is used and declared nowhere. */
export function checkReferences(context: LoadContext, declared: DeclaredNames): void {
  const known: Readonly<Record<Reference["kind"], readonly string[]>> = {
    node: declared.nodes,
    // Pacemaker lets constraints name templates and tags, which stand for what uses or carries them.
    resource: [...declared.resources, ...declared.templates, ...declared.tags],
    template: declared.templates,
    device: declared.devices,
    promotable: [...declared.promotable, ...declared.templates, ...declared.tags],
    "tag-member": [...declared.resources, ...declared.templates, ...declared.nodes],
  };
  const sets = new Map(Object.entries(known).map(([kind, names]) => [kind, new Set(names)]));
  for (const reference of context.references) {
    if (sets.get(reference.kind)!.has(reference.name)) continue;
    if (context.report.isFull) return;
    const message = `${reference.by} names ${quote(reference.name)}, which is no ${NOUNS[reference.kind]}`;
    const hint =
      reference.kind === "promotable"
        ? "it is never promoted: make a clone of it with meta: { promotable: true }"
        : didYouMean(reference.name, [...sets.get(reference.kind)!], DECLARE[reference.kind]);
    const severity = reference.soft || context.simulation ? "warning" : "error";
    context.report[severity]("DANGLING_REFERENCE", reference.span, message, hint);
  }
}
