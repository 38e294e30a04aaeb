import type { Diagnostic } from "../model/diagnostic.ts";

/** A stretch of the source by character offsets, end exclusive. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Turns offsets of a text into lines and columns. */
export class SourceText {
  readonly text: string;
  readonly file: string | undefined;
  readonly #lineStarts: number[] = [0];

  constructor(text: string, file?: string) {
    this.text = text;
    this.file = file;
    for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) {
      this.#lineStarts.push(at + 1);
    }
  }

  /** Where a span is; its length ends with its first line, and is 1 at least. */
  locate(span: Span): NonNullable<Diagnostic["at"]> {
    const start = Math.max(0, Math.min(span.start, this.text.length));
    const line = this.#lineOf(start);
    const lineStart = this.#lineStarts[line]!;
    const lineEnd = lineStart + this.line(line + 1).length;
    const length = Math.max(1, Math.min(span.end, lineEnd) - start);
    const at = { line: line + 1, column: start - lineStart + 1, length };
    return this.file === undefined ? at : { file: this.file, ...at };
  }

  /** The text of a line (from 1) without its end; empty where there is no such line. */
  line(number: number): string {
    const start = this.#lineStarts[number - 1];
    if (start === undefined) return "";
    const next = this.#lineStarts[number] ?? this.text.length + 1;
    return this.text.slice(start, next - 1).replace(/\r$/, "");
  }

  /** Index of the last line that starts at or before the offset. */
  #lineOf(offset: number): number {
    let low = 0;
    let high = this.#lineStarts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#lineStarts[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
