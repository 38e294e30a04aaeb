import type { DefinitionReport } from "./definition-report.ts";

/** Ten thousand resources take about this much; the text travels to every node and into history. */
const TEXT_LENGTH_MAX = 2 * 1024 * 1024;
const LINES_MAX = 50_000;
/** The parser's time grows with the square of what stands on one line. */
const LINE_LENGTH_MAX = 32_768;
const TOO_LARGE_HINT = "is this the right file? Ten thousand resources take less";
export const OPEN_BRACKET_HINT = "is a bracket left open above?";
/** Far more than is sensible, and few enough for the YAML parser, which recurses. */
const BRACKETS_MAX = 200;
const INDENT_MAX = 500;
/**
 * Separators, brackets and aliases in all: what the parser's time grows with, some 10 µs each. Ten
 * thousand resources written in full have 170 000.
 */
const PARTS_MAX = 250_000;
/** `- - - x`: lists that begin on one line. */
const MARKS_MAX = 32;

/**
 * Refuses what is no definition before the YAML parser sees it: the parser's time and memory grow
 * out of bounds with nesting, which an hour of a daemon's life is too good for.
 */
export function checkText(text: string, report: DefinitionReport): boolean {
  if (text.length > TEXT_LENGTH_MAX) {
    const message = `the definition has ${text.length} characters; ${TEXT_LENGTH_MAX} are the limit`;
    report.error("TOO_LARGE", undefined, message, TOO_LARGE_HINT);
    return false;
  }
  return checkCharacters(text, report) && checkParts(text, report) && checkNesting(text, report);
}

/** Quotes are not looked at: a text with so many of these in them is no definition either. */
function checkParts(text: string, report: DefinitionReport): boolean {
  let parts = 0;
  for (let at = 0; at < text.length; at++) if (PARTS.has(text.charCodeAt(at))) parts++;
  if (parts <= PARTS_MAX) return true;
  const message = `the definition has ${parts} separators and brackets; ${PARTS_MAX} are the limit`;
  report.error("TOO_LARGE", undefined, message, TOO_LARGE_HINT);
  return false;
}

const PARTS: ReadonlySet<number> = new Set([...",:[{*?&"].map((each) => each.charCodeAt(0)));

function checkCharacters(text: string, report: DefinitionReport): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  const control = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\ufffd]/.exec(text);
  if (control === null) return true;
  const code = control[0].charCodeAt(0).toString(16).padStart(2, "0");
  const span = { start: control.index, end: control.index + 1 };
  const hint = "the file is damaged, or no text file in UTF-8";
  report.error("BAD_CHARACTER", span, `a character that no text has: 0x${code}`, hint);
  return false;
}

/** A rough look, line by line: quotes that run over several lines are not followed. */
function checkNesting(text: string, report: DefinitionReport): boolean {
  let depth = 0;
  let start = 0;
  let lines = 0;
  while (start < text.length) {
    const found = text.indexOf("\n", start);
    const end = found < 0 ? text.length : found;
    lines += 1;
    if (lines > LINES_MAX) {
      const message = `the definition has more than ${LINES_MAX} lines`;
      report.error("TOO_LARGE", undefined, message, TOO_LARGE_HINT);
      return false;
    }
    if (end - start > LINE_LENGTH_MAX) {
      const message = `a line of ${end - start} characters; ${LINE_LENGTH_MAX} are the limit`;
      report.error("LONG_LINE", { start, end }, message, "break it after a comma or a bracket");
      return false;
    }
    const begin = scanMarks(text, start, end);
    depth = begin < 0 ? BRACKETS_MAX + 1 : scanBrackets(text, begin, end, depth);
    if (depth > BRACKETS_MAX) {
      const message = `nested deeper than ${BRACKETS_MAX} levels`;
      report.error("YAML_TOO_DEEP", { start, end }, message, OPEN_BRACKET_HINT);
      return false;
    }
    start = end + 1;
  }
  return true;
}

/** Where the content of the line begins; -1 if it is indented or nested beyond measure. */
function scanMarks(text: string, start: number, end: number): number {
  let marks = 0;
  let at = start;
  for (; at < end; at++) {
    const character = text[at];
    if (character === "-" || character === "?") marks += 1;
    else if (character !== " " && character !== "\t") break;
    if (marks > MARKS_MAX && !/^-+\s*$/.test(text.slice(start, Math.min(end, start + 200))))
      return -1;
  }
  return at - start > INDENT_MAX && at < end ? -1 : at;
}

/** How many brackets are open at the end of the line; stops at the limit. */
function scanBrackets(text: string, start: number, end: number, before: number): number {
  let depth = before;
  let quote = "";
  for (let at = start; at < end && depth <= BRACKETS_MAX; at++) {
    const character = text[at]!;
    if (quote !== "") {
      if (character === quote) quote = "";
      else if (character === "\\" && quote === '"') at += 1;
    } else if (character === '"' || character === "'") {
      if (at === start || /[\s[{,:]/.test(text[at - 1]!)) quote = character;
    } else if (character === "#" && (at === start || /\s/.test(text[at - 1]!))) break;
    else if (character === "[" || character === "{") depth += 1;
    else if (character === "]" || character === "}") depth = Math.max(0, depth - 1);
  }
  return depth;
}
