import type { Diagnostic } from "../model/diagnostic.ts";
import { SourceText } from "./source-text.ts";

export interface RenderOptions {
  /** Colours for a terminal (ECMA-48). */
  readonly color?: boolean;
  /** Name for diagnostics that carry none. */
  readonly file?: string;
}

/** Longer source lines are cut around what is underlined. */
const LINE_LENGTH_MAX = 160;
const CODES = { error: "31", warning: "33", hint: "36", bold: "1" } as const;

/**
 * Prints diagnostics as compilers do: place and message, the line of the source, what is meant
 * underlined, the hint. Ends with a line break unless there is nothing to print.
 */
export function renderDiagnostics(
  diagnostics: readonly Diagnostic[],
  text: string,
  options: RenderOptions = {},
): string {
  const source = new SourceText(text);
  return diagnostics.map((each) => `${renderOne(each, source, options)}\n`).join("");
}

function renderOne(diagnostic: Diagnostic, source: SourceText, options: RenderOptions): string {
  const paint = (code: keyof typeof CODES, words: string) =>
    options.color ? `\u001b[${CODES[code]}m${words}\u001b[0m` : words;
  const { at, severity } = diagnostic;
  const message = printable(diagnostic.message);
  const hint = diagnostic.hint === undefined ? undefined : printable(diagnostic.hint);
  const file = at?.file ?? options.file;
  const place = at === undefined ? file : `${file ?? ""}${file ? ":" : ""}${at.line}:${at.column}`;
  const prefix = place === undefined ? "" : `${paint("bold", `${place}:`)} `;
  const lines = [`${prefix}${paint(severity, `${severity}:`)} ${message}`];
  if (at !== undefined) lines.push(...excerpt(source, at, (words) => paint(severity, words)));
  if (hint !== undefined) lines.push(`  ${paint("hint", "hint:")} ${hint}`);
  return lines.join("\n");
}

/** A file may hold what would drive a terminal: controls and changes of the writing direction. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const UNPRINTABLE = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

function printable(text: string): string {
  return text.replace(UNPRINTABLE, "?");
}

/** The source line with a number in front, and the underline below. */
function excerpt(
  source: SourceText,
  at: NonNullable<Diagnostic["at"]>,
  paint: (words: string) => string,
): string[] {
  const whole = printable(source.line(at.line));
  const cut = Math.max(0, Math.min(at.column - 1 - 20, whole.length - LINE_LENGTH_MAX));
  const line = whole.slice(cut, cut + LINE_LENGTH_MAX);
  const before = line.slice(0, at.column - 1 - cut).replace(/[^\t]/g, " ");
  const length = Math.max(1, Math.min(at.length, line.length - before.length));
  const gutter = `${at.line} | `;
  const margin = `${" ".repeat(String(at.line).length)} | `;
  return [`  ${gutter}${line}`, `  ${margin}${before}${paint("^".repeat(length))}`];
}

/** "2 errors, 1 warning", or "no errors". */
export function countDiagnostics(diagnostics: readonly Diagnostic[]): string {
  const errors = diagnostics.filter((each) => each.severity === "error").length;
  const warnings = diagnostics.length - errors;
  const words = (count: number, noun: string) => `${count} ${noun}${count === 1 ? "" : "s"}`;
  if (errors === 0 && warnings === 0) return "no errors";
  if (errors === 0) return `no errors, ${words(warnings, "warning")}`;
  return warnings === 0
    ? words(errors, "error")
    : `${words(errors, "error")}, ${words(warnings, "warning")}`;
}
