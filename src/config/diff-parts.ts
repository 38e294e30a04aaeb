import { formatDuration } from "../core/written-duration.ts";
import type { AgentName } from "../model/policy-definition.ts";
import type { AttributeSet } from "../model/rule.ts";
import { formatScore } from "../model/score.ts";
import { isSecretName } from "../model/secret-mask.ts";
import { formatAgentName } from "./agent-words.ts";

/** The sentences of a diff, in order. */
export type Lines = string[];

/** Longer values are cut: a diff in words is to be read, the file itself has the rest. */
const VALUE_LENGTH_MAX = 80;

/** In place of a secret: a diff goes to logs and screens. */
const HIDDEN = "******";

/** `node node1: votes changes from 1 to 2`. */
export function line(subject: string, name: string, old: unknown, next: unknown): string {
  const what = name === "" ? subject : `${subject}: ${spell(name)}`;
  if (old === undefined) return `${what} is set to ${show(name, next)}`;
  if (next === undefined) return `${what} is removed (was ${show(name, old)})`;
  return `${what} changes from ${show(name, old)} to ${show(name, next)}`;
}

/** Things with names: which are new, which are gone, and what changes in the others. */
export function diffNamed(
  lines: Lines,
  noun: string,
  old: ReadonlyMap<string, unknown>,
  next: ReadonlyMap<string, unknown>,
): void {
  for (const [name, value] of old) {
    if (!next.has(name)) lines.push(`${noun} ${name} is removed`);
    else diffFields(lines, `${noun} ${name}`, value, next.get(name));
  }
  for (const [name, value] of next) {
    if (!old.has(name)) lines.push(`${noun} ${name} is added${summary(value)}`);
  }
}

function summary(value: unknown): string {
  if (!isRecord(value)) return "";
  if (Array.isArray(value["members"])) return ` (group of ${value["members"].join(", ")})`;
  if (value["kind"] === "clone") return ` (clone of ${value["child"]})`;
  const agent = value["agent"];
  if (agent === undefined) return "";
  return ` (${typeof agent === "string" ? agent : formatAgentName(agent as AgentName)})`;
}

/** The fields of two records, or of two blocks of attributes. */
export function diffFields(lines: Lines, subject: string, old: unknown, next: unknown): void {
  const [before, after] = [fieldsOf(old), fieldsOf(next)];
  if (before === undefined || after === undefined) {
    if (canonical(old) !== canonical(next)) lines.push(line(subject, "", old, next));
    return;
  }
  for (const name of new Set([...before.keys(), ...after.keys()])) {
    const [one, two] = [before.get(name), after.get(name)];
    if (canonical(one) === canonical(two)) continue;
    const inner = [attributesOf(one), attributesOf(two)];
    if (inner[0] === undefined || inner[1] === undefined) {
      lines.push(line(subject, name, one, two));
    } else if (name === "operations") diffNamed(lines, `${subject}: operation`, inner[0], inner[1]);
    else diffFields(lines, `${subject}: ${spell(name)}`, inner[0], inner[1]);
  }
}

/** Attribute sets as one map where rules have no part in it; with rules they are compared whole. */
export function plainOf(sets: readonly AttributeSet[]): ReadonlyMap<string, unknown> {
  const plain = new Map<string, unknown>();
  for (const set of sets) {
    if (set.rule !== undefined) plain.set(`the set ${set.id}`, set);
    else for (const [name, value] of set.values) if (!plain.has(name)) plain.set(name, value);
  }
  return plain;
}

function attributesOf(value: unknown): ReadonlyMap<string, unknown> | undefined {
  if (value instanceof Map) return value;
  if (value === undefined) return new Map();
  if (!Array.isArray(value)) return undefined;
  const isSets = value.every((each) => isRecord(each) && each["values"] instanceof Map);
  if (isSets) return plainOf(value as AttributeSet[]);
  const isOperations = value.every((each) => isRecord(each) && "interval" in each);
  return isOperations ? operationsOf(value as Record<string, unknown>[]) : undefined;
}

/** Operations by what tells them apart; their ids are only made up from that. */
function operationsOf(operations: readonly Record<string, unknown>[]): Map<string, unknown> {
  return new Map(
    operations.map(({ id: _, ...operation }) => {
      const { name, interval } = operation;
      return [interval === "0" ? `${name}` : `${name} every ${interval}`, operation];
    }),
  );
}

function fieldsOf(value: unknown): ReadonlyMap<string, unknown> | undefined {
  if (value instanceof Map) return value;
  if (!isRecord(value)) return undefined;
  return new Map(Object.entries(value).filter(([name]) => name !== "name" && name !== "id"));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return (
    typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Map)
  );
}

/** `advertIntervalMs` as the file has it: advert-interval. */
function spell(name: string): string {
  const plain = name.replace(/Ms$/, "");
  if (/[\s-]/.test(plain)) return plain;
  return plain.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function show(name: string, value: unknown): string {
  if (typeof value === "number" && /Ms$/.test(name)) return formatDuration(value);
  if (typeof value === "number" && name === "score") return formatScore(value);
  if (name === "agent" && isRecord(value)) return formatAgentName(value as unknown as AgentName);
  if (isSecretName(name)) return HIDDEN;
  if (typeof value === "string") return shorten(value === "" ? '""' : value);
  return shorten(canonical(value));
}

function shorten(text: string): string {
  return text.length <= VALUE_LENGTH_MAX ? text : `${text.slice(0, VALUE_LENGTH_MAX - 3)}...`;
}

/** One text per meaning: maps in the order of their keys. */
function canonical(value: unknown): string {
  if (value instanceof Map) {
    return canonical(Object.fromEntries([...value].sort(([a], [b]) => (a < b ? -1 : 1))));
  }
  if (Array.isArray(value)) return `[${value.map(canonical).join(", ")}]`;
  if (isRecord(value)) {
    const entries = Object.entries(value).filter(([, each]) => each !== undefined);
    entries.sort(([a], [b]) => (a < b ? -1 : 1));
    return `{ ${entries.map(([name, each]) => `${name}: ${canonical(each)}`).join(", ")} }`;
  }
  return typeof value === "string" ? value : String(value);
}
