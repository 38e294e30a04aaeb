import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  parseDocument,
  type YAMLMap,
} from "yaml";
import { closest } from "../core/suggestion.ts";
import type { DefinitionReport } from "./definition-report.ts";
import type { Span } from "./source-text.ts";
import { OPEN_BRACKET_HINT } from "./text-checks.ts";
import { reportYamlProblem } from "./yaml-problems.ts";

/** A YAML document reduced to what a definition is made of, with the place of everything. */
export type YamlValue = YamlScalar | YamlList | YamlMap;

/** A scalar as it was written: 0644 stays "0644", and yes stays "yes". */
export interface YamlScalar {
  readonly kind: "scalar";
  readonly text: string;
  /** Nothing written, or an unquoted ~ or null. */
  readonly isNull: boolean;
  readonly span: Span;
  readonly weight: number;
}

export interface YamlList {
  readonly kind: "list";
  readonly items: readonly YamlValue[];
  readonly span: Span;
  readonly weight: number;
}

export interface YamlMap {
  readonly kind: "map";
  readonly entries: readonly YamlEntry[];
  readonly span: Span;
  readonly weight: number;
}

export interface YamlEntry {
  readonly key: string;
  readonly keySpan: Span;
  readonly value: YamlValue;
}

/** Deeper than any definition goes, and shallow enough for recursion. */
const DEPTH_MAX = 32;
/** Values in all, each use of an alias counted anew: against aliases that multiply. */
const VALUES_MAX = 500_000;

/** Parses YAML 1.2; undefined where nothing can be made of it (the report says why). */
export function readYamlTree(text: string, report: DefinitionReport): YamlValue | undefined {
  const document = parseQuietly(text);
  if (document === undefined) {
    const message = "the nesting is too deep to be read as YAML";
    report.error("YAML_TOO_DEEP", undefined, message, OPEN_BRACKET_HINT);
    return undefined;
  }
  const tooDeep = document.errors.find((each) => each.code === "RESOURCE_EXHAUSTION");
  const errors = tooDeep === undefined ? document.errors : [tooDeep];
  for (const problem of errors) reportYamlProblem(report, text, problem);
  for (const problem of document.warnings) reportYamlProblem(report, text, problem);
  if (document.errors.length > 0 || document.contents === null) return undefined;
  const builder = new TreeBuilder(report);
  const tree = builder.build(document.contents as Node, 0);
  return builder.broken ? undefined : tree;
}

/** The failsafe schema resolves nothing: what `yes` or `010` means is decided where it is read. */
function parseQuietly(text: string) {
  // A hostile text makes a hundred thousand errors; where each was made is nobody's question.
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return parseDocument(text, {
      schema: "failsafe",
      uniqueKeys: false,
      prettyErrors: false,
      logLevel: "error",
      keepSourceTokens: false,
    });
  } catch (error) {
    // The parser recurses: a hundred thousand brackets exhaust the stack.
    if (error instanceof RangeError) return undefined;
    throw error;
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

class TreeBuilder {
  readonly #report: DefinitionReport;
  /** undefined while the anchored value is still being built. */
  readonly #anchors = new Map<string, YamlValue | undefined>();
  #values = 0;
  /** Parts are missing, so that further complaints would only be about that. */
  broken = false;

  constructor(report: DefinitionReport) {
    this.#report = report;
  }

  build(node: Node | null, depth: number): YamlValue | undefined {
    const span = spanOf(node);
    if (depth > DEPTH_MAX) {
      this.broken = true;
      const message = `nested deeper than ${DEPTH_MAX} levels`;
      this.#report.error("YAML_TOO_DEEP", span, message, OPEN_BRACKET_HINT);
      return undefined;
    }
    if (!this.#count(1, span)) return undefined;
    if (node === null) return { kind: "scalar", text: "", isNull: true, span, weight: 1 };
    if (isAlias(node)) return this.#alias(node.source, span);
    const anchor = "anchor" in node ? node.anchor : undefined;
    if (anchor !== undefined) this.#anchors.set(anchor, undefined);
    const value = this.#buildPlain(node, span, depth);
    if (anchor !== undefined) this.#anchors.set(anchor, value);
    return value;
  }

  #buildPlain(node: Node, span: Span, depth: number): YamlValue | undefined {
    if (isScalar(node)) {
      const plain = node.type === "PLAIN" || node.type === undefined;
      const text = String((plain ? node.source : node.value) ?? node.value ?? "");
      const isNull = plain && /^(|~|null|Null|NULL)$/.test(text);
      return { kind: "scalar", text: isNull ? "" : text, isNull, span, weight: 1 };
    }
    if (isSeq(node)) {
      const items = node.items.flatMap((item) => this.build(item as Node | null, depth + 1) ?? []);
      return { kind: "list", items, span, weight: 1 + sumOfWeights(items) };
    }
    return isMap(node) ? this.#buildMap(node, span, depth) : undefined;
  }

  #buildMap(node: YAMLMap, span: Span, depth: number): YamlMap {
    const entries = new Map<string, YamlEntry>();
    const merges: YamlEntry[] = [];
    for (const pair of node.items as Pair<Node, Node | null>[]) {
      const entry = this.#buildEntry(pair, depth);
      if (entry === undefined) continue;
      if (entry.key === "<<" && entry.value.kind !== "scalar") merges.push(entry);
      else if (!entries.has(entry.key)) entries.set(entry.key, entry);
      else this.#reportDuplicate(entry);
    }
    for (const merge of merges) this.#merge(merge, entries);
    const list = [...entries.values()];
    const weight = 1 + sumOfWeights(list.map((entry) => entry.value));
    return { kind: "map", entries: list, span, weight };
  }

  #buildEntry(pair: Pair<Node, Node | null>, depth: number): YamlEntry | undefined {
    const keySpan = spanOf(pair.key);
    const key = this.build(pair.key, depth + 1);
    const value = this.build(pair.value ?? null, depth + 1);
    if (key === undefined || value === undefined) return undefined;
    if (key.kind !== "scalar") {
      this.broken = true;
      const message = "a key must be a plain word, not a list or a map";
      this.#report.error("YAML_KEY", keySpan, message, "quotes make a text of it: '[a]': …");
      return undefined;
    }
    const missing = pair.value === null || pair.value === undefined;
    return { key: key.text, keySpan, value: missing ? { ...value, span: keySpan } : value };
  }

  #reportDuplicate(entry: YamlEntry): void {
    const hint = "remove one of the two, or give it another name";
    const message = `${JSON.stringify(entry.key)} is given twice`;
    this.#report.error("DUPLICATE_KEY", entry.keySpan, message, hint);
  }

  /** `<<: *base` puts the keys of the base in, where they are not given themselves. */
  #merge(merge: YamlEntry, entries: Map<string, YamlEntry>): void {
    const sources = merge.value.kind === "list" ? merge.value.items : [merge.value];
    for (const source of sources) {
      if (source.kind !== "map") {
        const message = "<< takes a map, or a list of maps";
        this.#report.error("YAML_MERGE", merge.keySpan, message, "<<: *base, or <<: [*one, *two]");
        continue;
      }
      for (const entry of source.entries) {
        if (!entries.has(entry.key)) entries.set(entry.key, entry);
      }
    }
  }

  #alias(name: string, span: Span): YamlValue | undefined {
    const value = this.#anchors.get(name);
    if (value !== undefined) return this.#count(value.weight, span) ? value : undefined;
    this.broken = true;
    const inside = this.#anchors.has(name);
    if (inside) {
      const message = `*${name} stands inside of what it names`;
      this.#report.error(
        "YAML_ALIAS",
        span,
        message,
        `write the value itself in place of *${name}`,
      );
      return undefined;
    }
    const near = closest(name, this.#anchors.keys());
    const hint =
      near === undefined ? `a text that begins with * needs quotes` : `did you mean *${near}?`;
    this.#report.error("YAML_ALIAS", span, `no anchor &${name} before *${name}`, hint);
    return undefined;
  }

  #count(weight: number, span: Span): boolean {
    const before = this.#values;
    this.#values += weight;
    if (this.#values <= VALUES_MAX) return true;
    this.broken = true;
    if (before <= VALUES_MAX) {
      const message = `aliases blow the file up to more than ${VALUES_MAX} values`;
      const hint = "write the values out in place of aliases of aliases";
      this.#report.error("YAML_TOO_LARGE", span, message, hint);
    }
    return false;
  }
}

function sumOfWeights(values: readonly YamlValue[]): number {
  return values.reduce((sum, value) => sum + value.weight, 0);
}

function spanOf(node: Node | null | undefined): Span {
  const range = node?.range;
  return range ? { start: range[0], end: range[1] } : { start: 0, end: 0 };
}
