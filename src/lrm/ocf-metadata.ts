import { DOMParser, type Element, type Node } from "@xmldom/xmldom";

/** What an agent says of itself (OCF 1.1, "Metadata"), reduced to what the product uses. */
export interface AgentMetaData {
  readonly name: string;
  readonly version: string;
  readonly longdesc: string;
  readonly shortdesc: string;
  readonly parameters: readonly AgentParameter[];
  readonly actions: readonly AgentAction[];
}

export interface AgentParameter {
  readonly name: string;
  readonly required: boolean;
  /** No two resources of this agent may have the same value. */
  readonly unique: boolean;
  /** A change of it needs no restart. */
  readonly reloadable: boolean;
  readonly type: string;
  readonly defaultValue: string | undefined;
  readonly longdesc: string;
  readonly shortdesc: string;
}

export interface AgentAction {
  readonly name: string;
  /** As written: "20s", "20". */
  readonly timeout: string | undefined;
  readonly interval: string | undefined;
  readonly role: string | undefined;
  readonly depth: string | undefined;
}

export type MetaDataResult =
  | { readonly ok: true; readonly metaData: AgentMetaData }
  | { readonly ok: false; readonly error: string };

/** Far above any agent's (the largest of resource-agents has 40 KB). */
const TEXT_MAX = 512 * 1024;
const ITEMS_MAX = 1000;
const DESCRIPTION_MAX = 16 * 1024;

/**
 * Reads an agent's meta-data. Whatever the agent printed, the answer is a value: meta-data after
 * other output is found, what is malformed is refused with a reason. No entities are expanded but
 * XML's own, so a small document can't grow.
 */
export function parseMetaData(text: string): MetaDataResult {
  if (text.length > TEXT_MAX) return failure(`more than ${TEXT_MAX / 1024} KB of meta-data`);
  const start = text.indexOf("<resource-agent");
  const end = text.lastIndexOf("</resource-agent>");
  if (start < 0 || end < start) return failure("no <resource-agent> element in the output");
  const errors: string[] = [];
  try {
    const parser = new DOMParser({
      onError: (level, message) => {
        if (level !== "warning") errors.push(String(message).split("\n")[0]!);
      },
    });
    const xml = text.slice(start, end + "</resource-agent>".length);
    const root = parser.parseFromString(xml, "text/xml").documentElement;
    if (errors.length > 0) return failure(errors[0]!);
    if (root?.tagName !== "resource-agent") return failure("no <resource-agent> element");
    return { ok: true, metaData: readAgent(root) };
  } catch (error) {
    return failure(errors[0] ?? (error instanceof Error ? error.message : String(error)));
  }
}

function failure(error: string): MetaDataResult {
  return { ok: false, error };
}

function readAgent(root: Element): AgentMetaData {
  return {
    name: root.getAttribute("name") ?? "",
    version: root.getAttribute("version") ?? descriptionOf(root, "version"),
    longdesc: descriptionOf(root, "longdesc"),
    shortdesc: descriptionOf(root, "shortdesc"),
    parameters: itemsOf(root, "parameters", "parameter").map(readParameter),
    actions: itemsOf(root, "actions", "action").map(readAction),
  };
}

function readParameter(element: Element): AgentParameter {
  const content = childrenOf(element, "content")[0];
  return {
    name: element.getAttribute("name") ?? "",
    required: isTrue(element, "required"),
    unique: isTrue(element, "unique") || element.getAttribute("unique-group") !== null,
    reloadable: isTrue(element, "reloadable"),
    type: content?.getAttribute("type") ?? "string",
    defaultValue: content?.getAttribute("default") ?? undefined,
    longdesc: descriptionOf(element, "longdesc"),
    shortdesc: descriptionOf(element, "shortdesc"),
  };
}

function readAction(element: Element): AgentAction {
  const value = (name: string) => element.getAttribute(name) ?? undefined;
  return {
    name: value("name") ?? "",
    timeout: value("timeout"),
    interval: value("interval"),
    role: value("role"),
    depth: value("depth"),
  };
}

function isTrue(element: Element, name: string): boolean {
  return ["1", "true", "yes"].includes(element.getAttribute(name) ?? "");
}

function itemsOf(root: Element, list: string, item: string): Element[] {
  const parent = childrenOf(root, list)[0];
  if (parent === undefined) return [];
  const named = childrenOf(parent, item).filter((each) => each.getAttribute("name"));
  return named.slice(0, ITEMS_MAX);
}

function childrenOf(element: Element, name: string): Element[] {
  const found: Element[] = [];
  for (let node: Node | null = element.firstChild; node !== null; node = node.nextSibling) {
    if (node.nodeName === name) found.push(node as Element);
  }
  return found;
}

/** A description without the line breaks that only fit the source. */
function descriptionOf(element: Element, name: string): string {
  const text = childrenOf(element, name)[0]?.textContent ?? "";
  return text.trim().slice(0, DESCRIPTION_MAX);
}
