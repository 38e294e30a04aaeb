import { didYouMean } from "../core/suggestion.ts";
import type { AttributeExpression, Expression, Rule } from "../model/rule.ts";
import { parseScore, type Score } from "../model/score.ts";
import { isDateOperator, parseDateCondition } from "./date-expression.ts";
import { freeId, type LoadContext } from "./load-context.ts";
import { type RuleWord, splitRule } from "./rule-words.ts";
import type { Span } from "./source-text.ts";
import { quote, type Word } from "./value-readers.ts";

const COMPARISONS = ["lt", "gt", "lte", "gte", "eq", "ne"] as const;
const SYMBOLS: ReadonlyMap<string, string> = new Map([
  ["=", "eq"],
  ["==", "eq"],
  ["!=", "ne"],
  ["<", "lt"],
  [">", "gt"],
  ["<=", "lte"],
  [">=", "gte"],
]);
const TYPES = ["string", "integer", "number", "version"];
const NESTING_MAX = 16;
export const RULE_EXAMPLE = "defined ping and ping gt 0";

/** What a text may say in front of the expression: `$role=Promoted 100: …`. */
export interface RuleHead {
  readonly id?: string;
  readonly role?: string;
  readonly score?: Score;
  readonly scoreAttribute?: string;
}

/** A rule that could not be read; caught in this file only. */
class RuleProblem extends Error {
  readonly at: { start: number; end: number };
  readonly hint: string;
  constructor(message: string, at: { start: number; end: number }, hint: string) {
    super(message);
    this.at = at;
    this.hint = hint;
  }
}

/**
 * Reads crmsh's rule expressions: `CONDITION [and|or CONDITION …]`, with parentheses for nested
 * rules. Pacemaker's rules know one operator each, so mixing the two without parentheses has no
 * meaning that everybody would agree on, and is refused.
 */
export function readRule(
  context: LoadContext,
  word: Word,
  owner: string,
  head: RuleHead = {},
): Rule | undefined {
  try {
    return new RuleParser(context, word, owner).parse(head);
  } catch (problem) {
    if (!(problem instanceof RuleProblem)) throw problem;
    const span = innerSpan(context, word, problem.at);
    context.report.error("BAD_RULE", span, problem.message, problem.hint);
    return undefined;
  }
}

/** The place of a part of a scalar, if the scalar stands in the file as it is (no escapes, one line). */
function innerSpan(context: LoadContext, word: Word, at: { start: number; end: number }): Span {
  const written = context.text.slice(word.span.start, word.span.end);
  const offset = written.indexOf(word.text);
  if (offset < 0 || word.text === "") return word.span;
  const start = word.span.start + offset;
  return { start: start + at.start, end: start + Math.max(at.end, at.start + 1) };
}

class RuleParser {
  readonly #context: LoadContext;
  readonly #word: Word;
  readonly #owner: string;
  readonly #words: readonly RuleWord[];
  #next = 0;

  constructor(context: LoadContext, word: Word, owner: string) {
    this.#context = context;
    this.#word = word;
    this.#owner = owner;
    const words = splitRule(word.text);
    const all = { start: 0, end: word.text.length };
    if (words === undefined) {
      const hint = "close it behind the value: ping eq 'a b'";
      throw new RuleProblem("a quote in the rule is not closed", all, hint);
    }
    if (words.length === 0) throw new RuleProblem("the rule is empty", all, RULE_EXAMPLE);
    this.#words = words;
  }

  parse(given: RuleHead): Rule {
    const head = { ...given, ...this.#head() };
    const id = freeId(this.#context, head.id ?? `${this.#owner}-rule`, this.#word.span);
    const rule = this.#alternatives(id, 0);
    if (this.#peek() !== undefined) {
      const hint = "remove it, or open a parenthesis before";
      throw this.#problem("this does not belong to the rule", hint);
    }
    const { id: _, ...rest } = head;
    return { ...rule, ...rest };
  }

  /** `$id=…`, `$role=…`, and a score or the name of an attribute that is the score, with a colon. */
  #head(): RuleHead {
    const head: { -readonly [Key in keyof RuleHead]: RuleHead[Key] } = {};
    for (let word = this.#peek(); word !== undefined; word = this.#peek()) {
      const setting = /^\$(id|role)=(.+)$/.exec(word.text);
      const score = /^(.+):$/.exec(word.text)?.[1];
      if (setting) head[setting[1] as "id" | "role"] = setting[2]!;
      else if (score !== undefined && !word.quoted) {
        const number = parseScore(score.replace(/^([+-]?)inf$/i, "$1INFINITY"));
        if (number === undefined) head.scoreAttribute = score;
        else head.score = number;
      } else return head;
      this.#next += 1;
    }
    return head;
  }

  #alternatives(id: string, depth: number): Rule {
    const conditions = [this.#condition(`${id}-1`, depth)];
    let operator: string | undefined;
    for (let word = this.#peek(); word !== undefined && word.text !== ")"; word = this.#peek()) {
      const found = word.quoted ? "" : word.text.toLowerCase();
      if (found !== "and" && found !== "or") {
        const message = `${quote(word.text)} where the rule should go on with and, or`;
        throw this.#problem(message, 'write "and" before it, or "or"');
      }
      if (operator !== undefined && operator !== found) {
        throw this.#problem("and and or are mixed", "set parentheses: a or (b and c)");
      }
      operator = found;
      this.#next += 1;
      conditions.push(this.#condition(`${id}-${conditions.length + 1}`, depth));
    }
    return { id, booleanOp: operator === "or" ? "or" : "and", conditions };
  }

  #condition(id: string, depth: number): Rule | Expression {
    const word = this.#take("a condition", `like ${RULE_EXAMPLE}`);
    const following = this.#peek();
    if (word.text === "(" && !word.quoted) return this.#nested(id, depth);
    if (word.quoted) return this.#comparison(id, word);
    if (word.text === "date" && following !== undefined && isDateOperator(following.text)) {
      return this.#date(id);
    }
    if (following !== undefined && this.#isComparison(following)) {
      return this.#comparison(id, word);
    }
    if (word.text === "defined" || word.text === "not_defined") {
      const attribute = this.#take("the name of a node attribute", "like defined ping").text;
      return { kind: "attribute", id, attribute, operation: word.text };
    }
    if (word.text === "date") return this.#date(id);
    if (word.text === "resource") return this.#resource(id);
    if (word.text === "op") return this.#operation(id);
    return this.#comparison(id, word);
  }

  #nested(id: string, depth: number): Rule {
    if (depth >= NESTING_MAX) {
      throw this.#problem("the rule is nested too deeply", "make several rules of it");
    }
    const rule = this.#alternatives(id, depth + 1);
    const closing = this.#take("a closing parenthesis", "write ) where the nested part ends");
    if (closing.text !== ")") {
      throw this.#problemAt(closing, "a closing parenthesis is missing", "write ) before this");
    }
    return rule;
  }

  #comparison(id: string, left: RuleWord): AttributeExpression {
    const operator = this.#take(
      "a comparison: lt, gt, lte, gte, eq, ne",
      `defined ${left.text}, or ${left.text} gt 0`,
    );
    const [operation, type] = operator.text.split(":").reverse() as [string, string?];
    if (!(COMPARISONS as readonly string[]).includes(operation)) {
      const meant = SYMBOLS.get(operation);
      const hint = meant
        ? `write ${meant}`
        : didYouMean(operation, COMPARISONS, COMPARISONS.join(", "));
      throw this.#problemAt(operator, `${quote(operator.text)} is no comparison`, hint);
    }
    if (type !== undefined && !TYPES.includes(type)) {
      const hint = didYouMean(type, TYPES, TYPES.join(", "));
      throw this.#problemAt(operator, `${quote(type)} is no type of a comparison`, hint);
    }
    const right = this.#take("a value", `like ${left.text} ${operator.text} 1`);
    return this.#compare(
      id,
      left.text,
      { operation, ...(type === undefined ? {} : { type }) },
      right,
    );
  }

  #compare(
    id: string,
    attribute: string,
    how: { operation: string; type?: string },
    right: RuleWord,
  ): AttributeExpression {
    const source = right.quoted ? null : /^(param|meta)\((.+)\)$/.exec(right.text);
    const base = { kind: "attribute" as const, id, attribute, ...how };
    if (source) return { ...base, value: source[2]!, valueSource: source[1]! };
    const numeric = how.type === "number" || how.type === "integer";
    if (numeric && Number.isNaN(Number(right.text)) && !this.#context.simulation) {
      const hint = `digits, or ${attribute} ${how.operation} ${right.text} to compare texts`;
      throw this.#problemAt(right, `${quote(right.text)} is not a number`, hint);
    }
    if (attribute === "#uname" && how.operation === "eq") {
      const span = innerSpan(this.#context, this.#word, right);
      const by = `the rule of ${this.#owner}`;
      this.#context.references.push({ kind: "node", name: right.text, span, by, soft: true });
    }
    return { ...base, value: right.text };
  }

  #date(id: string): Expression {
    const rest = this.#words.slice(this.#next);
    const result = parseDateCondition(id, rest);
    if ("problem" in result) {
      const at = result.at ?? this.#words.at(-1)!;
      throw this.#problemAt(at, result.problem, result.hint);
    }
    this.#next += result.used;
    return result.expression;
  }

  #resource(id: string): Expression {
    const parts = this.#take("an agent", "resource ocf:heartbeat:IPaddr2").text.split(":");
    const [first, second, third] = parts.map((part) => (part === "" ? undefined : part));
    const provider = parts.length === 3 ? second : undefined;
    const type = parts.length === 3 ? third : second;
    return {
      kind: "resource",
      id,
      ...(first === undefined ? {} : { class: first }),
      ...(provider === undefined ? {} : { provider }),
      ...(type === undefined ? {} : { type }),
    };
  }

  #operation(id: string): Expression {
    const name = this.#take("an operation", "op monitor interval=10s").text;
    const interval = /^interval=(.+)$/.exec(this.#peek()?.text ?? "")?.[1];
    if (interval === undefined) return { kind: "operation", id, name };
    this.#next += 1;
    return { kind: "operation", id, name, interval };
  }

  #isComparison(word: RuleWord): boolean {
    if (word.quoted) return false;
    const operation = word.text.split(":").at(-1)!;
    return (COMPARISONS as readonly string[]).includes(operation) || SYMBOLS.has(operation);
  }

  #peek(): RuleWord | undefined {
    return this.#words[this.#next];
  }

  #take(expected: string, hint: string): RuleWord {
    const word = this.#peek();
    if (word === undefined) {
      const last = this.#words.at(-1)!;
      throw new RuleProblem(`the rule ends where ${expected} should follow`, last, hint);
    }
    this.#next += 1;
    return word;
  }

  #problem(message: string, hint: string): RuleProblem {
    return this.#problemAt(this.#peek() ?? this.#words.at(-1)!, message, hint);
  }

  #problemAt(at: { start: number; end: number }, message: string, hint: string): RuleProblem {
    return new RuleProblem(message, at, hint);
  }
}
