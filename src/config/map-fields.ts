import { closest, didYouMean } from "../core/suggestion.ts";
import type { Millis } from "../core/units.ts";
import type { Score } from "../model/score.ts";
import type { LoadContext } from "./load-context.ts";
import type { Span } from "./source-text.ts";
import {
  type Limits,
  readBoolean,
  readChoice,
  readDuration,
  readInteger,
  readScore,
  readText,
  readWords,
  type Word,
} from "./value-readers.ts";
import type { YamlEntry, YamlMap, YamlValue } from "./yaml-tree.ts";

/**
 * Reads the keys of one map. Every key that was asked for is known from then on; `finish` reports
 * all others. The readers report what they can't read and answer undefined.
 */
export class MapFields {
  /** Where to point if something is missing: the key that the map belongs to. */
  readonly span: Span;
  readonly label: string;
  readonly #context: LoadContext;
  readonly #entries: ReadonlyMap<string, YamlEntry>;
  readonly #known = new Set<string>();

  constructor(context: LoadContext, map: YamlMap, label: string, span: Span) {
    this.#context = context;
    this.#entries = new Map(map.entries.map((entry) => [entry.key, entry]));
    this.label = label;
    this.span = span;
  }

  has(key: string): boolean {
    this.#known.add(key);
    return this.#entries.has(key);
  }

  entry(key: string): YamlEntry | undefined {
    this.#known.add(key);
    return this.#entries.get(key);
  }

  value(key: string): YamlValue | undefined {
    return this.entry(key)?.value;
  }

  /** `hint`: what to write where the value is empty. */
  text(key: string, hint?: string): string | undefined {
    return this.#read(key, (value, what) => readText(this.#context, value, what, hint));
  }

  words(key: string): Word[] | undefined {
    return this.#read(key, (value, what) => readWords(this.#context, value, what));
  }

  integer(key: string, limits?: Limits): number | undefined {
    return this.#read(key, (value, what) => readInteger(this.#context, value, what, limits));
  }

  boolean(key: string): boolean | undefined {
    return this.#read(key, (value, what) => readBoolean(this.#context, value, what));
  }

  duration(key: string, limits?: Limits): Millis | undefined {
    return this.#read(key, (value, what) => readDuration(this.#context, value, what, limits));
  }

  score(key: string): Score | undefined {
    return this.#read(key, (value, what) => readScore(this.#context, value, what));
  }

  choice<Choice extends string>(key: string, choices: readonly Choice[]): Choice | undefined {
    return this.#read(key, (value, what) => readChoice(this.#context, value, what, choices));
  }

  /** Reports a missing key. */
  missing(key: string, hint: string): void {
    const message = `${this.label} has no \`${key}\``;
    this.#context.report.error("MISSING_KEY", this.span, message, hint);
  }

  /** Reports every key that nobody asked for. */
  finish(): void {
    const known = [...this.#known];
    for (const entry of this.#entries.values()) {
      if (this.#known.has(entry.key) || this.#context.report.isFull) continue;
      const unused = known.filter((key) => !this.#entries.has(key));
      const message = `${this.label} has no setting ${JSON.stringify(entry.key)}`;
      const near = closest(entry.key, unused) ?? closest(entry.key, known);
      const all = `known here: ${known.join(", ")}`;
      const hint =
        near === undefined ? didYouMean(entry.key, unused, all) : `did you mean ${near}?`;
      this.#context.report.error("UNKNOWN_KEY", entry.keySpan, message, hint);
    }
  }

  #read<Value>(key: string, read: (value: YamlValue, what: string) => Value): Value | undefined {
    const entry = this.entry(key);
    return entry === undefined ? undefined : read(entry.value, `${this.label}: ${key}`);
  }
}
