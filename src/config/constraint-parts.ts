import { didYouMean } from "../core/suggestion.ts";
import type { ResourceSet } from "../model/policy-definition.ts";
import { freeId, type LoadContext } from "./load-context.ts";
import { MapFields } from "./map-fields.ts";
import type { Span } from "./source-text.ts";
import { quote, readItems, readWords, type Word } from "./value-readers.ts";
import type { YamlValue } from "./yaml-tree.ts";

export const ROLES = ["Started", "Stopped", "Unpromoted", "Promoted"] as const;
export const ACTIONS = ["start", "stop", "promote", "demote"] as const;
const FORMER_ROLES: ReadonlyMap<string, string> = new Map([
  ["master", "Promoted"],
  ["slave", "Unpromoted"],
]);

/** `cache-set:Promoted`: a resource, and a role or an action. */
export interface Target {
  readonly resource: string;
  readonly suffix?: string;
  readonly word: Word;
}

/** Reads `RESOURCE[:SUFFIX]` and notes the reference. */
export function readTarget(
  context: LoadContext,
  word: Word,
  by: string,
  suffixes: typeof ROLES | typeof ACTIONS,
): Target {
  const at = word.text.indexOf(":");
  const resource = at < 0 ? word.text : word.text.slice(0, at);
  context.references.push({ kind: "resource", name: resource, span: word.span, by });
  if (at < 0) return { resource, word };
  const suffix = readSuffix(context, word, word.text.slice(at + 1), by, suffixes);
  if (suffix !== undefined && /^(un)?promoted$|^(pro|de)mote$/i.test(suffix)) {
    context.references.push({
      kind: "promotable",
      name: resource,
      span: word.span,
      by,
      soft: true,
    });
  }
  return { resource, word, ...(suffix === undefined ? {} : { suffix }) };
}

function readSuffix(
  context: LoadContext,
  word: Word,
  text: string,
  by: string,
  suffixes: typeof ROLES | typeof ACTIONS,
): string | undefined {
  const found = suffixes.find((each) => each.toLowerCase() === text.toLowerCase());
  if (found !== undefined) return found;
  const former = suffixes === ROLES ? FORMER_ROLES.get(text.toLowerCase()) : undefined;
  if (former !== undefined) {
    const message = `${text} is the former name of the role ${former}`;
    context.report.warning("FORMER_NAME", word.span, message, `write ${former}`);
    return former;
  }
  const noun = suffixes === ROLES ? "role" : "action";
  const message = `${quote(text)} is no ${noun} (${by})`;
  const hint = didYouMean(text, suffixes, suffixes.join(", "));
  context.report.error("BAD_CHOICE", word.span, message, hint);
  return undefined;
}

/** A role under a key of its own: `role: Promoted`. */
export function readRole(context: LoadContext, fields: MapFields, key: string): string | undefined {
  const [word] = fields.words(key) ?? [];
  return word && readSuffix(context, word, word.text, fields.label, ROLES);
}

/** One id of a resource with its role, or nothing with a complaint about more than one. */
export function readOneTarget(
  context: LoadContext,
  fields: MapFields,
  key: string,
  suffixes: typeof ROLES | typeof ACTIONS,
): Target | undefined {
  const words = fields.words(key);
  if (words === undefined) return undefined;
  if (words.length > 1) {
    const message = `${fields.label}: ${key} names one resource`;
    const hint = "for several, write sets: [[a, b], [c]]";
    context.report.error("WRONG_TYPE", fields.value(key)!.span, message, hint);
  }
  return words[0] && readTarget(context, words[0], fields.label, suffixes);
}

/** Reads `sets`: each a list of resources, or `{ members: […], options }`. */
export function readSets(
  context: LoadContext,
  fields: MapFields,
  constraintId: string,
): ResourceSet[] | undefined {
  const value = fields.value("sets");
  if (value === undefined) return undefined;
  const items = value.kind === "list" ? value.items : [value];
  const sets = items.flatMap((item) => readSet(context, item, fields, constraintId) ?? []);
  if (items.length > 0) return sets;
  context.report.error("EMPTY_SETS", value.span, `${fields.label}: sets is empty`, "[[a, b], [c]]");
  return undefined;
}

function readSet(
  context: LoadContext,
  item: YamlValue,
  owner: MapFields,
  constraintId: string,
): ResourceSet | undefined {
  const by = `a set of ${owner.label}`;
  if (item.kind !== "map") {
    const members = readMembers(context, item, by);
    return { id: freeId(context, `${constraintId}-set`, item.span), members };
  }
  const fields = new MapFields(context, item, by, item.span);
  const members = fields.value("members");
  if (members === undefined) fields.missing("members", "{ members: [a, b], sequential: false }");
  const score = fields.score("score");
  const options = {
    sequential: asText(fields.boolean("sequential")),
    requireAll: asText(fields.boolean("require-all")),
    role: readRole(context, fields, "role"),
    action: fields.choice("action", ACTIONS),
    score: score === undefined ? undefined : fields.text("score"),
    ordering: fields.choice("ordering", ["group", "listed"]),
    kind: fields.choice("kind", ["Mandatory", "Optional", "Serialize"]),
  };
  const id = freeId(context, fields.text("id") ?? `${constraintId}-set`, item.span);
  fields.finish();
  if (members === undefined) return undefined;
  return { id, members: readMembers(context, members, by), ...defined(options) };
}

function readMembers(context: LoadContext, value: YamlValue, by: string): string[] {
  const words = readWords(context, value, by);
  if (words.length === 0 && readItems(value).length === 0) {
    const hint = "name its resources, [a, b], or leave the set out";
    context.report.error("EMPTY_SETS", value.span, `${by} is empty`, hint);
  }
  for (const { text: name, span } of words) {
    context.references.push({ kind: "resource", name, span, by });
  }
  return words.map((word) => word.text);
}

/** Options stay strings, as the policy engine wants them. */
export function asText(value: boolean | number | undefined): string | undefined {
  return value === undefined ? undefined : String(value);
}

/** Drops what is undefined: exact optional properties are either there or not. */
export function defined<Fields extends Record<string, unknown>>(
  fields: Fields,
): { [Key in keyof Fields]?: Exclude<Fields[Key], undefined> } {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [Key in keyof Fields]?: Exclude<Fields[Key], undefined> };
}

/** The id that a constraint gives itself, or one made of what it says. */
export function constraintId(
  context: LoadContext,
  fields: MapFields,
  wanted: string,
  span: Span,
): string {
  const given = fields.text("id");
  if (given === undefined) return freeId(context, wanted, span);
  if (context.ids.has(given)) {
    const message = `there is another ${JSON.stringify(given)}: ids are unique`;
    const hint = "choose another, or leave id out: one is made";
    context.report.error("DUPLICATE_ID", fields.value("id")!.span, message, hint);
  }
  return freeId(context, given, span);
}
