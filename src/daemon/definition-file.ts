import {
  chmodSync,
  closeSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { diffDefinitions } from "../config/diff-definitions.ts";
import { decodeDefinition, loadDefinition } from "../config/load-definition.ts";
import { renderDiagnostics } from "../config/render-diagnostics.ts";
import type { Definition } from "../model/definition.ts";

/** `paceline config diff` shows all: the log is to say what kind of difference it is. */
const CHANGES_MAX = 10;

/** The local cluster.yaml: read at start, replaced when the cluster commits another text. */
export class DefinitionFile {
  readonly path: string;
  #committed: string | undefined;
  /** A committed text that may not be the newest: what stands in the file may be newer. */
  #older: string | undefined;
  /** What was found when the file was last looked at: it is read again only if it was touched. */
  #looked: { readonly mark: string; readonly differs: boolean } | undefined;

  constructor(path: string) {
    this.path = path;
  }

  /** Loads the file; a problem is a text for the person who wrote it. */
  load(): { definition: Definition } | { problem: string } {
    let bytes: Uint8Array;
    try {
      bytes = readFileSync(this.path);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      const hint =
        code === "ENOENT"
          ? "write one (see `paceline init`), or name another with --config"
          : "check its owner and mode";
      return { problem: `cannot read ${this.path}: ${code ?? String(error)}\n  hint: ${hint}` };
    }
    const decoded = decodeDefinition(bytes, { file: this.path });
    if (decoded.text === undefined) {
      return { problem: renderDiagnostics(decoded.diagnostics, "", { file: this.path }) };
    }
    const { definition, diagnostics } = loadDefinition(decoded.text, { file: this.path });
    return definition === undefined
      ? { problem: renderDiagnostics(diagnostics, decoded.text, { file: this.path }) }
      : { definition };
  }

  /** Whether the file is another text than the one that was committed last; false before any was. */
  differs(): boolean {
    if (this.#committed === undefined) return false;
    let mark = "absent";
    try {
      const { mtimeMs, ctimeMs, size, ino } = statSync(this.path);
      mark = `${mtimeMs} ${ctimeMs} ${size} ${ino}`;
      if (this.#looked?.mark !== mark) {
        const differs = readFileSync(this.path, "utf8") !== this.#committed;
        this.#looked = { mark, differs };
      }
    } catch {
      this.#looked = { mark, differs: true };
    }
    return this.#looked.differs;
  }

  /**
   * The node goes by this committed text until it hears which is the newest. The file is left alone;
   * returns whether it holds another text.
   */
  expect(text: string): boolean {
    this.#older = text;
    try {
      return readFileSync(this.path, "utf8") !== text;
    } catch {
      return true;
    }
  }

  /**
   * Puts the newest committed text in place. A text that was never committed is kept beside it, because
   * someone wrote it; returns where, and what it would have changed.
   */
  replace(
    text: string,
    stamp: string,
  ): { kept?: { readonly as: string; readonly changes: readonly string[] }; problem?: string } {
    const committed = [this.#committed, this.#older];
    this.#committed = text;
    this.#looked = undefined;
    let current: string | undefined;
    let mode = 0o644;
    try {
      current = readFileSync(this.path, "utf8");
      mode = statSync(this.path).mode & 0o777;
    } catch {
      current = undefined;
    }
    if (current === text) return {};
    try {
      const isOurs = current === undefined || committed.includes(current);
      const as = `${this.path}.before-${stamp}`;
      if (!isOurs) writeDurably(as, current ?? "", mode);
      writeDurably(this.path, text, mode);
      return isOurs ? {} : { kept: { as, changes: changesOf(text, current ?? "") } };
    } catch (error) {
      return { problem: error instanceof Error ? error.message : String(error) };
    }
  }
}

/** What a text that was not applied would change in the committed one, in a few lines. */
function changesOf(committed: string, written: string): string[] {
  const { definition, diagnostics } = loadDefinition(written, { file: "" });
  if (definition === undefined) {
    const error = diagnostics.find((each) => each.severity === "error");
    return [`nothing: it has errors (${error?.message})`];
  }
  const changes = diffDefinitions(loadDefinition(committed).definition, definition);
  if (changes.length === 0) return ["nothing: only comments or layout differ"];
  if (changes.length <= CHANGES_MAX) return changes;
  return [...changes.slice(0, CHANGES_MAX), `and ${changes.length - CHANGES_MAX} more`];
}

/** Temporary file, fsync, rename, fsync of the directory: either the old text or the new one. */
function writeDurably(path: string, text: string, mode: number): void {
  const temporary = `${path}.new`;
  const file = openSync(temporary, "w", mode);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  chmodSync(temporary, mode);
  renameSync(temporary, path);
  const directory = openSync(dirname(path), "r");
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}
