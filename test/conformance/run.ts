/**
 * Holds the engine against Pacemaker's scheduler cases, where their data lies beside the
 * repository: prints the score per level and feature and the failing cases, and fails if fewer
 * cases pass than the committed level says. With --write the level is raised to what passes.
 */
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { scratchDirectory, spawnBound } from "../support/at-end.ts";

const LEVELS = ["L1", "L2", "L3", "L4"] as const;
type Level = (typeof LEVELS)[number];

/** How many cases of a tier pass each level. */
type Score = Record<Level, number>;
type Tiers = Record<string, Score>;
type Differences = Record<string, Record<string, readonly string[] | null>>;

const ROOT = resolve(import.meta.dirname, "../../..");
const DATA = process.env["PACELINE_CTS"] ?? resolve(ROOT, "../shared/cts");
const LEVEL_FILE = resolve(ROOT, "test/conformance/level.json");

async function main(): Promise<number> {
  if (!existsSync(join(DATA, "score.py"))) {
    console.log(`conformance: skipped, there are no cases at ${DATA}`);
    return 0;
  }
  const differences = await runScore();
  if (differences === undefined) return 1;
  const reached = countPassing(differences);
  if (process.argv.includes("--write")) {
    writeFileSync(LEVEL_FILE, `${JSON.stringify(reached, undefined, 2)}\n`);
    console.log(`level written to ${LEVEL_FILE}`);
    return 0;
  }
  return compareWithLevel(reached);
}

async function runScore(): Promise<Differences | undefined> {
  const folder = scratchDirectory("paceline-conformance");
  const output = join(folder.path, "differences.json");
  const engine = `${process.execPath} ${join(ROOT, "dist/cli/main.js")} simulate --batch`;
  try {
    const args = [join(DATA, "score.py"), "--batch-cmd", engine, "--json", output];
    // score.py exits with 1 where cases fail: the level file decides instead.
    const python = spawnBound("python3", args, { stdio: "inherit", cwd: DATA });
    const outcome = await once(python, "exit").then(() => "no output", String);
    if (!existsSync(output)) {
      console.error(`conformance: score.py did not run: ${outcome}`);
      return undefined;
    }
    return JSON.parse(readFileSync(output, "utf8")) as Differences;
  } finally {
    folder.remove();
  }
}

function countPassing(differences: Differences): Tiers {
  const tiers: Tiers = {};
  for (const [name, byLevel] of Object.entries(differences).sort()) {
    const file = join(DATA, "expected", `${name}.json`);
    const { tier } = JSON.parse(readFileSync(file, "utf8")) as { tier: number };
    const score = tiers[`tier ${tier}`] ?? { L1: 0, L2: 0, L3: 0, L4: 0 };
    tiers[`tier ${tier}`] = score;
    for (const level of LEVELS) if (byLevel[level]?.length === 0) score[level]++;
  }
  return Object.fromEntries(Object.entries(tiers).sort());
}

function compareWithLevel(reached: Tiers): number {
  if (!existsSync(LEVEL_FILE)) {
    console.error(`conformance: ${LEVEL_FILE} is missing: write it with --write`);
    return 1;
  }
  const committed = JSON.parse(readFileSync(LEVEL_FILE, "utf8")) as Tiers;
  let fallen = 0;
  for (const [tier, score] of Object.entries(committed)) {
    for (const level of LEVELS) {
      const now = reached[tier]?.[level] ?? 0;
      if (now >= score[level]) continue;
      fallen++;
      console.error(`conformance: ${tier} ${level} fell from ${score[level]} to ${now}`);
    }
  }
  console.log(fallen === 0 ? "conformance: the committed level holds" : "conformance: FAILED");
  return fallen === 0 ? 0 : 1;
}

process.exitCode = await main();
