import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { type CliContext, printJson } from "../cli-context.ts";
import { CliError } from "../cli-error.ts";
import { EXIT, type ExitCode } from "../cli-exit-codes.ts";
import type { InstallOptions } from "../program-setup.ts";
import { columns } from "../views/columns.ts";
import { carryOutStep, type InstallStep, type StepResult } from "./install-files.ts";
import { type InstallRole, installSteps } from "./install-steps.ts";

/**
 * `paceline install`: puts agents, service, example definition, completion and a new key in place.
 * May be repeated: what is right is left alone, a key is never replaced, a definition never touched.
 */
export async function installCommand(
  context: CliContext,
  options: InstallOptions,
): Promise<ExitCode> {
  const root = options.root ?? "/";
  const role = options.arbiter === true ? "arbiter" : "node";
  const steps = installSteps(options.prefix ?? "/usr/local", root, role);
  const results = carryOut(steps, root, options.dryRun === true);
  if (context.json) printJson(context, { dryRun: options.dryRun === true, steps: results });
  else {
    showResults(context, results);
    context.out(options.dryRun === true ? "(nothing was done: --dry-run)\n" : NEXT_STEPS[role]);
  }
  const changed = results.some((each) => each.outcome !== "unchanged");
  if (changed && options.root === undefined && options.dryRun !== true) await reloadSystemd();
  return results.some((each) => each.warning !== undefined) ? EXIT.failed : EXIT.ok;
}

function carryOut(steps: readonly InstallStep[], root: string, dryRun: boolean): StepResult[] {
  try {
    return steps.map((step) => carryOutStep(step, root, dryRun));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== "EACCES" && code !== "EPERM") throw error;
    throw new CliError(code, message, "run this as root: sudo paceline install");
  }
}

function showResults(context: CliContext, results: readonly StepResult[]): void {
  const rows = withoutModules(results).map((each) => [
    each.outcome === "unchanged" ? context.paint("dim", "unchanged") : each.outcome,
    each.path,
    each.note ?? "",
  ]);
  for (const line of columns(rows)) context.out(`${line}\n`);
  for (const each of results) {
    if (each.warning !== undefined) context.err(`${context.paint("red", each.warning)}\n`);
  }
}

/** Hundreds of files of the program itself are one line; the others are what an operator looks for. */
function withoutModules(results: readonly StepResult[]): StepResult[] {
  const inside = results.filter((each) => PROGRAM_FILE.test(each.path));
  const rest = results.filter((each) => !PROGRAM_FILE.test(each.path));
  const changed = inside.find((each) => each.outcome !== "unchanged");
  const path = inside[0]?.path.replace(PROGRAM_FILE, "");
  if (path === undefined) return rest;
  const outcome = changed?.outcome ?? "unchanged";
  return [{ path, outcome, note: `the program: ${inside.length} files` }, ...rest];
}

const PROGRAM_FILE = /(?<=\/lib\/paceline)\/.*$/;

const NEXT_STEPS: Readonly<Record<InstallRole, string>> = {
  node: `
Next:
  1. write /etc/paceline/cluster.yaml (paceline init --two-node), and paceline config check
  2. copy /etc/paceline/cluster.yaml and /etc/paceline/key to the other nodes; keep the key 0600
  3. on every node: systemctl enable --now paceline
`,
  arbiter: `
Next:
  1. put the cluster's key in /etc/paceline/arbiter.key, or this new one on every node
     (quorum: arbiter-key-file); several clusters: see systemctl cat paceline-arbiter
  2. systemctl enable --now paceline-arbiter
  3. in cluster.yaml, quorum: { arbiter: this machine's address }, and paceline config apply
`,
};

/** systemd must read the unit; on a machine without systemd there is nobody to tell. */
function reloadSystemd(): Promise<void> {
  if (!existsSync("/run/systemd/system")) return Promise.resolve();
  return new Promise((resolve) => {
    execFile("systemctl", ["daemon-reload"], { timeout: 30_000 }, () => resolve());
  });
}
