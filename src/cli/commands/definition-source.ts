import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { decodeDefinition, loadDefinition } from "../../config/load-definition.ts";
import type { Definition } from "../../model/definition.ts";
import type { Diagnostic } from "../../model/diagnostic.ts";
import { CliError } from "../cli-error.ts";

export const DEFAULT_DEFINITION = "/etc/paceline/cluster.yaml";

/** A definition as it lies in a file, and what the loader says to it. */
export interface CheckedSource {
  readonly file: string;
  readonly text: string;
  readonly definition: Definition | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

/** Larger than any cluster; a wrong file name such as a disk image is not read into memory. */
const FILE_BYTES_MAX = 4 * 1024 * 1024;

/** Reads and checks a file; `-` is standard input. Only an unreadable file is thrown. */
export async function readDefinition(given: string | undefined): Promise<CheckedSource> {
  const file = given ?? DEFAULT_DEFINITION;
  const bytes = await readBytes(file, given === undefined);
  return checkBytes(bytes, file === "-" ? "(standard input)" : file);
}

export function checkBytes(bytes: Uint8Array, file: string): CheckedSource {
  const decoded = decodeDefinition(bytes, { file });
  if (decoded.text === undefined) {
    return { file, text: "", definition: undefined, diagnostics: decoded.diagnostics };
  }
  const loaded = loadDefinition(decoded.text, { file });
  return {
    file,
    text: decoded.text,
    definition: loaded.definition,
    diagnostics: [...decoded.diagnostics, ...loaded.diagnostics],
  };
}

async function readBytes(file: string, isDefault: boolean): Promise<Uint8Array> {
  try {
    // File descriptor 0 is standard input.
    const bytes = file === "-" ? readFileSync(0) : await readFile(file);
    if (bytes.length <= FILE_BYTES_MAX) return bytes;
    throw new CliError("FILE_TOO_LARGE", `${file} is too large for a definition`);
  } catch (error) {
    if (!isDefault || (error as { code?: unknown }).code !== "ENOENT") throw error;
    throw new CliError(
      "NO_DEFINITION",
      `there is no definition in ${file}`,
      "write one: paceline init --two-node -o cluster.yaml; or name the file",
    );
  }
}
