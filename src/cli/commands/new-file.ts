import { writeFile } from "node:fs/promises";
import type { CliContext } from "../cli-context.ts";
import { CliError } from "../cli-error.ts";

/** Writes a definition that was made for somebody; an existing one is somebody's work. */
export async function writeNewFile(context: CliContext, file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text, { flag: "wx", mode: 0o644 });
  } catch (error) {
    if ((error as { code?: unknown }).code !== "EEXIST") throw error;
    throw new CliError("FILE_EXISTS", `${file} is there already: nothing was written`);
  }
  context.out(`wrote ${file}; check it with: paceline config check ${file}\n`);
}
