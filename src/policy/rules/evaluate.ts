import type { AgentName } from "../../model/policy-definition.ts";
import type {
  AttributeExpression,
  Expression,
  OperationExpression,
  ResourceExpression,
  Rule,
} from "../../model/rule.ts";
import { compareValues } from "./compare-values.ts";
import { evaluateDate } from "./evaluate-date.ts";
import { parseInterval } from "./interval.ts";
import { UTC } from "./time-zone.ts";

/** What a rule is held against. What is absent makes the expressions that ask for it fail. */
export interface RuleInput {
  readonly nowSeconds: number;
  /** The zone (IANA name) that times without an offset are of; UTC where absent. */
  readonly timeZone?: string;
  readonly nodeAttributes?: ReadonlyMap<string, string>;
  /** For `value-source: param` and `meta`. */
  readonly params?: ReadonlyMap<string, string>;
  readonly meta?: ReadonlyMap<string, string>;
  readonly agent?: AgentName;
  readonly operation?: { readonly name: string; readonly intervalMs: number };
  /** What a resource pattern matched: `%0` … `%9` in attribute names. */
  readonly submatches?: readonly (string | undefined)[];
  /** Told at which times the answer may change by itself. */
  readonly onChange?: (seconds: number) => void;
}

/** Whether the rule is met (Pacemaker Explained, "Rules"). Invalid expressions are not met. */
export function evaluateRule(rule: Rule, input: RuleInput): boolean {
  if (rule.booleanOp === "or") return rule.conditions.some((each) => holds(each, input));
  return rule.conditions.every((each) => holds(each, input));
}

function holds(condition: Rule | Expression, input: RuleInput): boolean {
  if (!("kind" in condition)) return evaluateRule(condition, input);
  switch (condition.kind) {
    case "attribute":
      return attributeHolds(condition, input);
    case "date":
      return evaluateDate(
        condition,
        input.nowSeconds,
        input.timeZone ?? UTC,
        input.onChange ?? (() => {}),
      );
    case "resource":
      return resourceHolds(condition, input.agent);
    case "operation":
      return operationHolds(condition, input.operation);
  }
}

function attributeHolds(expression: AttributeExpression, input: RuleInput): boolean {
  if (expression.attribute === "") return false;
  const name = expandSubmatches(expression.attribute, input.submatches);
  const actual = input.nodeAttributes?.get(name);
  const operation = expression.operation.toLowerCase();
  if (operation === "defined") return actual !== undefined;
  if (operation === "not_defined") return actual === undefined;
  const reference = referenceValue(expression, input);
  const type = expression.type?.toLowerCase() ?? defaultType(operation, actual, reference);
  const order = compareValues(actual, reference, type);
  if (operation === "eq") return order === 0;
  if (operation === "ne") return order !== 0;
  if (actual === undefined || reference === undefined) return false;
  switch (operation) {
    case "lt":
      return order < 0;
    case "lte":
      return order <= 0;
    case "gt":
      return order > 0;
    case "gte":
      return order >= 0;
    default:
      return false;
  }
}

/** An unknown submatch becomes nothing. */
function expandSubmatches(name: string, submatches: RuleInput["submatches"]): string {
  if (submatches === undefined || !name.includes("%")) return name;
  return name.replace(/%(\d)/g, (_, digit) => submatches[Number(digit)] ?? "");
}

function referenceValue(expression: AttributeExpression, input: RuleInput): string | undefined {
  if (expression.value === undefined) return undefined;
  switch (expression.valueSource?.toLowerCase()) {
    case "param":
      return input.params?.get(expression.value);
    case "meta":
      return input.meta?.get(expression.value);
    default:
      return expression.value;
  }
}

/** Orders compare numbers, equality compares texts, unless the expression says its type. */
function defaultType(
  operation: string,
  actual: string | undefined,
  reference: string | undefined,
): string {
  if (operation === "eq" || operation === "ne") return "string";
  return actual?.includes(".") || reference?.includes(".") ? "number" : "integer";
}

function resourceHolds(expression: ResourceExpression, agent: AgentName | undefined): boolean {
  return (
    (expression.class === undefined || expression.class === agent?.class) &&
    (expression.provider === undefined || expression.provider === agent?.provider) &&
    (expression.type === undefined || expression.type === agent?.type)
  );
}

function operationHolds(
  expression: OperationExpression,
  operation: RuleInput["operation"],
): boolean {
  if (expression.name === "" || expression.name !== operation?.name) return false;
  if (expression.interval === undefined) return true;
  return parseInterval(expression.interval) === operation.intervalMs;
}
