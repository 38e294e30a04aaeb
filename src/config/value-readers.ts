import type { Millis } from "../core/units.ts";
import { DURATION_HINT, formatDuration, parseDuration } from "../core/written-duration.ts";
import { parseScore, type Score } from "../model/score.ts";
import type { LoadContext } from "./load-context.ts";
import type { Span } from "./source-text.ts";
import { booleanHint, choiceHint, oneValueHint, scoreHint } from "./value-hints.ts";
import type { YamlMap, YamlScalar, YamlValue } from "./yaml-tree.ts";

/** A word of the file and where it stands. */
export interface Word {
  readonly text: string;
  readonly span: Span;
}

export interface Limits {
  readonly min?: number;
  readonly max?: number;
}

/** How a value is called in a message. */
export function describeValue(value: YamlValue): string {
  if (value.kind === "list") return "a list";
  if (value.kind === "map") return "a map";
  return value.isNull ? "nothing" : quote(value.text);
}

export function quote(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 57)}...` : text);
}

/** A scalar that is not empty; `hint`: what to write where it is. */
export function readText(
  context: LoadContext,
  value: YamlValue,
  what: string,
  hint = "write a value, or leave the key out",
): string | undefined {
  const scalar = readScalar(context, value, what);
  if (scalar === undefined) return undefined;
  if (scalar.text.trim() !== "") return scalar.text;
  context.report.error("EMPTY_VALUE", value.span, `${what} is empty`, hint);
  return undefined;
}

/** A scalar, which may be empty. */
export function readScalar(
  context: LoadContext,
  value: YamlValue,
  what: string,
): YamlScalar | undefined {
  if (value.kind === "scalar") return value;
  const message = `${what} is one value, not ${describeValue(value)}`;
  context.report.error("WRONG_TYPE", value.span, message, oneValueHint(value));
  return undefined;
}

/** A map; nothing at all is an empty one. `example`: how it is written, for the hint. */
export function readMap(
  context: LoadContext,
  value: YamlValue,
  what: string,
  example: string,
): YamlMap | undefined {
  if (value.kind === "map") return value;
  if (value.kind === "scalar" && value.isNull) {
    return { kind: "map", entries: [], span: value.span, weight: 1 };
  }
  const message = `${what} is a map of \`key: value\`, not ${describeValue(value)}`;
  context.report.error("WRONG_TYPE", value.span, message, example);
  return undefined;
}

/** The items of a list; one value alone is a list of one, nothing is an empty list. */
export function readItems(value: YamlValue): readonly YamlValue[] {
  if (value.kind === "list") return value.items;
  return value.kind === "scalar" && value.isNull ? [] : [value];
}

/** A list of words, or one word. */
export function readWords(context: LoadContext, value: YamlValue, what: string): Word[] {
  return readItems(value).flatMap((item) => {
    const text = readText(context, item, what);
    return text === undefined ? [] : { text: text.trim(), span: item.span };
  });
}

export function readInteger(
  context: LoadContext,
  value: YamlValue,
  what: string,
  limits: Limits = {},
): number | undefined {
  const text = readText(context, value, what);
  if (text === undefined) return undefined;
  const number = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN;
  const { min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER } = limits;
  if (number >= min && number <= max) return number;
  const message = Number.isNaN(number)
    ? `${what} is a whole number, not ${quote(text)}`
    : `${what} is ${text}, which is out of range`;
  context.report.error("BAD_NUMBER", value.span, message, rangeHint(limits));
  return undefined;
}

function rangeHint({ min, max }: Limits, write: (limit: number) => string = String): string {
  if (min !== undefined && max !== undefined) return `from ${write(min)} to ${write(max)}`;
  if (min !== undefined) return `${write(min)} or more`;
  return max === undefined ? "digits only, such as 3" : `${write(max)} or less`;
}

const TRUE = /^(true|yes|on|y|1)$/i;
const FALSE = /^(false|no|off|n|0)$/i;

/** Pacemaker's booleans; yes and on are meant as they are read. */
export function parseBoolean(text: string): boolean | undefined {
  if (TRUE.test(text)) return true;
  return FALSE.test(text) ? false : undefined;
}

export function readBoolean(
  context: LoadContext,
  value: YamlValue,
  what: string,
): boolean | undefined {
  const text = readText(context, value, what);
  if (text === undefined) return undefined;
  const found = parseBoolean(text.trim());
  if (found === undefined) {
    const message = `${what} is true or false, not ${quote(text)}`;
    context.report.error("BAD_BOOLEAN", value.span, message, booleanHint(text));
  }
  return found;
}

export function readDuration(
  context: LoadContext,
  value: YamlValue,
  what: string,
  limits: Limits = {},
): Millis | undefined {
  const text = readText(context, value, what);
  if (text === undefined) return undefined;
  const ms = parseDuration(text);
  if (ms === undefined) {
    const message = `${what} is a duration, not ${quote(text)}`;
    context.report.error("BAD_DURATION", value.span, message, DURATION_HINT);
    return undefined;
  }
  const { min = 0, max = Number.MAX_SAFE_INTEGER } = limits;
  if (ms >= min && ms <= max) return ms;
  const hint = rangeHint(limits, formatDuration);
  context.report.error(
    "BAD_DURATION",
    value.span,
    `${what} is ${text}, which is out of range`,
    hint,
  );
  return undefined;
}

export function readScore(context: LoadContext, value: YamlValue, what: string): Score | undefined {
  const text = readText(context, value, what);
  if (text === undefined) return undefined;
  const score = parseScore(text) ?? (/^([+-]?)inf$/i.test(text) ? infinity(text) : undefined);
  if (score === undefined) {
    const message = `${what} can't be ${quote(text)}`;
    context.report.error("BAD_SCORE", value.span, message, scoreHint(text));
  }
  return score;
}

function infinity(text: string): Score | undefined {
  return parseScore(text.replace(/inf/i, "INFINITY"));
}

export function readChoice<Choice extends string>(
  context: LoadContext,
  value: YamlValue,
  what: string,
  choices: readonly Choice[],
): Choice | undefined {
  const text = readText(context, value, what);
  if (text === undefined) return undefined;
  const found = choices.find((choice) => choice.toLowerCase() === text.trim().toLowerCase());
  if (found !== undefined) return found;
  const message = `${what} is one of ${choices.join(", ")}, not ${quote(text)}`;
  context.report.error("BAD_CHOICE", value.span, message, choiceHint(text, choices));
  return undefined;
}
