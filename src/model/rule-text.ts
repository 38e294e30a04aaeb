import type { DateExpression, Expression, Rule } from "./rule.ts";

/** Words that mean something in a rule and are no names there unless quoted. */
const KEYWORDS = ["defined", "not_defined", "date", "resource", "op", "and", "or"];

/** Writes the conditions of a rule in crmsh's syntax; `readRule` reads the same back. */
export function writeRule(rule: Rule): string {
  return rule.conditions.map(writeCondition).join(` ${rule.booleanOp} `);
}

function writeCondition(condition: Rule | Expression): string {
  if ("booleanOp" in condition) return `(${writeRule(condition)})`;
  switch (condition.kind) {
    case "attribute":
      return writeComparison(condition);
    case "date":
      return `date ${writeDate(condition)}`;
    case "resource":
      return `resource ${[condition.class, condition.provider, condition.type]
        .map((part) => part ?? "")
        .join(":")}`;
    case "operation": {
      const interval = condition.interval === undefined ? "" : ` interval=${condition.interval}`;
      return `op ${condition.name}${interval}`;
    }
  }
}

function writeComparison(expression: Expression & { kind: "attribute" }): string {
  const { attribute, operation, type, value, valueSource } = expression;
  const name = KEYWORDS.includes(attribute) ? `"${attribute}"` : quoteWord(attribute);
  if (operation === "defined" || operation === "not_defined") return `${operation} ${name}`;
  const operator = type === undefined ? operation : `${type}:${operation}`;
  const indirect = valueSource === "param" || valueSource === "meta";
  const right = indirect ? `${valueSource}(${value ?? ""})` : quoteWord(value ?? "");
  return `${name} ${operator} ${right}`;
}

function writeDate({ operation, start, end, duration, spec }: DateExpression): string {
  switch (operation) {
    case "gt":
      return `gt ${quoteWord(start ?? "")}`;
    case "lt":
      return `lt ${quoteWord(end ?? "")}`;
    case "date_spec":
      return `spec ${settings(spec ?? {})}`;
    default: {
      const bounds = { ...(start ? { start } : {}), ...(end ? { end } : {}) };
      return `in ${settings({ ...bounds, ...duration })}`;
    }
  }
}

function settings(fields: Readonly<Record<string, string>>): string {
  return Object.entries(fields)
    .map(([name, value]) => `${name}=${/\s/.test(value) ? `"${value}"` : value}`)
    .join(" ");
}

/** Quotes what would not be one word otherwise. */
function quoteWord(text: string): string {
  if (text !== "" && !/[\s()"']/.test(text) && !KEYWORDS.includes(text)) return text;
  return text.includes('"') ? `'${text}'` : `"${text}"`;
}
