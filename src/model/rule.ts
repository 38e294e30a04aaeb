import type { Score } from "./score.ts";

/**
 * Rules (Pacemaker Explained, "Rules"). The YAML front and the CIB front both end here.
 * Values are kept as written; the policy engine interprets them and says so if it can't.
 */
export interface Rule {
  readonly id: string;
  readonly booleanOp: "and" | "or";
  /** Only in location constraints. */
  readonly role?: string;
  readonly score?: Score;
  /** The node attribute whose value is the score. Only in location constraints. */
  readonly scoreAttribute?: string;
  readonly conditions: readonly (Rule | Expression)[];
}

export type Expression =
  | AttributeExpression
  | DateExpression
  | ResourceExpression
  | OperationExpression;

export interface AttributeExpression {
  readonly kind: "attribute";
  readonly id: string;
  readonly attribute: string;
  /** lt gt lte gte eq ne defined not_defined; anything else is reported by the engine. */
  readonly operation: string;
  readonly value?: string;
  /** string integer number version; undefined: the default of the operation. */
  readonly type?: string;
  /** literal (default), param or meta. */
  readonly valueSource?: string;
}

export interface DateExpression {
  readonly kind: "date";
  readonly id: string;
  /** gt lt in_range date_spec. */
  readonly operation: string;
  readonly start?: string;
  readonly end?: string;
  readonly duration?: Readonly<Record<string, string>>;
  readonly spec?: Readonly<Record<string, string>>;
}

export interface ResourceExpression {
  readonly kind: "resource";
  readonly id: string;
  readonly class?: string;
  readonly provider?: string;
  readonly type?: string;
}

export interface OperationExpression {
  readonly kind: "operation";
  readonly id: string;
  readonly name: string;
  readonly interval?: string;
}

/** A block of name = value pairs that applies where its rule (if any) is met. Higher score wins. */
export interface AttributeSet {
  readonly id: string;
  readonly score: Score;
  readonly rule?: Rule;
  readonly values: ReadonlyMap<string, string>;
}
