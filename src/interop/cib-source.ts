import type { Diagnostic } from "../model/diagnostic.ts";
import { LineIndex } from "./line-index.ts";
import { attribute, descendants, type XmlElement } from "./xml-element.ts";

/**
 * The text of a CIB while it is being read: collects diagnostics with their positions and resolves
 * `id-ref` (Pacemaker Explained, "Reusing Parts of the Configuration").
 */
export class CibSource {
  readonly #found: { readonly offset: number; readonly diagnostic: Diagnostic }[] = [];
  readonly #lines: LineIndex;
  #root: XmlElement | undefined;
  #byId: Map<string, XmlElement> | undefined;

  constructor(text: string) {
    this.#lines = new LineIndex(text);
  }

  /** What was found so far, in the order of the text. */
  get diagnostics(): Diagnostic[] {
    const sorted = this.#found.toSorted((a, b) => a.offset - b.offset);
    return sorted.map(({ diagnostic }) => diagnostic);
  }

  /** The tree that references are looked up in. */
  resolveIn(root: XmlElement): void {
    this.#root = root;
    this.#byId = undefined;
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

  /** The first child of these names; there should be no other, and none is looked at. */
  onlyChild(element: XmlElement, names: readonly string[]): XmlElement | undefined {
    const [first, ...others] = element.children.filter((each) => names.includes(each.name));
    for (const other of others) {
      const reason = `<${element.name}> has a <${first!.name}> already`;
      this.warn("CIB_ONE_TOO_MANY", other, `${reason}: <${other.name}> is passed over`);
    }
    return first;
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
    where: XmlElement | number,
    message: string,
    hint?: string,
  ): void {
    const offset = typeof where === "number" ? where : where.offset;
    const length = typeof where === "number" ? 1 : where.name.length + 1;
    const at = { ...this.#lines.positionAt(offset), length };
    const more = hint === undefined ? {} : { hint };
    this.#found.push({ offset, diagnostic: { code, severity, message, at, ...more } });
  }
}
