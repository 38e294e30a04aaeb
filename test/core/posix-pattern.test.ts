import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { compilePattern } from "../../src/core/posix-pattern.ts";
import { SeededRandom } from "../../src/core/random.ts";

function match(pattern: string, text: string): readonly (string | undefined)[] | undefined {
  const compiled = compilePattern(pattern);
  if ("problem" in compiled) throw new Error(compiled.problem);
  const found = compiled.expression.exec(text);
  return found === null ? undefined : [...found];
}

describe("a POSIX pattern matches as it does for Pacemaker", () => {
  test.each([
    ["^web-[[:digit:]]+$", "web-12", "web-12"],
    ["^web-[[:digit:]]+$", "web-x", undefined],
    ["[[:upper:]_]", "dB", "B"],
    ["[^[:alpha:]]", "ab-1", "-"],
    ["[]-]", "a]", "]"],
    ["[a\\]", "\\", "\\"],
    ["[[.-.]]", "a-b", "-"],
    ["a{,2}b", "aab", "aab"],
    ["(a*)+?b", "aab", "aab"],
    ["(ab)\\1", "abab", "abab"],
    ["a)", "(a)", "a)"],
    ["\\<db\\>", "my db 1", "db"],
    ["a\\.b", "a.b", "a.b"],
    ["a/b-c}", "a/b-c}", "a/b-c}"],
    ["x|", "y", ""],
    ["a.b", "a\nb", "a\nb"],
  ])("%s on %s", (pattern, text, expected) => {
    expect(match(pattern, text)?.[0]).toBe(expected);
  });

  test("its groups keep their numbers", () => {
    expect(match("(a|b){2}(-)", "ab-")).toEqual(["ab-", "b", "-"]);
  });
});

describe("what is no POSIX pattern is refused", () => {
  test.each([
    ["\\d+", "\\d has no meaning"],
    ["(?!a)", "there is nothing before a ?"],
    ["*", "there is nothing before a *"],
    ["^*", "there is nothing before a *"],
    ["a|+", "there is nothing before a +"],
    ["{2}", "there is nothing before a {"],
    ["a{x}", "a { begins no {1,2}"],
    ["a{2", "a { begins no {1,2}"],
    ["a{3,2}", "{3,2} is no number of times"],
    ["a{40000}", "{40000} is no number of times"],
    ["(a", "a ( is never closed"],
    ["[a", "a [ is never closed"],
    ["[[:alpha", "a [: is never closed"],
    ["[[:vowel:]]", "there is no [:vowel:]"],
    ["[[.space.]]", "there is no [.space.]"],
    ["[z-a]", "z-a is no range"],
    ["[[:digit:]-z]", "a class cannot be the end of a range"],
    ["[a-c-e]", "a - stands between no two characters"],
    ["a\\", "it ends with a \\"],
    ["(a\\1)", "there is no group before \\1 that it could mean"],
    ["a".repeat(2000), "longer than 1024 characters"],
  ])("%s: %s", (pattern, problem) => {
    expect(compilePattern(pattern)).toEqual({ problem });
  });
});

const PIECES = [
  ..."ab0-[]^$.*+?{}()|\\/ ",
  ...["{1,2}", "{2}", "{,1}", "\\w", "\\<", "\\.", "[:alpha:]", "[[:digit:]]"],
  ...["[^a]", "[a-c]", "[]a]", "[a-]", "[.-.]", "[=a=]", "(a|b)", "\\1"],
];
const TEXTS = ["", "a", "ab", "aab", "a-b", "a0", "[a]", "(", "a.b", "^a", "b$", "a b", "{a}", "/"];

function randomPattern(random: SeededRandom): string {
  const pieces = Array.from({ length: 1 + random.below(6) }, () => {
    return PIECES[random.below(PIECES.length)]!;
  });
  return pieces.join("");
}

/** Bash hands patterns to regcomp(3) as they are: 0 matches, 1 does not, 2 is no pattern. */
function bashVerdicts(patterns: readonly string[]): readonly string[] {
  const texts = TEXTS.map((text) => `'${text}'`).join(" ");
  const each = `for text in ${texts}; do [[ $text =~ $pattern ]]; printf %s $?; done; echo`;
  const script = `while IFS= read -r pattern; do ${each}; done`;
  const input = `${patterns.join("\n")}\n`;
  const env = { ...process.env, LC_ALL: "C" };
  return spawnSync("bash", ["-c", script], { input, encoding: "utf8", env }).stdout.split("\n");
}

test("random patterns match what they match for regcomp(3), or are refused by both", () => {
  const random = new SeededRandom(1);
  // What POSIX leaves open and glibc takes for the letter itself is refused here.
  const patterns = Array.from({ length: 2000 }, () => randomPattern(random)).filter(
    (each) => !/\\[a0-9]/.test(each.replaceAll("\\1", "")),
  );
  const theirs = bashVerdicts(patterns);
  const ours = patterns.map((pattern) => {
    const compiled = compilePattern(pattern);
    if ("problem" in compiled) return "2".repeat(TEXTS.length);
    return TEXTS.map((text) => (compiled.expression.test(text) ? "0" : "1")).join("");
  });
  const different = patterns.filter((_, i) => ours[i] !== theirs[i]);
  expect(different).toEqual([]);
});
