import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { loadDefinition } from "../src/config/load-definition.ts";

const ROOT = resolve(import.meta.dirname, "..");
const README = readFileSync(join(ROOT, "README.md"), "utf8");
const MANIFEST = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
  scripts: Record<string, string>;
};

function blocks(language: string): string[] {
  const pattern = new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, "gm");
  return [...README.matchAll(pattern)].map((match) => match[1] ?? "");
}

/** Command lines of the shell blocks, without comments. */
function commands(): string[] {
  return blocks("sh")
    .flatMap((block) => block.split("\n"))
    .map((line) => line.replace(/\s+#.*$/, "").trim())
    .filter((line) => line !== "");
}

describe("the README", () => {
  test.each(blocks("yaml").map((text) => [text.split("\n")[0] ?? "", text]))(
    "definition loads: %s",
    (_title, text) => {
      const { definition, diagnostics } = loadDefinition(text);
      expect(diagnostics.filter((entry) => entry.severity === "error")).toEqual([]);
      expect(definition).toBeDefined();
    },
  );

  test.each(commands().filter((line) => line.startsWith("paceline ")))(
    "command exists: %s",
    (line) => {
      const words = line.split(/\s+/).slice(1);
      const verbs = words.slice(
        0,
        ["node", "resource", "config", "agent", "fence"].includes(words[0] ?? "") ? 2 : 1,
      );
      const help = execFileSync(
        process.execPath,
        [join(ROOT, "dist/cli/main.js"), ...verbs, "--help"],
        { encoding: "utf8" },
      );
      expect(help).toContain(`Usage: paceline ${verbs[0]}`);
      for (const option of line.match(/--[a-z-]+/g) ?? []) expect(help).toContain(option);
    },
  );

  test("every npm script that it names exists", () => {
    const named = [...README.matchAll(/npm (?:run )?([a-z]+(?::[a-z]+)?)\b/g)]
      .map((match) => match[1] ?? "")
      .filter((name) => !["ci", "run"].includes(name));
    expect(named.filter((name) => MANIFEST.scripts[name] === undefined)).toEqual([]);
  });

  test("every file that it names exists", () => {
    const named = [...README.matchAll(/`((?:src|etc|test)\/[\w./-]+\.(?:ts|yaml))`/g)];
    expect(named.length).toBeGreaterThan(3);
    for (const [, file = ""] of named) expect(() => readFileSync(join(ROOT, file))).not.toThrow();
  });
});
