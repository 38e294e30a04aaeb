import { describe, expect, test } from "vitest";
import type { AttributeSet, Expression, Rule } from "../../../src/model/rule.ts";
import { evaluateRule, type RuleInput } from "../../../src/policy/rules/evaluate.ts";
import { mergeSets } from "../../../src/policy/rules/merge-sets.ts";

const NOON = new Date(2026, 10, 21, 12, 0, 0).getTime() / 1000;

function rule(...conditions: (Rule | Expression)[]): Rule {
  return { id: "r", booleanOp: "and", conditions };
}

function attribute(operation: string, value?: string, type?: string): Expression {
  return {
    kind: "attribute",
    id: "e",
    attribute: "a",
    operation,
    ...(value === undefined ? {} : { value }),
    ...(type === undefined ? {} : { type }),
  };
}

function holds(condition: Rule | Expression, input: Partial<RuleInput> = {}): boolean {
  return evaluateRule(rule(condition), { nowSeconds: NOON, ...input });
}

describe("attribute expressions", () => {
  test.each([
    ["10", "eq", "10", undefined, true],
    ["Ten", "eq", "ten", undefined, true],
    ["10", "eq", "10.0", undefined, false],
    ["10", "eq", "10.0", "number", true],
    ["3.4", "eq", "3.6", "integer", true],
    ["9", "lt", "10", undefined, true],
    ["9", "lt", "10", "string", false],
    ["1.9", "gt", "1.10", undefined, true],
    ["1.9", "gt", "1.10", "version", false],
    ["1.10.1", "gte", "1.10", "version", true],
    ["x", "lt", "10", undefined, false],
    ["10", "lte", "10", undefined, true],
    ["10", "ne", "11", undefined, true],
    [undefined, "ne", "11", undefined, true],
    [undefined, "eq", "11", undefined, false],
    [undefined, "lt", "11", undefined, false],
    [undefined, "defined", undefined, undefined, false],
    ["", "defined", undefined, undefined, true],
    [undefined, "not_defined", undefined, undefined, true],
    ["10", "like", "10", undefined, false],
    ["10", "eq", "11", "nonsense", true],
    ["", "eq", "", undefined, true],
    ["x", "eq", "", undefined, false],
    [undefined, "eq", "", undefined, false],
    [undefined, "ne", "", undefined, true],
  ])("%s %s %s as %s: %s", (actual, operation, value, type, expected) => {
    const nodeAttributes = new Map(actual === undefined ? [] : [["a", actual]]);
    expect(holds(attribute(operation, value, type), { nodeAttributes })).toBe(expected);
  });

  test("the value may be that of a parameter or meta attribute", () => {
    const nodeAttributes = new Map([["a", "red"]]);
    const from = (valueSource: string): Expression => ({
      ...(attribute("eq", "colour") as Extract<Expression, { kind: "attribute" }>),
      valueSource,
    });
    const colour = new Map([["colour", "red"]]);
    expect(holds(from("param"), { nodeAttributes, params: colour })).toBe(true);
    expect(holds(from("meta"), { nodeAttributes, meta: colour })).toBe(true);
    expect(holds(from("meta"), { nodeAttributes, params: colour })).toBe(false);
  });

  test("what a pattern matched expands in the name", () => {
    const expression: Expression = { ...attribute("defined"), attribute: "on-%1%2" } as Expression;
    const nodeAttributes = new Map([["on-db", "1"]]);
    expect(holds(expression, { nodeAttributes, submatches: ["vm-db", "db"] })).toBe(true);
    expect(holds(expression, { nodeAttributes, submatches: ["vm-x", "x"] })).toBe(false);
  });
});

describe("resource and operation expressions", () => {
  const agent = { class: "ocf", provider: "heartbeat", type: "Dummy" };

  test.each([
    [{ class: "ocf" }, true],
    [{ class: "ocf", type: "IPaddr2" }, false],
    [{ provider: "heartbeat", type: "Dummy" }, true],
    [{ class: "lsb" }, false],
  ])("%j", (expression, expected) => {
    expect(holds({ kind: "resource", id: "e", ...expression }, { agent })).toBe(expected);
  });

  test.each([
    [{ name: "monitor" }, true],
    [{ name: "monitor", interval: "10s" }, true],
    [{ name: "monitor", interval: "PT10S" }, true],
    [{ name: "monitor", interval: "11s" }, false],
    [{ name: "start" }, false],
    [{ name: "" }, false],
  ])("%j", (expression, expected) => {
    const operation = { name: "monitor", intervalMs: 10_000 };
    expect(holds({ kind: "operation", id: "e", ...expression }, { operation })).toBe(expected);
  });
});

describe("combinations", () => {
  const yes = attribute("not_defined");
  const no = attribute("defined");

  test.each([
    ["and", [yes, yes], true],
    ["and", [yes, no], false],
    ["or", [no, yes], true],
    ["or", [no, no], false],
    ["and", [], true],
    ["or", [], false],
  ] as const)("%s of %j", (booleanOp, conditions, expected) => {
    expect(holds({ id: "n", booleanOp, conditions })).toBe(expected);
  });
});

describe("date expressions", () => {
  test.each([
    [{ operation: "gt", start: "2026-11-20" }, true, undefined],
    [{ operation: "gt", start: "2026-11-22" }, false, 12 * 3600 + 1],
    [{ operation: "gt" }, false, undefined],
    [{ operation: "lt", end: "2026-11-22" }, true, 12 * 3600],
    [{ operation: "lt", end: "2026-11-20" }, false, undefined],
    [{ operation: "in_range", start: "2026-11-20", end: "2026-11-22" }, true, 12 * 3600 + 1],
    [{ operation: "in_range", start: "2026-11-22", end: "2026-11-23" }, false, 12 * 3600],
    [{ operation: "in_range", end: "2026-11-20" }, false, undefined],
    [{ operation: "in_range", start: "2026-11-21", duration: { hours: "11" } }, false, undefined],
    [{ operation: "in_range", start: "2026-11-21", duration: { hours: "13" } }, true, 3601],
    [{ operation: "in_range" }, false, undefined],
    [{ operation: "date_spec", spec: { hours: "9-16", weekdays: "6-7" } }, true, 3600],
    [{ operation: "date_spec", spec: { hours: "13-" } }, false, 3600],
    [{ operation: "date_spec", spec: { hours: "-11" } }, false, 3600],
    [{ operation: "date_spec", spec: { months: "11", monthdays: "21" } }, true, 12 * 3600],
    [{ operation: "date_spec", spec: { minutes: "0-29" } }, true, 60],
    [{ operation: "date_spec", spec: { hours: "noon" } }, true, 3600],
    [{ operation: "date_spec" }, false, undefined],
    [{ operation: "sometimes", start: "2026-11-20" }, false, undefined],
  ] as const)("%j: %s, next change after %s", (fields, expected, change) => {
    const changes: number[] = [];
    const input = { nowSeconds: NOON, onChange: (seconds: number) => changes.push(seconds) };
    expect(evaluateRule(rule({ kind: "date", id: "e", ...fields }), input)).toBe(expected);
    expect(changes).toEqual(change === undefined ? [] : [NOON + change]);
  });
});

describe("mergeSets", () => {
  const set = (id: string, score: number, values: Record<string, string>, only?: Rule) =>
    ({
      id,
      score,
      values: new Map(Object.entries(values)),
      ...(only === undefined ? {} : { rule: only }),
    }) satisfies AttributeSet;

  function merged(sets: readonly AttributeSet[], first?: string) {
    const into = new Map([["kept", "0"]]);
    mergeSets(into, sets, { nowSeconds: NOON }, first);
    return Object.fromEntries(into);
  }

  test("higher scores win, among equals the later block", () => {
    const sets = [
      set("a", 0, { x: "a", y: "a", kept: "a" }),
      set("b", 0, { x: "b" }),
      set("c", 5, { y: "c" }),
    ];
    expect(merged(sets)).toEqual({ kept: "0", x: "b", y: "c" });
    expect(merged(sets, "a")).toEqual({ kept: "0", x: "a", y: "a" });
  });

  test("a block counts only where its rule is met, and #default says nothing", () => {
    const never = rule(attribute("defined"));
    const sets = [
      set("a", 5, { x: "a" }, never),
      set("b", 3, { x: "#default" }),
      set("c", 0, { x: "c" }),
    ];
    expect(merged(sets)).toEqual({ kept: "0", x: "c" });
  });
});
