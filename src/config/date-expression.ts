import { didYouMean } from "../core/suggestion.ts";
import type { DateExpression } from "../model/rule.ts";
import type { RuleWord } from "./rule-words.ts";
import { quote } from "./value-readers.ts";

type DateResult =
  | { readonly expression: DateExpression; readonly used: number }
  | { readonly problem: string; readonly at?: RuleWord; readonly hint: string };

const DURATION_FIELDS = ["years", "months", "weeks", "days", "hours", "minutes", "seconds"];
const SPEC_FIELDS = [
  "years",
  "months",
  "monthdays",
  "weekdays",
  "yeardays",
  "weekyears",
  "weeks",
  "hours",
  "minutes",
  "seconds",
  "moon",
];

/** ISO 8601 in its common forms: calendar, week and ordinal dates, with or without a time. */
const DATE =
  /^(now|\d{4}(-?\d{2}(-?\d{2})?|-?W\d{2}(-?\d)?|-?\d{3})?([T ][\d:.,]+)?(Z|[ ]?[+-]\d{2}(:?\d{2})?)?)$/i;
const DATE_HINT = "like 2026-12-31 or 2026-12-31T08:00Z";
const RANGE = /^(\d+|\d+-|-\d+|\d+-\d+)$/;

/** `date gt …` compares with the time, not with an attribute of that name. */
export function isDateOperator(word: string): boolean {
  return /^(lt|gt|in|in_range|spec|date_spec)$/.test(word);
}

/** Reads what follows `date` in a rule: `lt D`, `gt D`, `in start=D end=D`, `spec hours=9-17 …`. */
export function parseDateCondition(id: string, words: readonly RuleWord[]): DateResult {
  const [operator, ...rest] = words;
  switch (operator?.text) {
    case "lt":
    case "gt":
      return parseBound(id, operator.text, rest[0]);
    case "in":
    case "in_range":
      return parseRange(id, rest);
    case "spec":
    case "date_spec":
      return parseSpec(id, rest);
    default:
      return {
        problem: "a date condition is date lt, date gt, date in or date spec",
        ...(operator === undefined ? {} : { at: operator }),
        hint: "date gt 2026-12-31, date in start=… end=…, date spec weekdays=1-5",
      };
  }
}

function parseBound(id: string, operation: "lt" | "gt", word: RuleWord | undefined): DateResult {
  if (word === undefined) return { problem: "the date is missing", hint: DATE_HINT };
  if (!DATE.test(word.text)) return badDate(word, word.text);
  const bound = operation === "lt" ? { end: word.text } : { start: word.text };
  return { expression: { kind: "date", id, operation, ...bound }, used: 2 };
}

function badDate(at: RuleWord, text: string): DateResult {
  return { problem: `${quote(text)} is no date`, at, hint: DATE_HINT };
}

function parseRange(id: string, words: readonly RuleWord[]): DateResult {
  const bounds: { start?: string; end?: string } = {};
  const duration: Record<string, string> = {};
  let used = 1;
  for (const word of words) {
    const setting = splitSetting(word);
    if (setting === undefined) break;
    const [name, value] = setting;
    if (name === "start" || name === "end") {
      if (!DATE.test(value)) return badDate(word, value);
      bounds[name] = value;
    } else if (DURATION_FIELDS.includes(name)) {
      if (!/^\d+$/.test(value)) {
        return { problem: `${quote(value)} is no number`, at: word, hint: `like ${name}=2` };
      }
      duration[name] = value;
    } else return unknownField(word, name, ["start", "end", ...DURATION_FIELDS]);
    used += 1;
  }
  if (bounds.start === undefined && bounds.end === undefined) {
    return { problem: "date in has neither start nor end", hint: "date in start=… end=…" };
  }
  const hasDuration = Object.keys(duration).length > 0;
  const expression: DateExpression = {
    kind: "date",
    id,
    operation: "in_range",
    ...bounds,
    ...(hasDuration ? { duration } : {}),
  };
  return { expression, used };
}

function parseSpec(id: string, words: readonly RuleWord[]): DateResult {
  const spec: Record<string, string> = {};
  for (const word of words) {
    const setting = splitSetting(word);
    if (setting === undefined) break;
    const [name, value] = setting;
    if (!SPEC_FIELDS.includes(name)) return unknownField(word, name, SPEC_FIELDS);
    if (!RANGE.test(value)) {
      return { problem: `${quote(value)} is no number and no range`, at: word, hint: "like 9-17" };
    }
    spec[name] = value;
  }
  const used = 1 + Object.keys(spec).length;
  if (used === 1) return { problem: "date spec says no time", hint: "date spec hours=9-17" };
  return { expression: { kind: "date", id, operation: "date_spec", spec }, used };
}

function splitSetting(word: RuleWord): [name: string, value: string] | undefined {
  const at = word.quoted ? -1 : word.text.indexOf("=");
  return at <= 0 ? undefined : [word.text.slice(0, at), word.text.slice(at + 1)];
}

function unknownField(at: RuleWord, name: string, known: readonly string[]): DateResult {
  const hint = didYouMean(name, known, known.join(", "));
  return { problem: `${quote(name)} is no part of a date condition`, at, hint };
}
