import type { XmlElement } from "./xml-element.ts";

/**
 * A small XML 1.0 reader for machine-written documents such as CIBs: elements and attributes,
 * with positions. Comments, processing instructions, CDATA, a DOCTYPE and text are passed over
 * (a CIB keeps everything in attributes). It exists because a general DOM costs seconds and
 * hundreds of megabytes on status sections of tens of megabytes.
 */
export interface XmlResult {
  readonly root?: XmlElement;
  readonly error?: XmlError;
}

export interface XmlError {
  readonly message: string;
  readonly offset: number;
  readonly hint?: string;
}

/** Deeper nesting than any CIB has; stops documents made to exhaust memory. */
const DEPTH_MAX = 200;

/** Reads a document. It never throws: a malformed one gives `error`, and no root. */
export function readXml(text: string): XmlResult {
  try {
    return { root: new XmlReader(text).document() };
  } catch (error) {
    if (error instanceof XmlProblem) return { error: error.detail };
    throw error;
  }
}

/** Internal: unwinds the reader; caught in readXml. */
class XmlProblem extends Error {
  readonly detail: XmlError;
  constructor(detail: XmlError) {
    super(detail.message);
    this.detail = detail;
  }
}

interface OpenElement extends XmlElement {
  readonly children: XmlElement[];
}

const ENTITIES: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
};

class XmlReader {
  readonly #text: string;
  #at: number;
  /** Names recur by the thousand: one string for each. */
  readonly #names = new Map<string, string>();

  constructor(text: string) {
    this.#text = text;
    this.#at = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  }

  document(): XmlElement {
    const open: OpenElement[] = [];
    let root: XmlElement | undefined;
    while (this.#toNextTag(open)) {
      const start = this.#at;
      if (this.#text.charCodeAt(start + 1) === 47 /* / */) {
        this.#closeTag(open);
        continue;
      }
      const parent = open.at(-1);
      if (parent === undefined && root !== undefined) {
        this.#fail("a second root element", start, "a document has exactly one root element");
      }
      const { element, closed } = this.#openTag();
      if (parent === undefined) root = element;
      else parent.children.push(element);
      if (!closed) open.push(element);
      if (open.length > DEPTH_MAX) this.#fail(`elements nested deeper than ${DEPTH_MAX}`, start);
    }
    const last = open.at(-1);
    if (last !== undefined) {
      this.#fail(`element <${last.name}> is never closed`, last.offset, "is the file cut short?");
    }
    if (root === undefined) this.#fail("no element at all", 0, "a CIB begins with <cib>");
    return root;
  }

  /** Moves to the next start or end tag; false at the end of the text. */
  #toNextTag(open: readonly OpenElement[]): boolean {
    for (;;) {
      const at = this.#text.indexOf("<", this.#at);
      const end = at < 0 ? this.#text.length : at;
      if (open.length === 0) this.#requireBlank(this.#at, end);
      if (at < 0) return false;
      this.#at = at;
      const next = this.#text.charCodeAt(at + 1);
      if (next === 63 /* ? */) this.#skip("?>", "processing instruction");
      else if (next !== 33 /* ! */) return true;
      else if (this.#text.startsWith("<!--", at)) this.#skip("-->", "comment");
      else if (this.#text.startsWith("<![CDATA[", at)) this.#skip("]]>", "CDATA section");
      else if (this.#text.startsWith("<!DOCTYPE", at)) this.#skipDoctype();
      else this.#fail("unknown markup after <!", at);
    }
  }

  #requireBlank(start: number, end: number): void {
    for (let i = start; i < end; i++) {
      if (!isSpace(this.#text.charCodeAt(i))) {
        this.#fail("text outside of the root element", i, "is this an XML file?");
      }
    }
  }

  #skip(terminator: string, what: string): void {
    const end = this.#text.indexOf(terminator, this.#at + 2);
    if (end < 0) this.#fail(`${what} is never closed`, this.#at, `expected ${terminator}`);
    this.#at = end + terminator.length;
  }

  #skipDoctype(): void {
    const start = this.#at;
    const end = this.#text.indexOf(">", start);
    const bracket = this.#text.indexOf("[", start);
    if (end < 0) this.#fail("DOCTYPE is never closed", start);
    if (bracket >= 0 && bracket < end) {
      this.#fail("a DOCTYPE with declarations is not supported", start, "remove it");
    }
    this.#at = end + 1;
  }

  #closeTag(open: OpenElement[]): void {
    const start = this.#at;
    this.#at += 2;
    const name = this.#name();
    this.#space();
    if (this.#text.charCodeAt(this.#at) !== 62 /* > */) {
      this.#fail(`expected > after </${name}`, this.#at);
    }
    this.#at++;
    const last = open.pop();
    if (last === undefined) this.#fail(`</${name}> closes nothing`, start);
    if (last.name !== name) {
      this.#fail(`</${name}> where </${last.name}> is due`, start, "elements close in turn");
    }
  }

  #openTag(): { element: OpenElement; closed: boolean } {
    const offset = this.#at++;
    const name = this.#name();
    const attributes: string[] = [];
    for (;;) {
      const spaced = this.#space();
      const code = this.#text.charCodeAt(this.#at);
      if (code === 62 /* > */) {
        this.#at++;
        return { element: { name, attributes, children: [], offset }, closed: false };
      }
      if (code === 47 /* / */ && this.#text.charCodeAt(this.#at + 1) === 62) {
        this.#at += 2;
        return { element: { name, attributes, children: [], offset }, closed: true };
      }
      if (Number.isNaN(code)) this.#fail(`tag <${name} is never closed`, offset);
      if (!spaced) this.#fail(`unexpected character in tag <${name}>`, this.#at);
      this.#attribute(name, attributes);
    }
  }

  #attribute(element: string, attributes: string[]): void {
    const start = this.#at;
    const name = this.#name();
    this.#space();
    if (this.#text.charCodeAt(this.#at) !== 61 /* = */) {
      this.#fail(`attribute ${name} of <${element}> has no value`, start, `write ${name}="…"`);
    }
    this.#at++;
    this.#space();
    const quote = this.#text[this.#at];
    if (quote !== '"' && quote !== "'") {
      this.#fail(`the value of ${name} is not in quotes`, this.#at, `write ${name}="…"`);
    }
    const begin = this.#at + 1;
    const end = this.#text.indexOf(quote, begin);
    if (end < 0) this.#fail(`the value of ${name} is never closed`, begin, `expected ${quote}`);
    for (let i = 0; i < attributes.length; i += 2) {
      if (attributes[i] === name) this.#fail(`attribute ${name} is given twice`, start);
    }
    attributes.push(name, this.#value(begin, end));
    this.#at = end + 1;
  }

  #value(begin: number, end: number): string {
    const raw = this.#text.slice(begin, end);
    const less = raw.indexOf("<");
    if (less >= 0) {
      this.#fail("< within a value", begin + less, "a missing closing quote? else write &lt;");
    }
    const normal = /[\t\n\r]/.test(raw) ? raw.replace(/\r\n|[\t\n\r]/g, " ") : raw;
    if (!normal.includes("&")) return normal;
    return raw.replace(/\r\n|[\t\n\r]/g, " ").replace(/&([^;&\s]*);?/g, (found, entity, at) => {
      const text = found.endsWith(";") ? entityText(entity) : undefined;
      if (text === undefined) {
        this.#fail(`unknown entity ${found}`, begin + Number(at), "write & as &amp;");
      }
      return text;
    });
  }

  #name(): string {
    const start = this.#at;
    while (isNameCode(this.#text.charCodeAt(this.#at))) this.#at++;
    if (this.#at === start) this.#fail("expected a name", start, "write < as &lt;");
    const name = this.#text.slice(start, this.#at);
    const known = this.#names.get(name);
    if (known !== undefined) return known;
    this.#names.set(name, name);
    return name;
  }

  #space(): boolean {
    const start = this.#at;
    while (isSpace(this.#text.charCodeAt(this.#at))) this.#at++;
    return this.#at > start;
  }

  #fail(message: string, offset: number, hint?: string): never {
    throw new XmlProblem(hint === undefined ? { message, offset } : { message, offset, hint });
  }
}

function isSpace(code: number): boolean {
  return code === 32 || code === 10 || code === 9 || code === 13;
}

/** Letters, digits and . - _ : and anything beyond ASCII, as XML 1.0 §2.3 in short. */
function isNameCode(code: number): boolean {
  return (
    (code >= 97 && code <= 122) ||
    (code >= 65 && code <= 90) ||
    (code >= 48 && code <= 58) ||
    code === 45 ||
    code === 95 ||
    code === 46 ||
    code > 127
  );
}

function entityText(entity: string): string | undefined {
  if (!entity.startsWith("#")) {
    return Object.hasOwn(ENTITIES, entity) ? ENTITIES[entity] : undefined;
  }
  const hex = /^#x([0-9a-fA-F]{1,6})$/.exec(entity);
  const decimal = /^#([0-9]{1,7})$/.exec(entity);
  const code = hex ? Number.parseInt(hex[1]!, 16) : decimal ? Number(decimal[1]) : Number.NaN;
  if (!(code > 0 && code <= 0x10ffff)) return undefined;
  return String.fromCodePoint(code);
}
