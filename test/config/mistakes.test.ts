import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { loadDefinition } from "../../src/config/load-definition.ts";
import { countDiagnostics, renderDiagnostics } from "../../src/config/render-diagnostics.ts";
import type { Diagnostic } from "../../src/model/diagnostic.ts";

const DIRECTORY = join(import.meta.dirname, "../scenarios/config");
const SEPARATOR = "----\n";

/** A hint tells what to write instead: it is always there, and never the message again. */
function hasNoAdvice({ hint = "", message }: Diagnostic): boolean {
  return hint === "" || message.includes(hint);
}

/** Each file: what is wrong (a comment), the definition, a line of dashes, and what is printed. */
describe("mistakes in a definition", () => {
  const files = readdirSync(DIRECTORY).filter((name) => name.endsWith(".txt"));
  test.each(files)("%s", async (name) => {
    const path = join(DIRECTORY, name);
    const text = readFileSync(path, "utf8").split(`\n${SEPARATOR}`)[0]!;
    const { definition, diagnostics } = loadDefinition(text, { file: "cluster.yaml" });
    const printed = renderDiagnostics(diagnostics, text) + countDiagnostics(diagnostics);
    await expect(`${text}\n${SEPARATOR}${printed}\n`).toMatchFileSnapshot(path);
    const hasError = diagnostics.some((each) => each.severity === "error");
    expect(definition === undefined).toBe(hasError);
    expect(diagnostics.filter(hasNoAdvice)).toEqual([]);
  });
});
