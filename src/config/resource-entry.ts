import type {
  BundleDefinition,
  CloneDefinition,
  GroupDefinition,
  PrimitiveDefinition,
} from "../model/policy-definition.ts";
import { readAgentName } from "./agent-words.ts";
import { type AttributeBlock, readAttributeSets } from "./attribute-sets.ts";
import { readBundleParts } from "./bundle-block.ts";
import type { LoadContext } from "./load-context.ts";
import { MapFields } from "./map-fields.ts";
import { readOperations } from "./operations-block.ts";
import { CLONE_META, RESOURCE_META } from "./resource-options.ts";
import type { Span } from "./source-text.ts";
import { UTILIZATION_EXAMPLE, UTILIZATION_HINT } from "./value-hints.ts";
import { quote, readMap, type Word } from "./value-readers.ts";
import type { YamlEntry } from "./yaml-tree.ts";

const KINDS = ["agent", "template", "group", "clone", "bundle"] as const;
/** Instances are `NAME:0`, and CIBs know these ids as XML names. */
const RESOURCE_ID = /^(?!__proto__$)[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;

/** A resource as the file has it: members and children are still names. */
export type ResourceSource = {
  readonly id: string;
  readonly span: Span;
} & (
  | {
      readonly kind: "primitive";
      readonly primitive: PrimitiveDefinition;
      /** It says something about operations, be it that there are none. */
      readonly operationsGiven: boolean;
      readonly params: ReadonlyMap<string, Word & { readonly keySpan: Span }>;
    }
  | {
      readonly kind: "group";
      readonly group: Omit<GroupDefinition, "members">;
      readonly members: readonly Word[];
    }
  | { readonly kind: "clone"; readonly clone: Omit<CloneDefinition, "child">; readonly child: Word }
  | {
      readonly kind: "bundle";
      readonly bundle: Omit<BundleDefinition, "child">;
      readonly child?: Word;
    }
);

/** Reads one entry of `resources` or (with `template`) of `templates`. */
export function readResource(
  context: LoadContext,
  entry: YamlEntry,
  place: "resource" | "template" = "resource",
): ResourceSource | undefined {
  const id = entry.key;
  const label = `${place} ${id}`;
  if (!RESOURCE_ID.test(id)) {
    const hint = "letters, digits, hyphens, underscores and dots, at most 128";
    context.report.error("BAD_ID", entry.keySpan, `${quote(id)} is no name for a ${place}`, hint);
    return undefined;
  }
  const map = readMap(context, entry.value, label, `${id}: { agent: vip, params: … }`);
  if (map === undefined) return undefined;
  const fields = new MapFields(context, map, label, entry.keySpan);
  const kinds = KINDS.filter((kind) => fields.has(kind));
  if (kinds.length !== 1)
    return reportKinds(
      context,
      fields,
      kinds,
      map.entries.map((e) => e.key),
    );
  const kind = kinds[0]!;
  if (place === "template" && kind !== "agent") {
    const message = `template ${id} needs an agent: templates are for primitives`;
    const hint = `${id}: { agent: … }; groups and clones of what uses it stand under resources`;
    context.report.error("RESOURCE_KIND", entry.keySpan, message, hint);
    return undefined;
  }
  const source = readKind(context, fields, id, kind);
  fields.finish();
  return source;
}

function reportKinds(
  context: LoadContext,
  fields: MapFields,
  kinds: readonly string[],
  keys: readonly string[],
): undefined {
  const { span, label } = fields;
  if (kinds.length > 1) {
    const message = `${label} is ${kinds.join(" and ")} at once`;
    context.report.error("RESOURCE_KIND", span, message, "make two resources of it");
    return undefined;
  }
  const other = keys.find((key) => ["type", "class", "resource", "primitive"].includes(key));
  const hint = other ? `write agent instead of ${other}` : "agent: vip, group: [a, b], or clone: a";
  const message = `${label} does not say what it is: one of ${KINDS.join(", ")}`;
  context.report.error("RESOURCE_KIND", span, message, hint);
  return undefined;
}

function readKind(
  context: LoadContext,
  fields: MapFields,
  id: string,
  kind: (typeof KINDS)[number],
): ResourceSource | undefined {
  switch (kind) {
    case "agent":
    case "template":
      return readPrimitive(context, fields, id);
    case "group":
      return readGroup(context, fields, id);
    case "clone":
      return readClone(context, fields, id);
    case "bundle":
      return readBundle(context, fields, id);
  }
}

function readPrimitive(
  context: LoadContext,
  fields: MapFields,
  id: string,
): ResourceSource | undefined {
  const [agentWord] = fields.words("agent") ?? [];
  const agent = agentWord && readAgentName(context, agentWord);
  const [template] = fields.words("template") ?? [];
  if (template !== undefined) {
    const { text: name, span } = template;
    context.references.push({ kind: "template", name, span, by: fields.label });
  }
  const params = new Map<string, Word & { keySpan: Span }>();
  const common = readCommon(context, fields, id, RESOURCE_META, (name, value, entry) => {
    params.set(name, { text: value, span: entry.value.span, keySpan: entry.keySpan });
  });
  const operations = fields.value("operations");
  const utilization = readAttributeSets(context, fields.value("utilization"), {
    id: `${id}-utilization`,
    label: `utilization of ${id}`,
    example: UTILIZATION_EXAMPLE,
    span: fields.span,
    visit: (name, value, entry) => {
      if (/^\d+$/.test(value)) return;
      const message = `utilization ${name} of ${id} is a whole number, not ${quote(value)}`;
      context.report.error("BAD_NUMBER", entry.value.span, message, UTILIZATION_HINT);
    },
  });
  const primitive: PrimitiveDefinition = {
    kind: "primitive",
    ...common,
    ...(agent === undefined ? {} : { agent }),
    ...(template === undefined ? {} : { template: template.text }),
    operations: operations === undefined ? [] : readOperations(context, operations, id),
    utilization,
  };
  const operationsGiven = operations !== undefined;
  return { id, span: fields.span, kind: "primitive", primitive, operationsGiven, params };
}

function readGroup(context: LoadContext, fields: MapFields, id: string): ResourceSource {
  const members = fields.words("group") ?? [];
  if (members.length === 0) {
    const message = `group ${id} has no members`;
    context.report.error("EMPTY_GROUP", fields.entry("group")!.keySpan, message, "group: [a, b]");
  }
  const group = { kind: "group" as const, ...readCommon(context, fields, id, RESOURCE_META) };
  return { id, span: fields.span, kind: "group", group, members };
}

function readClone(
  context: LoadContext,
  fields: MapFields,
  id: string,
): ResourceSource | undefined {
  const children = fields.words("clone") ?? [];
  const clone = { kind: "clone" as const, ...readCommon(context, fields, id, CLONE_META) };
  const child = children[0];
  if (child !== undefined && children.length === 1) {
    return { id, span: fields.span, kind: "clone", clone, child };
  }
  const message = `clone ${id} names one resource`;
  const hint = "to clone several together, make a group of them and clone that";
  context.report.error("CLONE_CHILD", fields.entry("clone")!.keySpan, message, hint);
  return undefined;
}

function readBundle(
  context: LoadContext,
  fields: MapFields,
  id: string,
): ResourceSource | undefined {
  const entry = fields.entry("bundle")!;
  const common = readCommon(context, fields, id, CLONE_META);
  const parts = readBundleParts(context, entry, id);
  if (parts === undefined) return undefined;
  const { child, ...rest } = parts;
  const bundle = { kind: "bundle" as const, ...common, ...rest };
  return { id, span: fields.span, kind: "bundle", bundle, ...(child ? { child } : {}) };
}

function readCommon(
  context: LoadContext,
  fields: MapFields,
  id: string,
  table: NonNullable<AttributeBlock["table"]>,
  visit?: AttributeBlock["visit"],
) {
  const description = fields.text("description");
  const { span } = fields;
  const params = {
    id: `${id}-params`,
    label: `params of ${id}`,
    example: "params: { ip: 10.0.0.100/24 }",
    span,
    ...(visit ? { visit } : {}),
  };
  const example = "meta: { target-role: Stopped }";
  const meta = { id: `${id}-meta`, label: `meta of ${id}`, example, span, table };
  return {
    id,
    ...(description === undefined ? {} : { description }),
    params: readAttributeSets(context, fields.value("params"), params),
    meta: readAttributeSets(context, fields.value("meta"), meta),
  };
}
