import type {
  AgentName,
  BundleDefinition,
  CloneDefinition,
  GroupDefinition,
  OperationDefinition,
  PrimitiveDefinition,
  ResourceDefinition,
} from "../model/policy-definition.ts";
import { optional, readAttributeSets } from "./cib-rules.ts";
import type { CibSource } from "./cib-source.ts";
import { attribute, attributeMap, children, type XmlElement } from "./xml-element.ts";

/** Reads the resources section: top-level resources and templates, each in their order. */
export function readResources(
  source: CibSource,
  section: XmlElement | undefined,
): { resources: ResourceDefinition[]; templates: PrimitiveDefinition[] } {
  const resources: ResourceDefinition[] = [];
  const templates: PrimitiveDefinition[] = [];
  for (const element of section?.children ?? []) {
    if (element.name === "template") {
      const template = readPrimitive(source, element);
      if (template !== undefined) templates.push(template);
      continue;
    }
    const resource = readResource(source, element);
    if (resource !== undefined) resources.push(resource);
  }
  return { resources, templates };
}

function readResource(source: CibSource, element: XmlElement): ResourceDefinition | undefined {
  switch (element.name) {
    case "primitive":
      return readPrimitive(source, element);
    case "group":
      return readGroup(source, element);
    case "clone":
    case "master":
    case "master_slave":
      return readClone(source, element);
    case "bundle":
      return readBundle(source, element);
    default:
      return undefined;
  }
}

/** What every kind of resource has. */
function common(source: CibSource, element: XmlElement, id: string) {
  return {
    id,
    ...optional(element, { description: "description" }),
    meta: readAttributeSets(source, element, "meta_attributes"),
    params: readAttributeSets(source, element, "instance_attributes"),
  };
}

function readPrimitive(source: CibSource, element: XmlElement): PrimitiveDefinition | undefined {
  const id = source.required(element, "id");
  if (id === undefined) return undefined;
  const template = attribute(element, "template");
  const agent = readAgent(element);
  if (agent === undefined && template === undefined) {
    source.error(
      "CIB_MISSING_ATTRIBUTE",
      element,
      `${id} has neither class and type nor a template`,
    );
    return undefined;
  }
  return {
    kind: "primitive",
    ...common(source, element, id),
    ...(agent === undefined ? {} : { agent }),
    ...(template === undefined ? {} : { template }),
    operations: readOperations(source, element),
    utilization: readAttributeSets(source, element, "utilization"),
  };
}

function readAgent(element: XmlElement): AgentName | undefined {
  const agentClass = attribute(element, "class");
  const type = attribute(element, "type");
  if (agentClass === undefined || type === undefined) return undefined;
  const provider = attribute(element, "provider");
  return { class: agentClass, type, ...(provider === undefined ? {} : { provider }) };
}

function readOperations(source: CibSource, element: XmlElement): OperationDefinition[] {
  const block = source.onlyChild(element, ["operations"]);
  if (block === undefined) return [];
  const operations: OperationDefinition[] = [];
  for (const each of children(source.resolve(block), "op")) {
    const operation = readOperation(source, source.resolve(each));
    if (operation !== undefined) operations.push(operation);
  }
  return operations;
}

function readOperation(source: CibSource, element: XmlElement): OperationDefinition | undefined {
  const name = source.required(element, "name");
  if (name === undefined) return undefined;
  const options = attributeMap(element);
  for (const own of ["id", "name", "interval"]) options.delete(own);
  return {
    id: attribute(element, "id") ?? "",
    name,
    interval: attribute(element, "interval") ?? "0",
    options,
    meta: readAttributeSets(source, element, "meta_attributes"),
    params: readAttributeSets(source, element, "instance_attributes"),
  };
}

function readGroup(source: CibSource, element: XmlElement): GroupDefinition | undefined {
  const id = source.required(element, "id");
  if (id === undefined) return undefined;
  const members: PrimitiveDefinition[] = [];
  for (const each of children(element, "primitive")) {
    const member = readPrimitive(source, each);
    if (member !== undefined) members.push(member);
  }
  if (members.length === 0) source.warn("CIB_EMPTY_GROUP", element, `group ${id} has no members`);
  return { kind: "group", ...common(source, element, id), members };
}

function readClone(source: CibSource, element: XmlElement): CloneDefinition | undefined {
  const id = source.required(element, "id");
  if (id === undefined) return undefined;
  const inner = source.onlyChild(element, ["primitive", "group"]);
  const member = inner === undefined ? undefined : readResource(source, inner);
  if (member?.kind !== "primitive" && member?.kind !== "group") {
    source.error("CIB_EMPTY_CLONE", element, `clone ${id} has nothing to clone`);
    return undefined;
  }
  return {
    kind: "clone",
    ...common(source, element, id),
    ...(element.name === "clone" ? {} : { legacyMaster: true }),
    child: member,
  };
}

const CONTAINER_TYPES = ["docker", "podman", "rkt"];

function readBundle(source: CibSource, element: XmlElement): BundleDefinition | undefined {
  const id = source.required(element, "id");
  if (id === undefined) return undefined;
  const container = source.onlyChild(element, CONTAINER_TYPES);
  if (container === undefined) {
    source.error("CIB_BAD_BUNDLE", element, `bundle ${id} names no container`, "docker or podman");
    return undefined;
  }
  const network = source.onlyChild(element, ["network"]);
  const storage = source.onlyChild(element, ["storage"]);
  const inner = source.onlyChild(element, ["primitive"]);
  const member = inner === undefined ? undefined : readPrimitive(source, inner);
  return {
    kind: "bundle",
    ...common(source, element, id),
    container: { type: container.name, options: attributeMap(container) },
    ...(network === undefined ? {} : { network: attributeMap(network) }),
    portMappings: children(network, "port-mapping").map(attributeMap),
    storageMappings: children(storage, "storage-mapping").map(attributeMap),
    ...(member === undefined ? {} : { child: member }),
  };
}
