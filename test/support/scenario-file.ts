import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

/** One command of a scenario: its first line in words, and the indented lines under it. */
export interface ScenarioCommand {
  readonly name: string;
  readonly args: readonly string[];
  /** Arguments of the form `name=value`. */
  readonly options: ReadonlyMap<string, string>;
  readonly body: readonly string[];
}

/** Carries out one command and says what came of it, line by line. */
export type ScenarioRunner = (command: ScenarioCommand) => readonly string[];

const SEPARATOR = "----";

/**
 * Runs a scenario and returns its text with the output as it really was. A scenario is a sequence
 * of blocks, divided by blank lines: comments (`#`), a command, `----`, what is expected.
 */
export function replayScenario(text: string, run: ScenarioRunner): string {
  const blocks = text.trimEnd().split(/\n{2,}/);
  return `${blocks.map((block) => replayBlock(block, run)).join("\n\n")}\n`;
}

function replayBlock(block: string, run: ScenarioRunner): string {
  const lines = block.split("\n");
  const separator = lines.indexOf(SEPARATOR);
  const input = separator < 0 ? lines : lines.slice(0, separator);
  const commandLines = input.filter((line) => !line.startsWith("#"));
  const [first, ...body] = commandLines;
  if (first === undefined) return input.join("\n");
  const output = run({ ...parseCommand(first), body: body.map((line) => line.trim()) });
  return [...input, SEPARATOR, ...(output.length === 0 ? ["ok"] : output)].join("\n");
}

function parseCommand(line: string): Omit<ScenarioCommand, "body"> {
  const [name, ...words] = line.trim().split(/\s+/);
  const isOption = (word: string) => /^[\w-]+=/.test(word);
  const options = words.filter(isOption).map((word): [string, string] => {
    const at = word.indexOf("=");
    return [word.slice(0, at), word.slice(at + 1)];
  });
  return {
    name: name ?? "",
    args: words.filter((word) => !isOption(word)),
    options: new Map(options),
  };
}

/**
 * Makes a test of every scenario file of a directory. The file is its own snapshot: with `-u`
 * vitest writes the actual output into it.
 */
export function testScenarios(directory: string, newRunner: () => ScenarioRunner): void {
  const files = readdirSync(directory).filter((name) => name.endsWith(".txt"));
  test.each(files.sort())("%s", async (name) => {
    const path = join(directory, name);
    const actual = replayScenario(readFileSync(path, "utf8"), newRunner());
    await expect(actual).toMatchFileSnapshot(path);
  });
}
