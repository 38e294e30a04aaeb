import type { Definition } from "../model/definition.ts";
import type { Diagnostic } from "../model/diagnostic.ts";
import { FIRST_LINES, readDefinition } from "./definition-reader.ts";
import { DefinitionReport } from "./definition-report.ts";
import { SourceText } from "./source-text.ts";
import { checkText } from "./text-checks.ts";
import { readYamlTree } from "./yaml-tree.ts";

export interface LoadOptions {
  /** For the diagnostics only. */
  readonly file?: string;
  /** For what-if questions: nodes need no addresses, safety and unknown meta names only warn. */
  readonly simulation?: boolean;
}

export interface LoadResult {
  /** Absent if there is any error. */
  readonly definition?: Definition;
  readonly diagnostics: readonly Diagnostic[];
}

/** The text read last, and what it says: a change is read when it is checked, planned and applied. */
let last: { readonly text: string; readonly result: LoadResult } | undefined;

/** Reads cluster.yaml. Never throws; everything that is wrong is said at once. */
export function loadDefinition(text: string, options: LoadOptions = {}): LoadResult {
  if (options.file !== undefined || options.simulation === true) return load(text, options);
  if (last?.text !== text) last = { text, result: load(text, options) };
  return last.result;
}

function load(text: string, options: LoadOptions): LoadResult {
  const source = new SourceText(text, options.file);
  const report = new DefinitionReport(source);
  const found = checkText(text, report) ? readYamlTree(text, report) : undefined;
  if (found === undefined) {
    if (!report.hasErrors) report.error("EMPTY", undefined, "the definition is empty", FIRST_LINES);
    return { diagnostics: report.diagnostics() };
  }
  const simulation = options.simulation ?? false;
  const definition = readDefinition(
    { report, text, simulation, references: [], ids: new Map(), idNumbers: new Map() },
    found,
  );
  const diagnostics = report.diagnostics();
  if (definition === undefined || report.hasErrors) return { diagnostics };
  const advice = diagnostics.filter((each) => ADVICE_CODES.has(each.code));
  return { definition: { ...definition, advice }, diagnostics };
}

/** What stays true for as long as the definition holds, so that status repeats it. */
const ADVICE_CODES = new Set([
  "SPLIT_BOTH_ACTIVE",
  "SPLIT_UNDECIDED",
  "FENCING_NOT_CHOSEN",
  "FENCING_DISABLED",
  "NO_FENCING_DEVICE",
  "NODE_NOT_FENCEABLE",
  "WEAK_FENCING",
]);

/** Bytes of a file to text: UTF-8 only, a byte order mark is dropped. */
export function decodeDefinition(
  bytes: Uint8Array,
  options: { readonly file?: string } = {},
): { readonly text?: string; readonly diagnostics: readonly Diagnostic[] } {
  try {
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(bytes), diagnostics: [] };
  } catch {
    const lossy = new TextDecoder("utf-8").decode(bytes);
    const report = new DefinitionReport(new SourceText(lossy, options.file));
    const at = Math.max(0, lossy.indexOf("\ufffd"));
    const hint = "save it as UTF-8";
    report.error("NOT_UTF8", { start: at, end: at + 1 }, "the file is not UTF-8", hint);
    return { diagnostics: report.diagnostics() };
  }
}
