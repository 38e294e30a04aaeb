import type { Definition } from "../model/definition.ts";
import type { PolicyDefinition, PrimitiveDefinition } from "../model/policy-definition.ts";
import { readAlerts } from "./alerts-section.ts";
import { readChecks } from "./checks-section.ts";
import { readConstraints } from "./constraints-section.ts";
import { readDefaults, readProperties, resolveProperties } from "./defaults-section.ts";
import { readFencing } from "./fencing-section.ts";
import type { LoadContext } from "./load-context.ts";
import { MapFields } from "./map-fields.ts";
import { readMessaging } from "./messaging-section.ts";
import { checkNodes, checkTransport } from "./node-checks.ts";
import { type NodeSource, readNodes } from "./nodes-section.ts";
import { findOrderLoops } from "./order-loops.ts";
import { readQuorum } from "./quorum-section.ts";
import { checkReferences } from "./reference-checks.ts";
import { checkResources } from "./resource-checks.ts";
import { type ResourceSource, readResource } from "./resource-entry.ts";
import { buildResourceTree } from "./resource-tree.ts";
import { decideSafety, type SafetyDecision } from "./safety-choices.ts";
import type { Span } from "./source-text.ts";
import { readTags } from "./tags-section.ts";
import { quote, readMap } from "./value-readers.ts";
import type { YamlEntry, YamlValue } from "./yaml-tree.ts";

const CLUSTER_NAME = /^[A-Za-z0-9]([A-Za-z0-9._-]{0,62}[A-Za-z0-9])?$/;
const START: Span = { start: 0, end: 1 };

/** Reads all sections, then checks them against one another. Complaints go to the report. */
export function readDefinition(
  context: LoadContext,
  root: YamlValue,
): Omit<Definition, "advice"> | undefined {
  const map = readMap(context, root, "the definition");
  if (map === undefined) return undefined;
  const fields = new MapFields(context, map, "the definition", START);
  const cluster = readClusterName(context, fields);
  const nodesEntry = fields.entry("nodes");
  const nodes = nodesEntry === undefined ? missingNodes(fields) : nodesOf(context, nodesEntry);
  const nodesSpan = nodesEntry?.keySpan ?? START;
  const links = nodes.reduce((most, node) => Math.max(most, node.addresses.length), 1);
  const messaging = readMessaging(context, fields.entry("messaging"), links);
  const quorum = readQuorum(context, fields.entry("quorum"), nodes);
  const properties = readProperties(context, fields.entry("properties"));
  const defaults = readDefaults(context, fields.entry("defaults"));
  const templates = readEntries(context, fields.entry("templates"), "template");
  const sources = readEntries(context, fields.entry("resources"), "resource");
  const tags = readTags(context, fields.entry("tags"));
  const constraints = readConstraints(context, fields.entry("constraints"));
  const checks = readChecks(context, fields.entry("checks"));
  const fencing = readFencing(context, fields.entry("fencing"), nodes);
  const alerts = readAlerts(context, fields.entry("alerts"));
  fields.finish();

  checkNodes(context, nodes, nodesSpan);
  checkTransport(context, nodes, messaging.settings, messaging.groupFamily);
  checkResources(context, sources, nodes);
  checkNames(context, sources, templates, tags);
  const templateMap = new Map(templates.map((each) => [each.id, each]));
  const resources = buildResourceTree(context, sources, templateMap);
  checkReferences(context, {
    nodes: nodes.map((node) => node.name),
    resources: sources.map((source) => source.id),
    templates: [...templateMap.keys()],
    tags: [...tags.keys()],
    devices: fencing.settings.devices.map((device) => device.name),
  });
  warnOfLoops(context, fields, findOrderLoops(resources, constraints));

  const templatePrimitives = templates.flatMap(primitiveOf);
  const safety = decideSafety({
    nodes,
    nodesSpan,
    quorum,
    fencing: fencing.settings,
    properties: properties.sets,
    propertySpans: properties.spans,
    resources,
    templates: templatePrimitives,
  });
  reportSafety(context, safety);
  const policy: PolicyDefinition = {
    properties: resolveProperties(properties.sets, safety.choices),
    ...defaults,
    nodes: nodes.map((node) => node.policy),
    resources,
    templates: templatePrimitives,
    tags,
    constraints,
    fencingTopology: fencing.levels,
  };
  return {
    text: context.text,
    cluster,
    nodes: nodes.flatMap((node) => node.settings ?? []),
    messaging: messaging.settings,
    quorum: safety.quorum,
    policy,
    checks,
    fencing: fencing.settings,
    alerts,
    choices: safety.choices,
  };
}

function readClusterName(context: LoadContext, fields: MapFields): string {
  const name = fields.text("cluster");
  if (name === undefined) {
    if (!fields.has("cluster")) fields.missing("cluster", "cluster: NAME");
    return "";
  }
  if (!CLUSTER_NAME.test(name)) {
    const hint = "letters, digits, hyphens, underscores and dots, at most 64";
    const span = fields.value("cluster")?.span;
    context.report.error("BAD_ID", span, `${quote(name)} is no name for a cluster`, hint);
  }
  return name;
}

function missingNodes(fields: MapFields): NodeSource[] {
  fields.missing("nodes", "nodes: { node1: 10.0.0.1, node2: 10.0.0.2 }");
  return [];
}

function nodesOf(context: LoadContext, entry: YamlEntry): NodeSource[] {
  const map = readMap(context, entry.value, "nodes");
  return map === undefined ? [] : readNodes(context, map, entry.keySpan);
}

function readEntries(
  context: LoadContext,
  entry: YamlEntry | undefined,
  place: "resource" | "template",
): ResourceSource[] {
  const map = entry && readMap(context, entry.value, `${place}s`);
  return map?.entries.flatMap((each) => readResource(context, each, place) ?? []) ?? [];
}

function primitiveOf(source: ResourceSource): PrimitiveDefinition[] {
  return source.kind === "primitive" ? [source.primitive] : [];
}

/** Constraints name resources, templates and tags alike, so these share their names. */
function checkNames(
  context: LoadContext,
  sources: readonly ResourceSource[],
  templates: readonly ResourceSource[],
  tags: ReadonlyMap<string, unknown>,
): void {
  const ids = new Set(sources.map((source) => source.id));
  for (const { id, span } of templates) {
    if (ids.has(id)) {
      const message = `there is a resource ${quote(id)} and a template of the same name`;
      context.report.error("DUPLICATE_ID", span, message, "give one of them another name");
    }
    ids.add(id);
  }
  for (const tag of tags.keys()) {
    if (!ids.has(tag)) continue;
    const message = `the tag ${quote(tag)} has the name of a resource or template`;
    context.report.error("DUPLICATE_ID", context.ids.get(tag), message);
  }
}

function warnOfLoops(
  context: LoadContext,
  fields: MapFields,
  loops: readonly (readonly string[])[],
): void {
  for (const loop of loops) {
    const message = `a loop in the order: ${loop.join(" before ")}`;
    const hint = "none of them can start: remove one of these orders";
    context.report.warning("ORDER_LOOP", fields.entry("constraints")?.keySpan, message, hint);
  }
}

function reportSafety(context: LoadContext, safety: SafetyDecision): void {
  for (const { severity, code, span, message, hint } of safety.findings) {
    context.report[context.simulation ? "warning" : severity](code, span, message, hint);
  }
}
