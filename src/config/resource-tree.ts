import { didYouMean } from "../core/suggestion.ts";
import { plainValue } from "../model/plain-value.ts";
import type {
  CloneDefinition,
  GroupDefinition,
  PrimitiveDefinition,
  ResourceDefinition,
} from "../model/policy-definition.ts";
import { withDefaultMonitors } from "./default-monitors.ts";
import type { LoadContext } from "./load-context.ts";
import type { ResourceSource } from "./resource-entry.ts";
import type { Word } from "./value-readers.ts";

/**
 * Puts members into their groups and children into their clones and bundles; what is part of
 * another resource is no top-level resource any more. `declared`: all names that the file declares,
 * also those of resources that could not be read.
 */
export function buildResourceTree(
  context: LoadContext,
  sources: readonly ResourceSource[],
  templates: ReadonlyMap<string, ResourceSource>,
  declared: readonly string[],
): ResourceDefinition[] {
  return new TreeAssembly(context, sources, templates, declared).build();
}

class TreeAssembly {
  readonly #context: LoadContext;
  readonly #sources: ReadonlyMap<string, ResourceSource>;
  readonly #templates: ReadonlyMap<string, ResourceSource>;
  readonly #declared: ReadonlySet<string>;
  /** Which group, clone or bundle a resource belongs to. */
  readonly #owners = new Map<string, ResourceSource>();

  constructor(
    context: LoadContext,
    sources: readonly ResourceSource[],
    templates: ReadonlyMap<string, ResourceSource>,
    declared: readonly string[],
  ) {
    this.#context = context;
    this.#sources = new Map(sources.map((source) => [source.id, source]));
    this.#templates = templates;
    this.#declared = new Set(declared);
  }

  build(): ResourceDefinition[] {
    for (const source of this.#sources.values()) this.#claimParts(source);
    const top = [...this.#sources.values()].filter((source) => !this.#owners.has(source.id));
    return top.flatMap((source) => this.#assemble(source) ?? []);
  }

  #claimParts(source: ResourceSource): void {
    if (source.kind === "group") {
      for (const member of source.members) this.#claim(source, member, ["primitive"]);
    } else if (source.kind === "clone") {
      this.#claim(source, source.child, ["primitive", "group"]);
    } else if (source.kind === "bundle" && source.child !== undefined) {
      this.#claim(source, source.child, ["primitive"]);
    }
  }

  /** Notes that a part belongs to its owner, if it exists, fits and belongs to nobody else. */
  #claim(owner: ResourceSource, word: Word, kinds: readonly ResourceSource["kind"][]): void {
    const { report } = this.#context;
    const name = `${owner.kind} ${owner.id}`;
    const part = this.#sources.get(word.text);
    if (report.isFull || (part === undefined && this.#declared.has(word.text))) return;
    if (part === undefined) {
      const hint = didYouMean(word.text, [...this.#declared], "declare it under resources");
      const message = `${name} names ${JSON.stringify(word.text)}, which is no resource`;
      report.error("DANGLING_REFERENCE", word.span, message, hint);
      return;
    }
    if (part === owner) {
      report.error("CYCLE", word.span, `${name} contains itself`, "name the resources in it");
      return;
    }
    if (!kinds.includes(part.kind)) {
      const message = `${name} can't hold ${part.id}, which is a ${part.kind}`;
      const hint = `a ${owner.kind} holds ${kinds.join(" or ")} resources`;
      report.error("RESOURCE_KIND", word.span, message, hint);
      return;
    }
    const other = this.#owners.get(part.id);
    if (other !== undefined) {
      const where = other === owner ? `twice in ${name}` : `already in ${other.kind} ${other.id}`;
      const hint = "a resource belongs to one group, clone or bundle: make a second resource";
      report.error("TWO_OWNERS", word.span, `${part.id} is ${where}`, hint);
      return;
    }
    this.#owners.set(part.id, owner);
  }

  #assemble(source: ResourceSource): ResourceDefinition | undefined {
    switch (source.kind) {
      case "primitive":
        return this.#primitive(source, false);
      case "group":
        return this.#group(source, false);
      case "clone":
        return this.#clone(source);
      case "bundle": {
        const child = source.child && this.#part(source, source.child);
        const inner = child?.kind === "primitive" ? this.#primitive(child, false) : undefined;
        return { ...source.bundle, ...(inner === undefined ? {} : { child: inner }) };
      }
    }
  }

  /** The part that an owner names, if it is the owner's. */
  #part(owner: ResourceSource, word: Word): ResourceSource | undefined {
    return this.#owners.get(word.text) === owner ? this.#sources.get(word.text) : undefined;
  }

  #clone(source: ResourceSource & { kind: "clone" }): CloneDefinition | undefined {
    const child = this.#part(source, source.child);
    const promotable = plainValue(source.clone.meta, "promotable") === "true";
    if (child?.kind === "primitive") {
      return { ...source.clone, child: this.#primitive(child, promotable) };
    }
    if (child?.kind === "group") return { ...source.clone, child: this.#group(child, promotable) };
    return undefined;
  }

  #group(source: ResourceSource & { kind: "group" }, promotable: boolean): GroupDefinition {
    const members = source.members.flatMap((word) => {
      const part = this.#part(source, word);
      return part?.kind === "primitive" ? this.#primitive(part, promotable) : [];
    });
    return { ...source.group, members: [...new Set(members)] };
  }

  #primitive(
    source: ResourceSource & { kind: "primitive" },
    promotable: boolean,
  ): PrimitiveDefinition {
    const template = this.#templates.get(source.primitive.template ?? "");
    const fromTemplate = template?.kind === "primitive" ? template : undefined;
    if (source.operationsGiven || fromTemplate?.operationsGiven) return source.primitive;
    const agent = source.primitive.agent ?? fromTemplate?.primitive.agent;
    return withDefaultMonitors(source.primitive, agent, promotable);
  }
}
