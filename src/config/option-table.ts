import { closest, didYouMean } from "../core/suggestion.ts";
import { DURATION_HINT, parseDuration } from "../core/written-duration.ts";
import { parseScore } from "../model/score.ts";
import type { LoadContext } from "./load-context.ts";
import { booleanHint, choiceHint } from "./value-hints.ts";
import { parseBoolean, quote, readScalar } from "./value-readers.ts";
import type { YamlEntry } from "./yaml-tree.ts";

/** What an option with a Pacemaker name may hold. */
export type OptionKind =
  | "boolean"
  | "integer"
  | "count"
  | "duration"
  | "score"
  | "threshold"
  | "percent"
  | "text"
  | readonly string[];

export interface OptionTable {
  /** What the options are called in messages: "cluster option". */
  readonly noun: string;
  readonly kinds: Readonly<Record<string, OptionKind>>;
  /** Former names, each with the name in use. */
  readonly formerNames?: Readonly<Record<string, string>>;
  /** Former values of any option, with the value in use. */
  readonly formerValues?: Readonly<Record<string, string>>;
  /** Names that belong to something else, with what to do. */
  readonly elsewhere?: Readonly<Record<string, string>>;
  /** Where a name may belong that is not like any of these. */
  readonly otherwise?: string;
  /** Reading a CIB of others: unknown names are only doubtful. */
  readonly unknownWarnsInSimulation?: boolean;
}

/** The name and the value of an option in their newest spelling; undefined after a complaint. */
export function readOption(
  context: LoadContext,
  table: OptionTable,
  entry: YamlEntry,
): { name: string; value: string } | undefined {
  const name = optionName(context, table, entry);
  const scalar = readScalar(context, entry.value, `${table.noun} ${entry.key}`);
  if (name === undefined || scalar === undefined) return undefined;
  const written = scalar.text.trim();
  const kind = lookUp(table.kinds, name) ?? "text";
  // What was the name of something else once may be the value of another option today.
  const isChoice = typeof kind === "object" && kind.includes(written);
  const former = isChoice ? undefined : lookUp(table.formerValues, written);
  const value = normalize(kind, former ?? written);
  if (value !== undefined) return { name, value };
  const message = `${table.noun} ${name} is ${wordsFor(kind)}, not ${quote(written)}`;
  const hint = kindHint(kind, written);
  if (context.simulation) {
    // The policy engine has its own way with the odd values of others, as Pacemaker does.
    context.report.warning("BAD_OPTION_VALUE", entry.value.span, message, hint);
    return { name, value: written };
  }
  context.report.error("BAD_OPTION_VALUE", entry.value.span, message, hint);
  return undefined;
}

/** An option of others in its newest spelling; undefined where there is none, or it can't hold that. */
export function currentOption(
  table: OptionTable,
  given: string,
  text: string,
): { readonly name: string; readonly value: string } | undefined {
  const name = lookUp(table.formerNames, given) ?? given;
  const kind = lookUp(table.kinds, name);
  const value = kind === undefined ? undefined : normalize(kind, text.trim());
  return value === undefined ? undefined : { name, value };
}

/** A record's own entry: words from a file may be `constructor`, too. */
function lookUp<Value>(
  record: Readonly<Record<string, Value>> | undefined,
  key: string,
): Value | undefined {
  return record !== undefined && Object.hasOwn(record, key) ? record[key] : undefined;
}

function optionName(
  context: LoadContext,
  table: OptionTable,
  entry: YamlEntry,
): string | undefined {
  if (Object.hasOwn(table.kinds, entry.key)) return entry.key;
  const name = lookUp(table.formerNames, entry.key);
  if (name !== undefined) {
    const message = `${table.noun} ${entry.key} is the former name of ${name}`;
    context.report.warning("FORMER_NAME", entry.keySpan, message, `write ${name}`);
    return name;
  }
  const known = Object.keys(table.kinds);
  const message = `there is no ${table.noun} ${JSON.stringify(entry.key)}`;
  const hint = unknownHint(table, entry.key, known);
  if (table.unknownWarnsInSimulation && context.simulation) {
    context.report.warning("UNKNOWN_OPTION", entry.keySpan, message, hint);
    return entry.key;
  }
  context.report.error("UNKNOWN_OPTION", entry.keySpan, message, hint);
  return undefined;
}

function unknownHint(table: OptionTable, name: string, known: readonly string[]): string {
  const place = lookUp(table.elsewhere, name);
  if (place !== undefined) return place;
  const former = closest(name, known)
    ? undefined
    : closest(name, Object.keys(table.formerNames ?? {}));
  const meant = former === undefined ? name : table.formerNames![former]!;
  return didYouMean(meant, known, table.otherwise ?? `known here: ${known.join(", ")}`);
}

function normalize(kind: OptionKind, text: string): string | undefined {
  if (typeof kind !== "string") {
    return kind.find((choice) => choice.toLowerCase() === text.toLowerCase());
  }
  switch (kind) {
    case "boolean": {
      const value = parseBoolean(text);
      return value === undefined ? undefined : String(value);
    }
    case "integer":
      return /^[+-]?\d+$/.test(text) ? text : undefined;
    case "count":
      return /^\+?\d+$/.test(text) ? text : undefined;
    case "duration":
      return parseDuration(text) === undefined ? undefined : text;
    case "score":
      return parseScore(text) === undefined ? undefined : text;
    case "threshold":
      return (parseScore(text) ?? -1) < 0 ? undefined : text;
    case "percent":
      return /^\d+(\.\d+)?%?$/.test(text) ? text : undefined;
    case "text":
      return text;
  }
}

function wordsFor(kind: OptionKind): string {
  if (typeof kind !== "string") return `one of ${kind.join(", ")}`;
  const words = {
    boolean: "true or false",
    integer: "a whole number",
    count: "a whole number, 0 or more",
    duration: "a duration",
    score: "a score",
    threshold: "a whole number, 0 or more, or INFINITY",
    percent: "a percentage",
    text: "a text",
  };
  return words[kind];
}

function kindHint(kind: OptionKind, text: string): string {
  if (typeof kind !== "string") return choiceHint(text, kind);
  if (kind === "boolean") return booleanHint(text);
  const hints = {
    integer: "digits only, such as 30",
    count: "digits without a sign, such as 3",
    duration: DURATION_HINT,
    score: "a whole number, INFINITY or -INFINITY",
    threshold: "such as 3",
    percent: "like 80%",
    text: "any text",
  };
  return hints[kind];
}
