/** Something wrong or doubtful in an input, for the person who wrote it. All are collected, none thrown. */
export interface Diagnostic {
  /** Stable, upper case, such as UNKNOWN_KEY. */
  readonly code: string;
  readonly severity: "error" | "warning";
  readonly message: string;
  /** 1-based position in the source, where there is one. `length`: how much to underline. */
  readonly at?: {
    readonly file?: string;
    readonly line: number;
    readonly column: number;
    readonly length: number;
  };
  /** What to do: did you mean …, or the advice. */
  readonly hint?: string;
}
