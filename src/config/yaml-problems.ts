import type { YAMLError } from "yaml";
import type { DefinitionReport } from "./definition-report.ts";
import type { Span } from "./source-text.ts";
import { OPEN_BRACKET_HINT } from "./text-checks.ts";

/** What a code of the YAML parser means to somebody who writes a definition. */
const PROBLEMS: Readonly<Record<string, readonly [message: string, hint: string]>> = {
  TAB_AS_INDENT: ["a tab is used for indentation", "indent with spaces: YAML takes no tabs"],
  BAD_INDENT: [
    "a bracket is not closed, or the indentation is wrong",
    "look at the brackets and quotes above, too",
  ],
  BAD_SCALAR_START: ["a value must not begin with this character", "put the value in quotes"],
  BLOCK_AS_IMPLICIT_KEY: [
    "a second `key: value` where a value is expected",
    "the lines of one block are indented alike; a value that holds `: ` needs quotes",
  ],
  MULTILINE_IMPLICIT_KEY: ["a line without `key: value`", "is a colon missing?"],
  MISSING_CHAR: ["something is missing here", "a bracket, a brace or a colon?"],
  UNEXPECTED_TOKEN: ["this does not belong here", "check the indentation and the quotes before it"],
  MULTIPLE_DOCS: ["a second document begins here", "a definition is one document: remove the ---"],
  BAD_ALIAS: ["this is no name of an anchor", "a value that begins with & or * needs quotes"],
  TAG_RESOLVE_FAILED: ["YAML tags have no meaning in a definition", "remove the !tag, or quote it"],
  RESOURCE_EXHAUSTION: ["the nesting is too deep to be read as YAML", OPEN_BRACKET_HINT],
  KEY_OVER_1024_CHARS: ["this key is longer than 1024 characters", OPEN_BRACKET_HINT],
};

/** Says a problem of the YAML parser in our words, at its place. */
export function reportYamlProblem(
  report: DefinitionReport,
  text: string,
  problem: YAMLError,
): void {
  const start = isOpenQuote(problem) ? openQuote(text) : problem.pos[0];
  const span: Span = { start, end: Math.max(problem.pos[1], start + 1) };
  const words = describe(problem, text);
  report.error(`YAML_${problem.code}`, span, words.message, words.hint);
}

function describe(problem: YAMLError, text: string): { message: string; hint: string } {
  if (isOpenQuote(problem)) {
    return { message: "a quote is opened and not closed", hint: "close it on the same line" };
  }
  const tabbed = /^[ ]*\t/m.exec(text.slice(lineStart(text, problem.pos[0]), problem.pos[1]));
  const [message, hint] = PROBLEMS[tabbed ? "TAB_AS_INDENT" : problem.code] ?? [
    firstLine(problem.message),
    "look at the indentation, the brackets and the quotes here and above",
  ];
  return { message, hint };
}

function isOpenQuote(problem: YAMLError): boolean {
  return problem.code === "MISSING_CHAR" && /quote/.test(problem.message);
}

/**
 * Where the quote was most likely opened: the last one of the first line with an odd number of
 * them. The parser itself only notices at the end of the file.
 */
function openQuote(text: string): number {
  for (const line of text.matchAll(/^.*$/gm)) {
    for (const quote of [/(?<!\\)"/g, /'/g]) {
      const found = [...line[0].replace(/(^|\s)#.*$/, "").matchAll(quote)];
      if (found.length % 2 === 1) return line.index + found.at(-1)!.index;
    }
  }
  return text.length;
}

function lineStart(text: string, offset: number): number {
  return text.lastIndexOf("\n", offset - 1) + 1;
}

function firstLine(message: string): string {
  const line = message.split("\n")[0] ?? message;
  return line.charAt(0).toLowerCase() + line.slice(1);
}
