import type { AttributeSet, Expression, Rule } from "../model/rule.ts";
import { parseLooseScore, type Score } from "../model/score.ts";
import type { CibSource } from "./cib-source.ts";
import { attribute, attributeMap, child, children, type XmlElement } from "./xml-element.ts";

/** Copies the named optional attributes that are present. */
export function optional<Key extends string>(
  element: XmlElement,
  names: Readonly<Record<Key, string>>,
): { [K in Key]?: string } {
  const found: { [K in Key]?: string } = {};
  for (const key of Object.keys(names) as Key[]) {
    const value = attribute(element, names[key]);
    if (value !== undefined) found[key] = value;
  }
  return found;
}

/** A score attribute; undefined where absent or, with a diagnostic, unreadable. */
export function readScore(source: CibSource, element: XmlElement): Score | undefined {
  const text = attribute(element, "score");
  if (text === undefined) return undefined;
  const score = parseLooseScore(text);
  if (score !== undefined) return score;
  const byColour = ["red", "yellow", "green"].includes(text);
  if (!byColour) {
    source.error(
      "CIB_BAD_SCORE",
      element,
      `${JSON.stringify(text)} is no score`,
      "an integer, INFINITY or -INFINITY",
    );
  }
  return undefined;
}

/** Reads every block of the given kind (`meta_attributes` …) below an element. */
export function readAttributeSets(
  source: CibSource,
  parent: XmlElement | undefined,
  kind: string,
): AttributeSet[] {
  return children(parent, kind).map((each) => readAttributeSet(source, source.resolve(each)));
}

function readAttributeSet(source: CibSource, element: XmlElement): AttributeSet {
  const values = new Map<string, string>();
  const scope = child(element, "attributes") ?? element;
  for (const pair of children(scope, "nvpair")) readPair(source, pair, values);
  const rules = children(element, "rule").map((each) => readRule(source, source.resolve(each)));
  const base = { id: attribute(element, "id") ?? "", score: readScore(source, element) ?? 0 };
  const rule = combineRules(base.id, rules);
  return rule === undefined ? { ...base, values } : { ...base, rule, values };
}

/** Of several rules in one block any suffices. */
function combineRules(id: string, rules: readonly Rule[]): Rule | undefined {
  if (rules.length < 2) return rules[0];
  return { id: `${id}-any`, booleanOp: "or", conditions: rules };
}

function readPair(source: CibSource, pair: XmlElement, values: Map<string, string>): void {
  const target = source.resolve(pair);
  const name = attribute(pair, "name") ?? attribute(target, "name");
  const value = attribute(target, "value");
  if (name === undefined) {
    if (target === pair) source.error("CIB_MISSING_ATTRIBUTE", pair, "<nvpair> has no name");
    return;
  }
  if (value !== undefined && !values.has(name)) values.set(name, value);
}

/** Reads a rule with its expressions and nested rules. */
export function readRule(source: CibSource, element: XmlElement): Rule {
  const score = readScore(source, element);
  const combine = attribute(element, "boolean-op") ?? "and";
  return {
    id: attribute(element, "id") ?? "",
    booleanOp: /^or$/i.test(combine) ? "or" : "and",
    ...optional(element, { role: "role", scoreAttribute: "score-attribute" }),
    ...(score === undefined ? {} : { score }),
    conditions: element.children.map((each) => readCondition(source, source.resolve(each))),
  };
}

function readCondition(source: CibSource, element: XmlElement): Rule | Expression {
  const id = attribute(element, "id") ?? "";
  switch (element.name) {
    case "rule":
      return readRule(source, element);
    case "expression":
      return readAttributeExpression(source, element, id);
    case "date_expression":
      return readDateExpression(source, element, id);
    case "rsc_expression":
      return {
        kind: "resource",
        id,
        ...optional(element, { class: "class", provider: "provider", type: "type" }),
      };
    case "op_expression":
      return {
        kind: "operation",
        id,
        name: source.required(element, "name") ?? "",
        ...optional(element, { interval: "interval" }),
      };
    default:
      // As in Pacemaker: what nobody can judge does not hold.
      return { kind: "attribute", id, attribute: "", operation: "" };
  }
}

function readAttributeExpression(source: CibSource, element: XmlElement, id: string): Expression {
  return {
    kind: "attribute",
    id,
    attribute: source.required(element, "attribute") ?? "",
    operation: source.required(element, "operation") ?? "",
    ...optional(element, { value: "value", type: "type", valueSource: "value-source" }),
  };
}

function readDateExpression(source: CibSource, element: XmlElement, id: string): Expression {
  const duration = source.onlyChild(element, ["duration"]);
  const spec = source.onlyChild(element, ["date_spec"]);
  return {
    kind: "date",
    id,
    operation: attribute(element, "operation") ?? "in_range",
    ...optional(element, { start: "start", end: "end" }),
    ...(duration ? { duration: plainFields(source.resolve(duration)) } : {}),
    ...(spec ? { spec: plainFields(source.resolve(spec)) } : {}),
  };
}

function plainFields(element: XmlElement): Record<string, string> {
  const fields = attributeMap(element);
  fields.delete("id");
  return Object.fromEntries(fields);
}
