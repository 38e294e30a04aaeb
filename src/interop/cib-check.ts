import { compilePattern } from "../core/posix-pattern.ts";
import { choiceOf } from "./cib-choices.ts";
import { type Form, formOf } from "./cib-forms.ts";
import type { CibSource } from "./cib-source.ts";
import { withAttribute, type XmlElement } from "./xml-element.ts";

/**
 * Tells of elements, attributes and values that no CIB has. They are warnings: Pacemaker passes over
 * all of them, and so do the readers. Gives the tree with what counts in place of wrong values.
 */
export function checkForms(source: CibSource, element: XmlElement): XmlElement {
  const form = formOf(element.name);
  if (form === undefined) return element;
  const valid = checkAttributes(source, element, form);
  const children = element.children.map((each) => {
    if (form.children.has(each.name)) return checkForms(source, each);
    const effect = element.name === "rule" ? "it never holds" : "it is passed over";
    const message = `<${each.name}> has no place in <${element.name}>: ${effect}`;
    source.warn("CIB_UNKNOWN_ELEMENT", each, message, known(form.children));
    return each;
  });
  if (children.every((each, i) => each === element.children[i])) return valid;
  return { ...valid, children };
}

/** Marks that Pacemaker itself leaves on any element. */
const MARK = /^(__crm_.*|crm-debug-origin)$/;

function checkAttributes(source: CibSource, element: XmlElement, form: Form): XmlElement {
  let valid = element;
  const list = element.attributes;
  for (let i = 0; i < list.length; i += 2) {
    const [name, value] = [list[i]!, list[i + 1]!];
    if (form.attributes === undefined || form.attributes.has(name)) {
      valid = withValidChoice(source, valid, name, value);
      checkPattern(source, element, name, value);
    } else if (!MARK.test(name)) {
      const message = `<${element.name}> has no attribute ${name}: it is passed over`;
      source.warn("CIB_UNKNOWN_ATTRIBUTE", element, message, known(form.attributes));
    }
  }
  return valid;
}

function withValidChoice(
  source: CibSource,
  element: XmlElement,
  name: string,
  value: string,
): XmlElement {
  const choice = choiceOf(element.name, name);
  if (choice === undefined || choice.values.test(value)) return element;
  const { hint, instead, effect } = choice;
  const taken = instead === undefined ? "it is passed over" : `it is taken as ${instead}`;
  const message = `${name} is not ${JSON.stringify(value)}: ${effect ?? taken}`;
  source.warn("CIB_BAD_CHOICE", element, message, hint);
  return effect === undefined ? withAttribute(element, name, instead) : element;
}

/** What becomes of an element whose pattern is none. */
const WITHOUT_PATTERN: Readonly<Record<string, string>> = {
  "rsc-pattern": "its constraint is ignored",
  "target-pattern": "it matches no node",
};

function checkPattern(source: CibSource, element: XmlElement, name: string, value: string): void {
  const effect = Object.hasOwn(WITHOUT_PATTERN, name) ? WITHOUT_PATTERN[name] : undefined;
  if (effect === undefined) return;
  const compiled = compilePattern(name === "rsc-pattern" ? value.replace(/^!/, "") : value);
  if ("expression" in compiled) return;
  const reason = `${JSON.stringify(value)} is no regular expression: ${compiled.problem}`;
  const hint = "POSIX extended: [0-9], [[:alpha:]], (a|b)";
  source.warn("CIB_BAD_PATTERN", element, `${name} ${reason}: ${effect}`, hint);
}

function known(names: ReadonlySet<string>): string | undefined {
  return names.size === 0 ? undefined : `known: ${[...names].join(", ")}`;
}
