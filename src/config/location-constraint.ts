import { compilePattern } from "../core/posix-pattern.ts";
import type { LocationConstraint } from "../model/policy-definition.ts";
import type { Rule } from "../model/rule.ts";
import type { Score } from "../model/score.ts";
import {
  constraintId,
  defined,
  ROLES,
  readOneTarget,
  readRole,
  readSets,
} from "./constraint-parts.ts";
import type { LoadContext } from "./load-context.ts";
import { MapFields } from "./map-fields.ts";
import { RULE_EXAMPLE, type RuleHead, readRule } from "./rule-expression.ts";
import type { Span } from "./source-text.ts";
import { quote, readItems, readText } from "./value-readers.ts";
import type { YamlMap, YamlValue } from "./yaml-tree.ts";

const DATE_TIME = /^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2})?)?( ?Z| ?[+-]\d{2}:?\d{2})?$/;

/** Reads one location constraint: a node with a score, or rules with scores. */
export function readLocation(
  context: LoadContext,
  map: YamlMap,
  label: string,
): LocationConstraint | undefined {
  const fields = new MapFields(context, map, label, map.span);
  const target = readOneTarget(context, fields, "resource", ROLES);
  const pattern = readPattern(context, fields);
  const node = fields.text("node");
  if (node !== undefined) {
    const span = fields.value("node")!.span;
    context.references.push({ kind: "node", name: node, span, by: label });
  }
  const subject = target?.resource ?? pattern ?? "sets";
  const id = constraintId(context, fields, `location-${subject}-${node ?? "rule"}`, map.span);
  const sets = readSets(context, fields, id);
  const role = target?.suffix ?? readRole(context, fields, "role");
  const score = fields.score("score");
  const rules = readRules(context, fields, id, defined({ role, score }));
  const discovery = fields.choice("discovery", ["always", "never", "exclusive"]);
  const expires = readExpiry(context, fields);
  fields.finish();
  checkSubject(context, fields, [target?.resource, pattern, sets]);
  checkPlace(context, fields, rules.length > 0);
  const base = { kind: "location" as const, id, rules };
  const plain = rules.length === 0 ? { role, score } : {};
  return {
    ...base,
    ...defined({ resource: target?.resource, pattern, sets, node, discovery, expires, ...plain }),
  };
}

function readPattern(context: LoadContext, fields: MapFields): string | undefined {
  const pattern = fields.text("pattern");
  if (pattern === undefined) return undefined;
  const compiled = compilePattern(pattern.replace(/^!/, ""));
  if ("expression" in compiled) return pattern;
  reportPattern(context, fields.value("pattern")?.span, pattern, compiled.problem, fields.label);
  return undefined;
}

/** Says what is wrong with a pattern, and which kind of pattern is meant. */
export function reportPattern(
  context: LoadContext,
  span: Span | undefined,
  pattern: string,
  problem: string,
  where: string,
): void {
  const message = `${quote(pattern)} is no regular expression: ${problem} (${where})`;
  context.report.error("BAD_PATTERN", span, message, "POSIX extended: [0-9], [[:alpha:]], (a|b)");
}

function readExpiry(context: LoadContext, fields: MapFields): string | undefined {
  const expires = fields.text("expires");
  if (expires === undefined || DATE_TIME.test(expires)) return expires;
  const message = `${quote(expires)} is no date (${fields.label}: expires)`;
  const hint = "like 2026-12-31T08:00Z";
  context.report.error("BAD_DATE", fields.value("expires")?.span, message, hint);
  return undefined;
}

/** `rule: TEXT` with the constraint's score, and `rules: [TEXT or { rule, score, … }]`. */
function readRules(
  context: LoadContext,
  fields: MapFields,
  owner: string,
  head: { role?: string; score?: Score },
): Rule[] {
  const single = fields.value("rule");
  const several = fields.value("rules");
  const items = [...(single ? [single] : []), ...(several ? readItems(several) : [])];
  return items.flatMap((item) => readOneRule(context, item, fields.label, owner, head) ?? []);
}

function readOneRule(
  context: LoadContext,
  item: YamlValue,
  label: string,
  owner: string,
  inherited: RuleHead,
): Rule | undefined {
  if (item.kind !== "map") {
    const text = readText(context, item, `rule of ${label}`, RULE_EXAMPLE);
    if (text === undefined) return undefined;
    return scored(context, readRule(context, { text, span: item.span }, owner, inherited), item);
  }
  const fields = new MapFields(context, item, `a rule of ${label}`, item.span);
  const head = defined({
    id: fields.text("id"),
    role: readRole(context, fields, "role"),
    score: fields.score("score"),
    scoreAttribute: fields.text("score-attribute"),
  });
  const value = fields.value("rule");
  if (value === undefined) fields.missing("rule", "{ rule: defined ping, score: 100 }");
  fields.finish();
  const text = value && readText(context, value, `rule of ${label}`, RULE_EXAMPLE);
  if (value === undefined || text === undefined) return undefined;
  const own = head.scoreAttribute === undefined ? { ...inherited, ...head } : head;
  return scored(context, readRule(context, { text, span: value.span }, owner, own), item);
}

function scored(context: LoadContext, rule: Rule | undefined, item: YamlValue): Rule | undefined {
  if (rule === undefined || rule.score !== undefined || rule.scoreAttribute !== undefined) {
    return rule;
  }
  const hint = "score: 100 prefers, -INFINITY forbids, INFINITY insists";
  context.report.error("MISSING_KEY", item.span, "a location rule has no `score`", hint);
  return undefined;
}

function checkSubject(context: LoadContext, fields: MapFields, subjects: readonly unknown[]): void {
  const given = ["resource", "pattern", "sets"].filter((key) => fields.has(key));
  if (given.length === 1) return;
  if (given.length === 0) {
    fields.missing("resource", "or pattern, or sets: what the constraint is about");
    return;
  }
  const message = `${fields.label} has ${given.join(" and ")}: one of them is enough`;
  const hint = "make a constraint of each";
  if (subjects.length > 0) context.report.error("AMBIGUOUS", fields.span, message, hint);
}

function checkPlace(context: LoadContext, fields: MapFields, hasRules: boolean): void {
  const wantsRules = fields.has("rule") || fields.has("rules");
  if (fields.has("node") && wantsRules) {
    const message = `${fields.label} has a node and a rule`;
    const hint = "say it in the rule (#uname eq node1), or make two constraints";
    context.report.error("AMBIGUOUS", fields.span, message, hint);
    return;
  }
  if (wantsRules || hasRules) return;
  if (!fields.has("node")) {
    if (fields.has("discovery") && fields.has("sets")) return;
    fields.missing("node", "or rule: where the resource should, or should not, be");
  } else if (!fields.has("score")) {
    fields.missing("score", "100 prefers the node, -INFINITY forbids it, INFINITY insists on it");
  }
}
