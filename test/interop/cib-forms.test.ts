import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { formOf } from "../../src/interop/cib-forms.ts";
import {
  attribute,
  child,
  children,
  descendants,
  type XmlElement,
} from "../../src/interop/xml-element.ts";
import { readXml } from "../../src/interop/xml-reader.ts";

/** Where Debian's pacemaker-cli-utils and Pacemaker itself keep the schemas. */
const SCHEMAS = "/usr/share/pacemaker";

/** What the schemas of one folder say of elements, whatever the context: the union of all. */
class Schemas {
  readonly attributes = new Set<string>();
  readonly places = new Set<string>();
  readonly #files = new Map<string, XmlElement>();

  read(name: string): void {
    const grammar = this.#file(name);
    for (const element of descendants(grammar)) {
      if (element.name === "element") this.#collect(element, grammar, element, new Set());
    }
  }

  #file(name: string): XmlElement {
    const known = this.#files.get(name);
    if (known !== undefined) return known;
    const root = readXml(readFileSync(join(SCHEMAS, name), "utf8")).root!;
    this.#files.set(name, root);
    return root;
  }

  /** What may be directly in `element`, through references, alternatives and other files. */
  #collect(
    element: XmlElement,
    grammar: XmlElement,
    within: XmlElement,
    seen: Set<XmlElement>,
  ): void {
    if (seen.has(within)) return;
    seen.add(within);
    const owner = attribute(element, "name") ?? "*";
    for (const each of within.children) {
      const name = attribute(each, "name") ?? "*";
      if (each.name === "attribute") this.attributes.add(`${owner} ${name}`);
      else if (each.name === "element") this.places.add(`${owner} ${name}`);
      else if (each.name === "ref") {
        const defined = children(grammar, "define").filter(
          (one) => attribute(one, "name") === name,
        );
        for (const one of defined) this.#collect(element, grammar, one, seen);
      } else if (each.name === "externalRef") {
        const other = this.#file(attribute(each, "href")!);
        this.#collect(element, other, child(other, "start") ?? other, seen);
      } else this.#collect(element, grammar, each, seen);
    }
  }
}

/** Elements that hold nothing that the readers ask for; `*` is any. */
const OPAQUE = /^(acls|acl_.*|role|role_ref|read|write|deny|\*) |\*$/;

describe.skipIf(!existsSync(SCHEMAS))("every form that Pacemaker's schemas have is known", () => {
  const schemas = new Schemas();
  for (const name of existsSync(SCHEMAS) ? readdirSync(SCHEMAS) : []) {
    if (/^(?!crm_mon)[\w-]+(\.\d+)?\.rng$/.test(name)) schemas.read(name);
  }

  test("attributes", () => {
    const unknown = [...schemas.attributes].filter((each) => {
      const [element, name] = each.split(" ");
      const form = formOf(element!);
      return form === undefined
        ? !OPAQUE.test(each)
        : form.attributes !== undefined && !form.attributes.has(name!.trim());
    });
    expect(schemas.attributes.size).toBeGreaterThan(150);
    expect(unknown).toEqual([]);
  });

  test("children", () => {
    const unknown = [...schemas.places].filter((each) => {
      const [element, name] = each.split(" ");
      return !formOf(element!)?.children.has(name!) && !OPAQUE.test(each);
    });
    expect(schemas.places.size).toBeGreaterThan(80);
    expect(unknown).toEqual([]);
  });
});
