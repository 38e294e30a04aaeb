import { didYouMean } from "../core/suggestion.ts";
import type { WallTime } from "../core/units.ts";
import type { Override } from "../model/cib.ts";
import type { Definition } from "../model/definition.ts";
import type { Diagnostic } from "../model/diagnostic.ts";
import { overrideId } from "../model/override-id.ts";
import {
  type FoundResource,
  findResource,
  isPromotable,
  walkResources,
} from "./override-target.ts";

/** A reason is a sentence, not a file. It travels with every status. */
const TEXT_LENGTH_MAX = 500;

/**
 * What is wrong with an override that somebody wants to set, or undefined. Whoever typed a wrong
 * name is told the right one.
 */
export function checkOverride(
  definition: Definition,
  override: Override,
  now: WallTime,
): Diagnostic | undefined {
  return checkForm(override, now) ?? checkTarget(definition, override);
}

function checkForm(override: Override, now: WallTime): Diagnostic | undefined {
  const { kind, target, node, author, reason, expires } = override;
  if (override.id !== overrideId(kind, target, node))
    return invalid(`the id of this override must be ${overrideId(kind, target, node)}`);
  if (author === "") return invalid("an override needs an author");
  if (author.length > TEXT_LENGTH_MAX || (reason?.length ?? 0) > TEXT_LENGTH_MAX)
    return invalid(`author and reason have at most ${TEXT_LENGTH_MAX} characters`);
  if (expires !== undefined && expires <= now)
    return invalid("it would have expired already", "give an expiry in the future, such as 2h");
  const needsNode = kind === "migrate" || kind === "ban";
  if (needsNode && node === undefined) return invalid(`a ${kind} needs a node`);
  if (!needsNode && node !== undefined) return invalid(`a ${kind} takes no node`);
  if (!needsNode && override.role !== undefined) return invalid(`a ${kind} takes no role`);
  return undefined;
}

function checkTarget(definition: Definition, override: Override): Diagnostic | undefined {
  const { kind, target } = override;
  const isNode = nodeNames(definition).includes(target);
  if (kind === "standby" || (kind === "maintenance" && isNode))
    return checkNode(definition, target, kind);
  const found = findResource(definition.policy, target);
  if (found === undefined) return unknownResource(definition, target, kind === "maintenance");
  if (kind === "migrate" || kind === "ban") return checkPlace(definition, override, found);
  return checkNotInstanced(found, kind);
}

function checkPlace(
  definition: Definition,
  override: Override,
  found: FoundResource,
): Diagnostic | undefined {
  const { kind, target, node, role } = override;
  if (role === "Promoted" && !isPromotable(found.resource)) {
    return invalid(`${target} cannot be promoted, so the role Promoted has no meaning for it`);
  }
  if (kind === "migrate" && found.resource.kind === "clone" && role !== "Promoted") {
    return invalid(
      `${target} is a clone: it runs on several nodes, so it cannot be moved to one`,
      isPromotable(found.resource)
        ? `to move its promoted instance: paceline resource migrate ${target} ${node} --role Promoted`
        : `to clear a node of it: paceline resource ban ${target} NODE`,
    );
  }
  return checkNotInstanced(found, kind) ?? checkNode(definition, node ?? "", kind);
}

/** Instances of a clone are interchangeable: only the clone as a whole can be told something. */
function checkNotInstanced(found: FoundResource, kind: string): Diagnostic | undefined {
  const { parent, resource } = found;
  if (parent?.kind !== "clone" && parent?.kind !== "bundle") return undefined;
  return invalid(
    `${resource.id} is part of the ${parent.kind} ${parent.id}`,
    `use the ${parent.kind}: paceline resource ${kind} ${parent.id}`,
  );
}

function checkNode(definition: Definition, name: string, kind: string): Diagnostic | undefined {
  if (!nodeNames(definition).includes(name)) return unknownNode(definition, name);
  if (definition.nodes.find((each) => each.name === name)?.role === "witness")
    return invalid(`${name} is a witness: it runs no resources, so ${kind} has no meaning there`);
  return undefined;
}

/** Remote nodes are only in the policy, witnesses perhaps only among the cluster's nodes. */
function nodeNames(definition: Definition): string[] {
  const names = [...definition.nodes, ...definition.policy.nodes].map((each) => each.name);
  return [...new Set(names)].sort();
}

function unknownNode(definition: Definition, name: string): Diagnostic {
  const hint = didYouMean(name, nodeNames(definition));
  return diagnostic("UNKNOWN_NODE", `there is no node ${name}`, hint);
}

function unknownResource(definition: Definition, name: string, orNode: boolean): Diagnostic {
  const known = walkResources(definition.policy).map((found) => found.resource.id);
  if (/:\d+$/.test(name)) {
    const base = name.replace(/:\d+$/, "");
    if (known.includes(base)) {
      const message = `${name} is one instance of a clone: its instances cannot be told apart`;
      return diagnostic("UNKNOWN_RESOURCE", message, `use the clone that ${base} belongs to`);
    }
  }
  const nodes = orNode ? nodeNames(definition) : [];
  const what = orNode ? "node or resource" : "resource";
  const hint = didYouMean(name, [...known, ...nodes]);
  return diagnostic("UNKNOWN_RESOURCE", `there is no ${what} ${name}`, hint);
}

function invalid(message: string, hint?: string): Diagnostic {
  return diagnostic("INVALID_OVERRIDE", message, hint);
}

function diagnostic(code: string, message: string, hint: string | undefined): Diagnostic {
  return { code, severity: "error", message, ...(hint === undefined ? {} : { hint }) };
}
