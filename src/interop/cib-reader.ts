import type { WallTime } from "../core/units.ts";
import type { AlertDefinition } from "../model/alert-definition.ts";
import type { ClusterStatus } from "../model/cluster-status.ts";
import type { Diagnostic } from "../model/diagnostic.ts";
import type { PolicyDefinition, PolicyNode, TopologyLevel } from "../model/policy-definition.ts";
import { readAlerts } from "./cib-alerts.ts";
import { checkForms } from "./cib-check.ts";
import { readConstraints } from "./cib-constraints.ts";
import { readResources } from "./cib-resources.ts";
import { optional, readAttributeSets } from "./cib-rules.ts";
import { CibSource } from "./cib-source.ts";
import { readStatus } from "./cib-status.ts";
import { upgradeCib } from "./cib-upgrade.ts";
import { attribute, children, type XmlElement } from "./xml-element.ts";
import { readXml } from "./xml-reader.ts";

/** What a Pacemaker CIB says, in our terms. */
export interface CibResult {
  /** Absent where the text is no CIB at all. */
  readonly definition?: PolicyDefinition;
  readonly status?: ClusterStatus;
  readonly alerts?: readonly AlertDefinition[];
  /** There are access control lists, of which nothing is read. */
  readonly hasAcls?: boolean;
  /** The time for which the CIB was saved, if it says so: "now" for the engine. */
  readonly executionDate?: WallTime;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Reads a Pacemaker CIB of any schema from 1.x on: old forms are upgraded first. Never throws;
 * whatever is malformed or unknown becomes a diagnostic with its position.
 */
export function readCib(text: string): CibResult {
  const xml = readXml(text);
  if (xml.root === undefined) {
    const source = new CibSource(text);
    const { message, offset, hint } = xml.error!;
    source.error("XML_MALFORMED", offset, message, hint);
    return { diagnostics: source.diagnostics };
  }
  const source = new CibSource(text);
  if (xml.root.name !== "cib") {
    const message = `the root element is <${xml.root.name}>`;
    source.error("CIB_EXPECTED", xml.root, message, "a CIB begins <cib …>");
    return { diagnostics: source.diagnostics };
  }
  const cib = checkForms(source, upgradeCib(xml.root));
  source.resolveIn(cib);
  const configuration = source.onlyChild(cib, ["configuration"]);
  if (configuration === undefined) {
    source.error("CIB_NO_CONFIGURATION", cib, "the CIB has no <configuration>");
    return { diagnostics: source.diagnostics };
  }
  const definition = readConfiguration(source, configuration);
  const alerts = readAlerts(source, source.onlyChild(configuration, ["alerts"]));
  const hasAcls = (source.onlyChild(configuration, ["acls"])?.children ?? []).length > 0;
  const status = readStatus(source, cib, definition.nodes);
  const date = Number(attribute(cib, "execution-date") ?? Number.NaN);
  return {
    definition,
    status,
    alerts,
    hasAcls,
    ...(Number.isFinite(date) ? { executionDate: date * 1000 } : {}),
    diagnostics: source.diagnostics,
  };
}

function readConfiguration(source: CibSource, configuration: XmlElement): PolicyDefinition {
  const section = (name: string) => source.onlyChild(configuration, [name]);
  const { resources, templates } = readResources(source, section("resources"));
  return {
    properties: readAttributeSets(source, section("crm_config"), "cluster_property_set"),
    resourceDefaults: readAttributeSets(source, section("rsc_defaults"), "meta_attributes"),
    operationDefaults: readAttributeSets(source, section("op_defaults"), "meta_attributes"),
    nodes: readNodes(source, section("nodes")),
    resources,
    templates,
    tags: readTags(source, section("tags")),
    constraints: readConstraints(source, section("constraints")),
    fencingTopology: readTopology(source, section("fencing-topology")),
  };
}

function readNodes(source: CibSource, section: XmlElement | undefined): PolicyNode[] {
  const nodes: PolicyNode[] = [];
  for (const element of children(section, "node")) {
    const id = source.required(element, "id");
    const name = attribute(element, "uname") ?? id;
    if (id === undefined || name === undefined) continue;
    const type = attribute(element, "type")?.toLowerCase() ?? "member";
    const known = type === "normal" ? "member" : type;
    if (known !== "member" && known !== "remote" && known !== "ping") {
      const hint = "member, remote";
      source.warn(
        "CIB_UNKNOWN_NODE_TYPE",
        element,
        `node ${name} has the unknown type ${type}`,
        hint,
      );
      continue;
    }
    nodes.push({
      id,
      name,
      type: known,
      attributes: readAttributeSets(source, element, "instance_attributes"),
      utilization: readAttributeSets(source, element, "utilization"),
    });
  }
  return nodes;
}

function readTags(source: CibSource, section: XmlElement | undefined): Map<string, string[]> {
  const tags = new Map<string, string[]>();
  for (const tag of children(section, "tag")) {
    const id = source.required(tag, "id");
    if (id === undefined) continue;
    const members = children(tag, "obj_ref").flatMap((each) => source.required(each, "id") ?? []);
    tags.set(id, [...(tags.get(id) ?? []), ...members]);
  }
  return tags;
}

function readTopology(source: CibSource, section: XmlElement | undefined): TopologyLevel[] {
  return children(section, "fencing-level").map((element) => {
    const index = Number(attribute(element, "index") ?? Number.NaN);
    if (!Number.isInteger(index)) {
      source.error("CIB_BAD_LEVEL", element, "a fencing level needs a whole number as index");
    }
    const devices = (attribute(element, "devices") ?? "").split(",");
    return {
      id: attribute(element, "id") ?? "",
      index: Number.isInteger(index) ? index : 0,
      ...optional(element, {
        target: "target",
        targetPattern: "target-pattern",
        targetAttribute: "target-attribute",
        targetValue: "target-value",
      }),
      devices: devices.map((each) => each.trim()).filter((each) => each !== ""),
    };
  });
}
