import { loadDefinition } from "../../src/config/load-definition.ts";
import type {
  Constraint,
  LocationConstraint,
  PrimitiveDefinition,
  ResourceSet,
} from "../../src/model/policy-definition.ts";
import type { AttributeSet, Rule } from "../../src/model/rule.ts";
import { parseScore } from "../../src/model/score.ts";

/** What lines of a small cluster say, in the terms of a definition. */

export type Words = Readonly<Record<string, string>>;

/** A rule, as a definition has it. */
export function ruleOf(text: string): Rule {
  const { definition, diagnostics } = loadDefinition(`cluster: c
nodes: { a: 10.0.0.1 }
resources: { r: { agent: dummy } }
constraints: { location: [ { resource: r, score: 0, rule: ${JSON.stringify(text)} } ] }
`);
  const [constraint] = definition?.policy.constraints ?? [];
  const rule = (constraint as LocationConstraint | undefined)?.rules[0];
  if (rule === undefined) throw new Error(`no rule: ${text}: ${diagnostics[0]?.message}`);
  return { ...rule, id: "when" };
}

/** `web b 10`, `/^web-/ b 10`; with a rule `web 10`. */
export function location(
  id: string,
  [subject = "", ...place]: readonly string[],
  values: Words,
  rule: Rule | undefined,
): Constraint {
  const [pattern] = /(?<=^\/).*(?=\/$)/.exec(subject) ?? [];
  const about = pattern === undefined ? { resource: subject } : { pattern };
  const score = parseScore(place.at(-1)!)!;
  if (rule !== undefined) return { kind: "location", id, ...about, rules: [{ ...rule, score }] };
  return { kind: "location", id, ...about, node: place[0]!, score, rules: [], ...values };
}

/** `colocation 10 a,b/ordering:listed c`, `order Mandatory a,b c`. */
export function setsConstraint(
  id: string,
  [kind, strength = "", ...sets]: readonly string[],
  values: Words,
): Constraint {
  const all = sets.map((text, i) => resourceSet(`${id}-${i + 1}`, text));
  if (kind === "order") return { kind, id, orderKind: strength, sets: all, ...values };
  return { kind: "colocation", id, score: parseScore(strength)!, sets: all, ...values };
}

function resourceSet(id: string, text: string): ResourceSet {
  const [members = "", ...options] = text.split("/");
  return {
    id,
    members: members.split(","),
    ...Object.fromEntries(options.map((option) => option.split(":"))),
  };
}

/** Sets that hold by a rule only, and go before the plain ones. */
export function ruledSets(id: string, values: Words, rule: Rule): AttributeSet[] {
  return set(`${id}-ruled`, values).map((each) => ({ ...each, score: 1, rule }));
}

/** Those of `has.cpu=4` without the prefix; and all others. */
export function withPrefix(prefix: string, values: Words): [Words, Words] {
  const all = Object.entries(values);
  const [mine, others] = [true, false].map((wanted) =>
    all.filter(([name]) => name.startsWith(prefix) === wanted),
  );
  return [
    Object.fromEntries(mine!.map(([name, value]) => [name.slice(prefix.length), value])),
    Object.fromEntries(others!),
  ];
}

/** A primitive: `monitor=10s`, `promoted-monitor=11s`, `uses.cpu=2`, `start.on-fail=block`, meta. */
export function primitive(id: string, values: Words): PrimitiveDefinition {
  const meta: Record<string, string> = {};
  const uses: Record<string, string> = {};
  const operations = new Map<string, Map<string, string>>();
  const option = (operation: string, name: string, value: string) => {
    const known = operations.get(operation) ?? new Map<string, string>();
    operations.set(operation, known.set(name, value));
  };
  for (const [name, value] of Object.entries(values)) {
    const [operation, rest] = name.split(".");
    if (operation === "uses") uses[rest!] = value;
    else if (rest !== undefined) option(operation!, rest, value);
    else if (name === "monitor") option("monitor", "interval", value);
    else if (name === "promoted-monitor") {
      option("promoted", "interval", value);
      option("promoted", "role", "Promoted");
    } else meta[name] = value;
  }
  return {
    kind: "primitive",
    id,
    agent: { class: "ocf", provider: "pacemaker", type: "Dummy" },
    meta: set(id, meta),
    params: [],
    utilization: set(`${id}-u`, uses),
    operations: [...operations].map(([name, options]) => {
      const { interval = "0", ...others } = Object.fromEntries(options);
      const real = name === "promoted" ? "monitor" : name;
      const rest = new Map(Object.entries(others));
      return { id: `${id}-${name}`, name: real, interval, options: rest, meta: [], params: [] };
    }),
  };
}

export function set(id: string, values: Words): AttributeSet[] {
  const entries = Object.entries(values);
  if (entries.length === 0) return [];
  return [{ id: `${id}-values`, score: 0, values: new Map(entries) }];
}

export function take<T>(from: Map<string, T>, id: string): T {
  const found = from.get(id);
  if (found === undefined) throw new Error(`not declared yet: ${id}`);
  from.delete(id);
  return found;
}
