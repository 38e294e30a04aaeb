import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CliContext, confirm, withClient } from "../cli-context.ts";
import { CliError, usageError } from "../cli-error.ts";
import { EXIT, type ExitCode } from "../cli-exit-codes.ts";
import type { ApplyOptions } from "../program-config.ts";
import { countDiagnostics, showDiagnostics } from "./config-check.ts";
import { applySource } from "./config-command.ts";
import { type CheckedSource, checkBytes } from "./definition-source.ts";

/**
 * `paceline config edit`: the definition in force in the operator's editor, until it is valid or
 * given up. Applied only if nobody else changed the definition meanwhile.
 */
export async function editConfig(context: CliContext, options: ApplyOptions): Promise<ExitCode> {
  const editor = context.env["VISUAL"] || context.env["EDITOR"] || "vi";
  if (context.json) throw usageError("config edit is for people; programs use config apply");
  const inForce = await withClient(context, (client) => client.request({ method: "config-show" }));
  const directory = await mkdtemp(join(tmpdir(), "paceline-edit-"));
  let keep = false;
  try {
    const file = join(directory, "cluster.yaml");
    await writeFile(file, inForce.text, { mode: 0o600 });
    const source = await editUntilValid(context, editor, file);
    if (source.text === inForce.text) {
      context.out("nothing was changed\n");
      return EXIT.ok;
    }
    keep = true;
    const code = await applySource(context, source, { ...options, base: inForce.version });
    keep = code !== EXIT.ok;
    return code;
  } catch (error) {
    keep = true;
    throw error;
  } finally {
    if (keep) context.err(`what you wrote is kept in ${directory}/cluster.yaml\n`);
    else await rm(directory, { recursive: true, force: true });
  }
}

async function editUntilValid(
  context: CliContext,
  editor: string,
  file: string,
): Promise<CheckedSource> {
  for (;;) {
    await runEditor(editor, file);
    const source = checkBytes(await readFile(file), file);
    if (countDiagnostics(source).errors === 0) return source;
    showDiagnostics(context, source);
    if (!(await confirm(context, "Edit again?", false))) {
      throw new CliError("INVALID_DEFINITION", "it has errors: nothing was changed");
    }
  }
}

/** Through the shell, because EDITOR may hold options (`code --wait`); the file is an argument. */
function runEditor(editor: string, file: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn("/bin/sh", ["-c", `${editor} "$1"`, "sh", file], { stdio: "inherit" });
    child.once("error", reject);
    child.once("exit", (code) => {
      if (code === 0) resolve();
      else reject(new CliError("EDITOR_FAILED", `the editor (${editor}) ended with ${code}`));
    });
  });
}
