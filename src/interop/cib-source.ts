import type { Diagnostic } from "../model/diagnostic.ts";
import { attribute, descendants, type XmlElement } from "./xml-element.ts";
import { positionAt } from "./xml-reader.ts";

/**
 * The text of a CIB while it is being read: collects diagnostics with their positions and resolves
 * `id-ref` (Pacemaker Explained, "Reusing Parts of the Configuration").
 */
export class CibSource {
  readonly diagnostics: Diagnostic[] = [];
  readonly #text: string;
  readonly #root: XmlElement | undefined;
  #byId: Map<string, XmlElement> | undefined;

  constructor(text: string, root?: XmlElement) {
    this.#text = text;
    this.#root = root;
  }

  error(code: string, at: XmlElement | number, message: string, hint?: string): void {
    this.#report("error", code, at, message, hint);
  }

  warn(code: string, at: XmlElement | number, message: string, hint?: string): void {
    this.#report("warning", code, at, message, hint);
  }

  /** The attribute, or a diagnostic and undefined where it is missing or empty. */
  required(element: XmlElement, name: string): string | undefined {
    const value = attribute(element, name);
    if (value !== undefined && value !== "") return value;
    this.error("CIB_MISSING_ATTRIBUTE", element, `<${element.name}> has no ${name}`);
    return undefined;
  }

  /** The element itself, or what its id-ref names: an element of the same kind with that id. */
  resolve(element: XmlElement): XmlElement {
    const reference = attribute(element, "id-ref");
    if (reference === undefined) return element;
    const found = this.#index().get(`${element.name} ${reference}`);
    if (found !== undefined && attribute(found, "id-ref") === undefined) return found;
    this.error(
      "CIB_DANGLING_REFERENCE",
      element,
      `id-ref names no <${element.name}> with the id ${reference}`,
      "correct the id or write the block out",
    );
    return { ...element, children: [] };
  }

  #index(): Map<string, XmlElement> {
    if (this.#byId !== undefined) return this.#byId;
    const index = new Map<string, XmlElement>();
    const scope = this.#root?.children.find((each) => each.name === "configuration") ?? this.#root;
    for (const element of scope === undefined ? [] : descendants(scope)) {
      const id = attribute(element, "id");
      const key = `${element.name} ${id}`;
      if (id !== undefined && !index.has(key)) index.set(key, element);
    }
    this.#byId = index;
    return index;
  }

  #report(
    severity: "error" | "warning",
    code: string,
    at: XmlElement | number,
    message: string,
    hint?: string,
  ): void {
    const offset = typeof at === "number" ? at : at.offset;
    const length = typeof at === "number" ? 1 : at.name.length + 1;
    const position = { ...positionAt(this.#text, offset), length };
    this.diagnostics.push({
      code,
      severity,
      message,
      at: position,
      ...(hint === undefined ? {} : { hint }),
    });
  }
}
