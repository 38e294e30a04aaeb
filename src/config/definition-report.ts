import type { Diagnostic } from "../model/diagnostic.ts";
import type { SourceText, Span } from "./source-text.ts";

/** More than anybody reads; a broken file of megabytes must not make megabytes of complaints. */
const DIAGNOSTICS_MAX = 200;

/**
 * Collects what is wrong with a definition. Nothing is thrown, everything is said at once. Each
 * complaint has a hint, which tells what to write instead and does not repeat the message.
 */
export class DefinitionReport {
  readonly #source: SourceText;
  readonly #found: Diagnostic[] = [];
  readonly #seen = new Set<string>();
  #errors = 0;

  constructor(source: SourceText) {
    this.#source = source;
  }

  get hasErrors(): boolean {
    return this.#errors > 0;
  }

  get errorCount(): number {
    return this.#errors;
  }

  /** No more is taken: whoever would have to search for a hint may save the effort. */
  get isFull(): boolean {
    return this.#found.length > DIAGNOSTICS_MAX;
  }

  error(code: string, span: Span | undefined, message: string, hint: string): void {
    this.#errors += 1;
    this.#add("error", code, span, message, hint);
  }

  warning(code: string, span: Span | undefined, message: string, hint: string): void {
    this.#add("warning", code, span, message, hint);
  }

  /** In the order of the file; what has no place comes last. */
  diagnostics(): Diagnostic[] {
    const line = (each: Diagnostic) => each.at?.line ?? Number.MAX_SAFE_INTEGER;
    const column = (each: Diagnostic) => each.at?.column ?? 0;
    return [...this.#found].sort((a, b) => line(a) - line(b) || column(a) - column(b));
  }

  #add(
    severity: Diagnostic["severity"],
    code: string,
    span: Span | undefined,
    message: string,
    hint: string,
  ): void {
    // Content that is used twice through an alias is complained of once.
    const key = `${code} ${span?.start} ${message}`;
    if (this.#seen.has(key)) return;
    if (this.#found.length >= DIAGNOSTICS_MAX && severity === "warning") return;
    if (this.#found.length > DIAGNOSTICS_MAX) return;
    this.#seen.add(key);
    if (this.#found.length === DIAGNOSTICS_MAX) {
      const message = `more than ${DIAGNOSTICS_MAX} complaints: the rest is not shown`;
      const first = "mend the first ones: others are often due to them";
      this.#found.push({ code: "TOO_MANY", severity: "error", message, hint: first });
      return;
    }
    this.#found.push({
      code,
      severity,
      message,
      ...(span === undefined ? {} : { at: this.#source.locate(span) }),
      hint,
    });
  }
}
