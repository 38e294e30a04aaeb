#!/usr/bin/env -S node --single-threaded-gc --max-semi-space-size=2
import { announceStart } from "../io/interim.ts";

// The flags above: COLLECT_ALONE (messaging-worker.ts), and a small young generation, without which
// the plan of a large cluster takes 20 MB more and no less time.

/** Calls that run no node. */
const NO_NODE = ["--arbiter", "--help", "-h", "--version", "-V"];

// Before all else, and so before the program is read that takes the arguments apart properly.
const args = process.argv.slice(2);
if (!args.some((arg) => NO_NODE.includes(arg))) announceStart(runDirOf(args));
const { runCommandLine } = await import("./command-line.ts");
await runCommandLine();

function runDirOf(all: readonly string[]): string {
  const at = all.findLastIndex((arg) => arg === "--run-dir" || arg.startsWith("--run-dir="));
  if (at < 0) return "/run/paceline";
  return all[at]?.split("=")[1] ?? all[at + 1] ?? "/run/paceline";
}
