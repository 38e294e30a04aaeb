import { describe, expect, test } from "vitest";
import { loadDefinition } from "../../src/config/load-definition.ts";
import type { LocationConstraint } from "../../src/model/policy-definition.ts";
import type { Expression, Rule } from "../../src/model/rule.ts";

/** Reads the rule as one of a location constraint with the score 7. */
function read(rule: string): Rule {
  const text = `cluster: c
nodes: { a: 10.0.0.1 }
resources: { r: { agent: dummy } }
constraints: { location: [ { resource: r, score: 7, rule: ${JSON.stringify(rule)} } ] }
`;
  const { definition, diagnostics } = loadDefinition(text);
  expect(diagnostics.filter((each) => each.severity === "error")).toEqual([]);
  return (definition!.policy.constraints[0] as LocationConstraint).rules[0]!;
}

/** A rule as a short text, so that a table of them can be read. */
function brief(part: Rule | Expression): string {
  if ("booleanOp" in part) {
    return `(${part.conditions.map(brief).join(` ${part.booleanOp} `)})`;
  }
  const { id: _, kind, ...rest } = part;
  return `${kind} ${JSON.stringify(rest)}`;
}

describe("rule expressions", () => {
  test.each([
    ["defined ping", '(attribute {"attribute":"ping","operation":"defined"})'],
    [
      "not_defined ping or ping lt 1",
      '(attribute {"attribute":"ping","operation":"not_defined"} or attribute {"attribute":"ping","operation":"lt","value":"1"})',
    ],
    [
      "ping number:gte 100 and #uname ne a",
      '(attribute {"attribute":"ping","operation":"gte","type":"number","value":"100"} and attribute {"attribute":"#uname","operation":"ne","value":"a"})',
    ],
    [
      "a eq 1 and (b eq 2 or c eq 3)",
      '(attribute {"attribute":"a","operation":"eq","value":"1"} and (attribute {"attribute":"b","operation":"eq","value":"2"} or attribute {"attribute":"c","operation":"eq","value":"3"}))',
    ],
    ["site eq 'new york'", '(attribute {"attribute":"site","operation":"eq","value":"new york"})'],
    ['"defined" eq x', '(attribute {"attribute":"defined","operation":"eq","value":"x"})'],
    [
      "load lt param(limit)",
      '(attribute {"attribute":"load","operation":"lt","value":"limit","valueSource":"param"})',
    ],
    [
      "version version:gt 1.10",
      '(attribute {"attribute":"version","operation":"gt","type":"version","value":"1.10"})',
    ],
    ["date gt 2026-12-31", '(date {"operation":"gt","start":"2026-12-31"})'],
    ["date lt 2026-12-31T08:00Z", '(date {"operation":"lt","end":"2026-12-31T08:00Z"})'],
    ['date lt "2026-12-31 08:00:00"', '(date {"operation":"lt","end":"2026-12-31 08:00:00"})'],
    [
      "date in start=2026-01-01 end=2026-02-01",
      '(date {"operation":"in_range","start":"2026-01-01","end":"2026-02-01"})',
    ],
    [
      "date in start=2026-01-01 days=3 hours=2",
      '(date {"operation":"in_range","start":"2026-01-01","duration":{"days":"3","hours":"2"}})',
    ],
    [
      "date spec hours=9-16 weekdays=1-5 or defined busy",
      '(date {"operation":"date_spec","spec":{"hours":"9-16","weekdays":"1-5"}} or attribute {"attribute":"busy","operation":"defined"})',
    ],
    ["date eq x", '(attribute {"attribute":"date","operation":"eq","value":"x"})'],
    [
      "resource ocf:heartbeat:IPaddr2",
      '(resource {"class":"ocf","provider":"heartbeat","type":"IPaddr2"})',
    ],
    ["resource systemd:nginx", '(resource {"class":"systemd","type":"nginx"})'],
    ["resource ::Dummy", '(resource {"type":"Dummy"})'],
    ["op monitor interval=10s", '(operation {"name":"monitor","interval":"10s"})'],
    ["op start", '(operation {"name":"start"})'],
  ])("%s", (text, expected) => {
    expect(brief(read(text))).toBe(expected);
  });

  test.each([
    ["defined x", { score: 7 }],
    ["100: defined x", { score: 100 }],
    ["-inf: defined x", { score: -1_000_000 }],
    ["INFINITY: defined x", { score: 1_000_000 }],
    ["ping: defined ping", { scoreAttribute: "ping" }],
    ["$role=Promoted $id=mine 5: defined x", { role: "Promoted", id: "mine", score: 5 }],
  ])("the head of %s", (text, expected) => {
    expect(read(text)).toMatchObject(expected);
  });

  test("every part has an id of its own", () => {
    const ids: string[] = [];
    const collect = (part: Rule | Expression) => {
      ids.push(part.id);
      if ("booleanOp" in part) for (const each of part.conditions) collect(each);
    };
    collect(read("a eq 1 and (b eq 2 or c eq 3) and (d eq 4 or (e eq 5 and f eq 6))"));
    expect(new Set(ids).size).toBe(ids.length);
  });
});
