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
import { attribute, child, children, withAttribute, type XmlElement } from "./xml-element.ts";

/** Reads the constraints section in its order. */
export function readConstraints(source: CibSource, section: XmlElement | undefined): Constraint[] {
  const constraints: Constraint[] = [];
  for (const element of section?.children ?? []) {
    const constraint = readConstraint(source, withValidChoices(source, element));
    if (constraint !== undefined) constraints.push(constraint);
  }
  return constraints;
}

interface Choice {
  readonly values: RegExp;
  readonly hint: string;
  /** What Pacemaker takes where the value is none of them; absent: as if nothing were said. */
  readonly instead?: string;
}

const BOOLEAN = { values: /^(1|0|true|false|on|off|yes|no|y|n)$/i, hint: "true or false" };

const CHOICES: Readonly<Record<string, Choice>> = {
  kind: {
    values: /^(Mandatory|Optional|Serialize)$/,
    hint: "Mandatory, Optional or Serialize",
    instead: "Mandatory",
  },
  symmetrical: BOOLEAN,
  influence: BOOLEAN,
  "require-all": { ...BOOLEAN, instead: "false" },
};

/** Tells of values that an attribute does not have, and puts in their place what they count as. */
function withValidChoices(source: CibSource, element: XmlElement): XmlElement {
  let valid = element;
  for (const [name, { values, hint, instead }] of Object.entries(CHOICES)) {
    const value = attribute(element, name);
    if (value === undefined || values.test(value)) continue;
    const taken = instead === undefined ? "passed over" : `taken as ${instead}`;
    source.warn(
      "CIB_BAD_CHOICE",
      element,
      `${name} is not ${JSON.stringify(value)}: it is ${taken}`,
      hint,
    );
    valid = withAttribute(valid, name, instead);
  }
  return valid;
}

function readConstraint(source: CibSource, element: XmlElement): Constraint | undefined {
  const id = attribute(element, "id") ?? "";
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
      source.warn(
        "CIB_UNKNOWN_ELEMENT",
        element,
        `<${element.name}> is no constraint`,
        "rsc_location, rsc_colocation, rsc_order, rsc_ticket",
      );
      return undefined;
  }
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
  const lifetime = child(element, "lifetime");
  if (lifetime !== undefined) {
    source.warn(
      "CIB_OLD_LIFETIME",
      lifetime,
      `the lifetime of constraint ${id} is not supported`,
      "write it as a rule with a date expression",
    );
  }
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
