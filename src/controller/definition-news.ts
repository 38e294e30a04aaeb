import { note } from "../core/note.ts";
import { definitionChanged } from "./node-cib.ts";
import type { NodeCore } from "./node-core.ts";
import type { NodeMessage } from "./node-message.ts";

/*
 * News of the definition for who has missed it.
 *
 * A node works by the last definition that it knows to be committed. While it was down, or lost the
 * last of its memory with its power, nodes may have been added that it has never heard of: it takes
 * none of their frames, they let it into no view, and a DC among them cannot tell it anything. By an
 * old definition of two nodes it would even fence the one that it knows. Whoever knows both tells it.
 */

/** Tells every node that is heard, is in no view of ours and works by an older definition than ours. */
export function tellOlder(node: NodeCore): void {
  const { definition } = node.store.cib;
  if (definition === undefined) return;
  const { version, text } = definition;
  for (const [name, theirs] of node.membership.definitionVersions()) {
    if (theirs >= version || node.view?.members.includes(name) === true) continue;
    const told = `${node.incarnations.get(name) ?? 0} ${version}`;
    if (node.definitionsTold.get(name) === told) continue;
    node.definitionsTold.set(name, told);
    node.tell(name, { t: "definition", version, text });
  }
}

/**
 * Heard nodes that work by a newer definition than this one: it may leave this node out, or be about to
 * arrive. Until that is known they may do what this node believes to be its own.
 */
export function newerElsewhere(node: NodeCore): string[] {
  const own = Math.max(node.store.cib.definition?.version ?? 0, node.force.heardVersion);
  const versions = [...node.membership.definitionVersions()];
  return versions.flatMap(([name, version]) => (version > own ? [name] : [])).sort();
}

/** A peer knows a newer committed definition: this node goes by it until it is told by a DC. */
export function hearDefinition(
  node: NodeCore,
  from: string,
  { version, text }: Extract<NodeMessage, { t: "definition" }>,
): void {
  const known = node.store.cib.definition?.version;
  if (version <= (known ?? 0) || !node.force.hear(version, text)) return;
  const before = known === undefined ? "its file" : `definition ${known}`;
  const message = `${from} works by definition ${version}, which this node has missed: it goes by that from now on, and not by ${before}.`;
  node.out.push(note("info", "definition-heard", message, { version, from }));
  definitionChanged(node);
}
