import type { Definition } from "../model/definition.ts";
import type {
  PolicyDefinition,
  PrimitiveDefinition,
  ResourceDefinition,
} from "../model/policy-definition.ts";
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
import { checkResources, promotableIds } from "./resource-checks.ts";
import { type ResourceSource, readResource } from "./resource-entry.ts";
import { buildResourceTree } from "./resource-tree.ts";
import { decideSafety, type SafetyDecision } from "./safety-choices.ts";
import type { Span } from "./source-text.ts";
import { readTags } from "./tags-section.ts";
import { quote, readMap } from "./value-readers.ts";
import { watchdogWaitIn } from "./watchdog-checks.ts";
import type { YamlEntry, YamlValue } from "./yaml-tree.ts";

export const FIRST_LINES = "it begins like this: cluster: NAME, nodes: { node1: 10.0.0.1, … }";
const NODES_EXAMPLE = "nodes: { node1: 10.0.0.1, node2: 10.0.0.2 }";
const CLUSTER_NAME = /^[A-Za-z0-9]([A-Za-z0-9._-]{0,62}[A-Za-z0-9])?$/;

/** All sections as read, before they are checked against one another. */
type Sections = ReturnType<typeof readSections>;

/** Reads all sections, then checks them against one another. Complaints go to the report. */
export function readDefinition(
  context: LoadContext,
  root: YamlValue,
): Omit<Definition, "advice"> | undefined {
  const map = readMap(context, root, "the definition", FIRST_LINES);
  if (map === undefined) return undefined;
  const start: Span = { start: map.span.start, end: map.span.start + 1 };
  const sections = readSections(context, new MapFields(context, map, "the definition", start));
  const templates = sections.templates.flatMap(primitiveOf);
  const resources = buildResourceTree(
    context,
    sections.resources,
    new Map(sections.templates.map((each) => [each.id, each])),
    keysOf(sections.fields.value("resources")),
  );
  checkSections(context, sections, resources);
  const safety = decideSafety({
    ...sections,
    fencing: sections.fencing.settings,
    advertIntervalMs: sections.messaging.settings.advertIntervalMs,
    properties: sections.properties.sets,
    propertySpans: sections.properties.spans,
    resources,
    templates,
    simulation: context.simulation,
  });
  if (sections.safetyReadable) reportSafety(context, safety);
  const hasUnfencing = sections.fencing.settings.devices.some(
    ({ options }) => options.get("provides") === "unfencing",
  );
  const hasFencing =
    sections.fencing.settings.devices.length > 0 ||
    (!context.simulation && watchdogWaitIn(sections.properties.sets) > 0);
  const policy: PolicyDefinition = {
    properties: resolveProperties(sections.properties.sets, safety.choices),
    ...sections.defaults,
    nodes: sections.nodes.map((node) => node.policy),
    resources,
    templates,
    tags: sections.tags,
    constraints: sections.constraints,
    fencingTopology: sections.fencing.levels,
    ...(hasFencing ? { hasFencingDevices: true } : {}),
    ...(hasUnfencing ? { providesUnfencing: true } : {}),
  };
  return {
    text: context.text,
    cluster: sections.cluster,
    nodes: sections.nodes.flatMap((node) => node.settings ?? []),
    messaging: sections.messaging.settings,
    quorum: safety.quorum,
    policy,
    checks: sections.checks,
    fencing: sections.fencing.settings,
    alerts: sections.alerts,
    choices: safety.choices,
  };
}

function readSections(context: LoadContext, fields: MapFields) {
  const cluster = readClusterName(context, fields);
  const nodesEntry = fields.entry("nodes");
  const nodes = nodesEntry === undefined ? missingNodes(fields) : nodesOf(context, nodesEntry);
  const quorum = readQuorum(context, fields.entry("quorum"), nodes);
  const properties = readProperties(context, fields.entry("properties"));
  const fencing = readFencing(context, fields.entry("fencing"), nodes);
  // What a split or a hanging node would do can't be judged if these are not what was meant.
  const safetyReadable = !context.report.hasErrors;
  const sections = {
    fields,
    cluster,
    nodes,
    nodesSpan: nodesEntry?.keySpan ?? fields.span,
    quorum,
    properties,
    fencing,
    safetyReadable,
    messaging: readMessaging(context, fields.entry("messaging"), nodes),
    defaults: readDefaults(context, fields.entry("defaults")),
    templates: readEntries(context, fields.entry("templates"), "template"),
    resources: readEntries(context, fields.entry("resources"), "resource"),
    tags: readTags(context, fields.entry("tags")),
    constraints: readConstraints(context, fields.entry("constraints")),
    checks: readChecks(context, fields.entry("checks")),
    alerts: readAlerts(context, fields.entry("alerts")),
  };
  fields.finish();
  return sections;
}

function checkSections(
  context: LoadContext,
  sections: Sections,
  resources: readonly ResourceDefinition[],
): void {
  const { fields, nodes, messaging } = sections;
  checkNodes(context, nodes, sections.nodesSpan);
  checkTransport(context, nodes, messaging.settings, messaging.groupFamily);
  checkResources(context, sections.resources, nodes);
  checkNames(context, sections.resources, sections.templates, sections.tags);
  // By the keys as written: what could not be read has been complained of already.
  checkReferences(context, {
    nodes: keysOf(fields.value("nodes")),
    resources: keysOf(fields.value("resources")),
    templates: keysOf(fields.value("templates")),
    tags: [...sections.tags.keys()],
    devices: [...keysOf(sections.fencing.devices), ...stonithIds(sections.resources)],
    promotable: [...promotableIds(resources)],
  });
  if (context.report.hasErrors) return;
  for (const loop of findOrderLoops(resources, sections.constraints)) {
    const message = `a loop in the order: ${loop.join(" before ")}`;
    const hint = "none of them can start: remove one of these orders";
    context.report.warning("ORDER_LOOP", fields.entry("constraints")?.keySpan, message, hint);
  }
}

/** Fence devices of a Pacemaker CIB are resources. */
function stonithIds(sources: readonly ResourceSource[]): string[] {
  return sources.flatMap(primitiveOf).flatMap(({ id, agent }) => {
    return agent?.class === "stonith" ? [id] : [];
  });
}

function keysOf(value: YamlValue | undefined): string[] {
  return value?.kind === "map" ? value.entries.map((entry) => entry.key) : [];
}

function readClusterName(context: LoadContext, fields: MapFields): string {
  const example = "cluster: NAME";
  const name = fields.text("cluster", example);
  if (name === undefined) {
    if (!fields.has("cluster")) fields.missing("cluster", example);
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
  fields.missing("nodes", NODES_EXAMPLE);
  return [];
}

function nodesOf(context: LoadContext, entry: YamlEntry): NodeSource[] {
  const map = readMap(context, entry.value, "nodes", NODES_EXAMPLE);
  return map === undefined ? [] : readNodes(context, map, entry.keySpan);
}

function readEntries(
  context: LoadContext,
  entry: YamlEntry | undefined,
  place: "resource" | "template",
): ResourceSource[] {
  const example = `${place}s: { web: { agent: systemd:nginx } }`;
  const map = entry && readMap(context, entry.value, `${place}s`, example);
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
    context.report.error(
      "DUPLICATE_ID",
      context.ids.get(tag),
      message,
      "give the tag another name",
    );
  }
}

function reportSafety(context: LoadContext, safety: SafetyDecision): void {
  for (const { severity, code, span, message, hint } of safety.findings) {
    context.report[context.simulation ? "warning" : severity](code, span, message, hint);
  }
}
