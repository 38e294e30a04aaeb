import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { diffDefinitions } from "../../src/config/diff-definitions.ts";
import { decodeDefinition, loadDefinition } from "../../src/config/load-definition.ts";
import { renderDiagnostics } from "../../src/config/render-diagnostics.ts";

const ETC = join(import.meta.dirname, "../../etc");
const EXAMPLES = ["cluster.yaml", "full.yaml", "two-nodes.yaml"].map((name) =>
  readFileSync(join(ETC, name), "utf8"),
);

/** What holds for any text whatever. */
function expectSaneAnswer(text: string): void {
  const { definition, diagnostics } = loadDefinition(text, { file: "f" });
  const errors = diagnostics.filter((each) => each.severity === "error");
  expect(errors.length > 0).toBe(definition === undefined);
  const lines = text.split("\n");
  for (const { at, message, hint } of diagnostics) {
    expect(message).not.toBe("");
    expect(hint ?? "").not.toBe("");
    if (at === undefined) continue;
    expect(at.line).toBeGreaterThanOrEqual(1);
    expect(at.line).toBeLessThanOrEqual(lines.length);
    expect(at.column).toBeGreaterThanOrEqual(1);
    expect(at.column).toBeLessThanOrEqual(lines[at.line - 1]!.length + 1);
    expect(at.length).toBeGreaterThanOrEqual(1);
  }
  expect(typeof renderDiagnostics(diagnostics, text, { color: true })).toBe("string");
  if (definition !== undefined) expect(diffDefinitions(definition, definition)).toEqual([]);
}

const WORDS = fc.constantFrom(
  "cluster",
  "nodes",
  "resources",
  "agent",
  "vip",
  "ocf:heartbeat:x",
  "group",
  "clone",
  "params",
  "meta",
  "operations",
  "monitor",
  "10s",
  "INFINITY",
  "-1",
  "true",
  "~",
  "",
  "10.0.0.1",
  "fd00::1",
  "constraints",
  "location",
  "colocation",
  "order",
  "ticket",
  "rule",
  "defined a or (b lt 1",
  "sets",
  "members",
  "node",
  "score",
  "first",
  "then",
  "with",
  "fencing",
  "devices",
  "topology",
  "targets",
  "quorum",
  "properties",
  "checks",
  "ping",
  "alerts",
  "tags",
  "templates",
  "bundle",
  "constructor",
  "__proto__",
  "toString",
  "5constructor",
  "a:constructor",
  "podman",
  "<<",
);

/** Trees of plausible words in plausible places. */
const tree = fc.letrec((tie) => ({
  node: fc.oneof({ maxDepth: 5, depthSize: "small" }, WORDS, tie("list"), tie("map")),
  list: fc.array(tie("node"), { maxLength: 4 }),
  map: fc.dictionary(WORDS, tie("node"), { maxKeys: 6 }),
}));

describe("the loader", () => {
  test("answers to any text", () => {
    fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 300 }), expectSaneAnswer));
  });

  test("answers to any tree", () => {
    fc.assert(
      fc.property(tree.map, (map) => {
        expectSaneAnswer(JSON.stringify({ cluster: "c", nodes: { a: "10.0.0.1" }, ...map }));
      }),
      { numRuns: 120 },
    );
  });

  test("answers to its examples with pieces cut out, doubled or replaced", () => {
    const piece = fc.oneof(
      WORDS,
      fc.constantFrom(
        "\t",
        "\n",
        "  ",
        "[",
        "]",
        "{",
        "}",
        ": ",
        "- ",
        "'",
        '"',
        "&a ",
        "*a",
        "#",
        "|",
        "\u0000",
        "é",
        "😀",
      ),
    );
    const edit = fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat({ max: 12 }), piece);
    const edits = fc.array(edit, { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(fc.constantFrom(...EXAMPLES), edits, (example, changes) => {
        let text = example;
        for (const [place, length, inserted] of changes) {
          const at = Math.floor(place * text.length);
          text = text.slice(0, at) + inserted + text.slice(at + length);
        }
        expectSaneAnswer(text);
      }),
      { numRuns: 120 },
    );
  });

  test("answers to any rule", () => {
    const words = fc.constantFrom(
      "ping",
      "lt",
      "number:gt",
      "1",
      "defined",
      "and",
      "or",
      "(",
      ")",
      "date",
      "in",
      "spec",
      "start=2026-01-01",
      "hours=9-17",
      "#uname",
      "eq",
      "'a b'",
      '"',
      "op",
      "resource",
      "$role=Promoted",
      "10:",
      "param(x)",
      "constructor",
    );
    fc.assert(
      fc.property(fc.array(words, { maxLength: 9 }), (parts) => {
        const rule = JSON.stringify(parts.join(" "));
        const constraint = `{ resource: a, score: 1, rule: ${rule} }`;
        expectSaneAnswer(
          `cluster: c\nnodes: { n: 10.0.0.1 }\nresources: { a: { agent: dummy } }\nconstraints: { location: [${constraint}] }\n`,
        );
      }),
      { numRuns: 120 },
    );
  });
});

describe("what is no definition at all", () => {
  test("leaves stack traces as they were, however many errors it holds", () => {
    const before = Error.stackTraceLimit;
    loadDefinition(`a: [\n${"{b: c\n".repeat(500)}`);
    expect(Error.stackTraceLimit).toBe(before);
  });

  const one = (text: string) => loadDefinition(text).diagnostics.map((each) => each.code);

  test.each([
    ["NUL bytes", "cluster: c\u0000\n", ["BAD_CHARACTER"]],
    ["an escape sequence", "cluster: \u001b[31mc\n", ["BAD_CHARACTER"]],
    ["too much", `#${" ".repeat(2 * 1024 * 1024)}`, ["TOO_LARGE"]],
    ["nothing", "", ["EMPTY"]],
    ["too many lines", "\n".repeat(60_000), ["TOO_LARGE"]],
    ["a line without end", `a: ${"x".repeat(40_000)}`, ["LONG_LINE"]],
    ["too many values in short lines", `a: [${"b,\n ".repeat(300_000)}]`, ["TOO_LARGE"]],
    ["too many empty lists", `a: [${"[],\n ".repeat(100_000)}]`, ["TOO_LARGE"]],
    ["too many aliases", `a: &a x\nb: [${"*a,\n ".repeat(150_000)}]`, ["TOO_LARGE"]],
    ["deep nesting", "[".repeat(20_000), ["YAML_TOO_DEEP"]],
    ["deep nesting over many lines", "[\n".repeat(20_000), ["YAML_TOO_DEEP"]],
    ["lists in lists on one line", "- ".repeat(10_000), ["YAML_TOO_DEEP"]],
    ["maps in maps on one line", "a: ".repeat(3000), ["YAML_RESOURCE_EXHAUSTION"]],
    ["deep indentation", `${" ".repeat(600)}a: 1\n`, ["YAML_TOO_DEEP"]],
    ["a line of dashes", "---------------------------------------------\n", ["WRONG_TYPE"]],
    ["deep nesting that ends", `a: ${"[".repeat(60)}${"]".repeat(60)}`, ["YAML_TOO_DEEP"]],
  ])("%s", (_name, text, expected) => {
    expect(one(text)).toEqual(expected);
  });

  test("complaints are bounded", () => {
    const keys = Array.from({ length: 5000 }, (_, index) => `x${index}: 1\n`).join("");
    const codes = one(`cluster: c\nnodes: { a: 10.0.0.1 }\n${keys}`);
    expect(codes.length).toBeLessThanOrEqual(201);
    expect(codes).toContain("TOO_MANY");
  });

  test("bytes that are not UTF-8 are refused with their place", () => {
    const bytes = new Uint8Array([0x61, 0x3a, 0x20, 0x62, 0x0a, 0x63, 0x3a, 0x20, 0xe9, 0x0a]);
    const { text, diagnostics } = decodeDefinition(bytes, { file: "f" });
    expect(text).toBeUndefined();
    expect(diagnostics).toMatchObject([{ code: "NOT_UTF8", at: { line: 2, column: 4 } }]);
  });

  test("a byte order mark and Windows line ends are no trouble", () => {
    const text = "\ufeffcluster: c\r\nnodes: { a: 10.0.0.1 }\r\nresources: {}\r\n";
    const decoded = decodeDefinition(new TextEncoder().encode(text)).text!;
    expect(loadDefinition(decoded).definition?.cluster).toBe("c");
    expect(loadDefinition(text).definition?.cluster).toBe("c");
  });
});
