import type { AlertDefinition } from "../model/alert-definition.ts";
import { readAttributeSets } from "./cib-rules.ts";
import type { CibSource } from "./cib-source.ts";
import { attribute, children, type XmlElement } from "./xml-element.ts";

/** Reads the alerts section in its order. */
export function readAlerts(source: CibSource, section: XmlElement | undefined): AlertDefinition[] {
  return children(section, "alert").flatMap((element) => {
    const id = source.required(element, "id");
    const path = source.required(element, "path");
    if (id === undefined || path === undefined) return [];
    return {
      id,
      path,
      ...readSelection(source, element),
      ...readOptions(source, element),
      recipients: children(element, "recipient").flatMap((each) => {
        const value = source.required(each, "value");
        if (value === undefined) return [];
        return { id: attribute(each, "id") ?? "", value, ...readOptions(source, each) };
      }),
    };
  });
}

function readOptions(source: CibSource, element: XmlElement) {
  return {
    meta: readAttributeSets(source, element, "meta_attributes"),
    params: readAttributeSets(source, element, "instance_attributes"),
  };
}

function readSelection(source: CibSource, element: XmlElement) {
  const selection = source.onlyChild(element, ["select"])?.children ?? [];
  const select = selection.flatMap(({ name }) => /^select_(.+)$/.exec(name)?.[1] ?? []);
  const named = selection.flatMap((each) => children(each, "attribute"));
  const attributes = named.flatMap((each) => source.required(each, "name") ?? []);
  return { select, attributes };
}
