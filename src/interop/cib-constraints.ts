import type {
  ColocationConstraint,
  Constraint,
  LocationConstraint,
  OrderConstraint,
  ResourceSet,
  TicketConstraint,
} from "../model/policy-definition.ts";
import { optional, readRule, readScore } from "./cib-rules.ts";
import type { CibSource } from "./cib-source.ts";
import { attribute, child, children, type XmlElement } from "./xml-element.ts";

/** Reads the constraints section in its order. */
export function readConstraints(source: CibSource, section: XmlElement | undefined): Constraint[] {
  const constraints: Constraint[] = [];
  for (const element of section?.children ?? []) {
    const constraint = readConstraint(source, element);
    if (constraint !== undefined) constraints.push(constraint);
  }
  return constraints;
}

function readConstraint(source: CibSource, element: XmlElement): Constraint | undefined {
  const id = attribute(element, "id") ?? "";
  tellOfLifetime(source, element, id);
  switch (element.name) {
    case "rsc_location":
      return readLocation(source, element, id);
    case "rsc_colocation":
      return readColocation(source, element, id);
    case "rsc_order":
      return readOrder(source, element, id);
    case "rsc_ticket":
      return readTicket(source, element, id);
    default:
      return undefined;
  }
}

function tellOfLifetime(source: CibSource, element: XmlElement, id: string): void {
  const lifetime = child(element, "lifetime");
  if (lifetime === undefined) return;
  const message = `the lifetime of constraint ${id} is not supported`;
  source.warn("CIB_OLD_LIFETIME", lifetime, message, "write it as a rule with a date expression");
}

function readSets(source: CibSource, element: XmlElement): { sets?: ResourceSet[] } {
  const sets = children(element, "resource_set").map((each) => readSet(source.resolve(each)));
  return sets.length === 0 ? {} : { sets };
}

function readSet(element: XmlElement): ResourceSet {
  return {
    id: attribute(element, "id") ?? "",
    members: children(element, "resource_ref").map((each) => attribute(each, "id") ?? ""),
    ...optional(element, {
      sequential: "sequential",
      requireAll: "require-all",
      role: "role",
      action: "action",
      score: "score",
      ordering: "ordering",
      kind: "kind",
    }),
  };
}

function readLocation(source: CibSource, element: XmlElement, id: string): LocationConstraint {
  const score = readScore(source, element);
  return {
    kind: "location",
    id,
    ...optional(element, {
      resource: "rsc",
      pattern: "rsc-pattern",
      role: "role",
      node: "node",
      discovery: "resource-discovery",
    }),
    ...readSets(source, element),
    ...(score === undefined ? {} : { score }),
    rules: children(element, "rule").map((each) => readRule(source, source.resolve(each))),
  };
}

function readColocation(source: CibSource, element: XmlElement, id: string): ColocationConstraint {
  const score = readScore(source, element);
  return {
    kind: "colocation",
    id,
    ...(score === undefined ? {} : { score }),
    ...optional(element, {
      resource: "rsc",
      role: "rsc-role",
      instance: "rsc-instance",
      with: "with-rsc",
      withRole: "with-rsc-role",
      withInstance: "with-rsc-instance",
      nodeAttribute: "node-attribute",
      influence: "influence",
    }),
    ...readSets(source, element),
  };
}

function readOrder(source: CibSource, element: XmlElement, id: string): OrderConstraint {
  return {
    kind: "order",
    id,
    ...optional(element, {
      orderKind: "kind",
      score: "score",
      first: "first",
      firstAction: "first-action",
      firstInstance: "first-instance",
      // biome-ignore lint/suspicious/noThenProperty: the name of the constraint's field
      then: "then",
      thenAction: "then-action",
      thenInstance: "then-instance",
      symmetrical: "symmetrical",
      requireAll: "require-all",
    }),
    ...readSets(source, element),
  };
}

function readTicket(
  source: CibSource,
  element: XmlElement,
  id: string,
): TicketConstraint | undefined {
  const ticket = source.required(element, "ticket");
  if (ticket === undefined) return undefined;
  return {
    kind: "ticket",
    id,
    ticket,
    ...optional(element, { resource: "rsc", role: "rsc-role", lossPolicy: "loss-policy" }),
    ...readSets(source, element),
  };
}
