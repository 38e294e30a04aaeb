import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./lab-commands.ts";

/** The protocol versions that a build speaks. */
export interface Spoken {
  readonly min: number;
  readonly max: number;
}

/**
 * Makes a build that speaks other versions of the protocol than this one, as a release before or
 * after it would; answers the program to run as its daemon.
 */
export function buildSpeaking(spoken: Spoken, directory: string): string {
  mkdirSync(directory, { recursive: true });
  cpSync(join(ROOT, "dist"), join(directory, "dist"), { recursive: true });
  for (const name of ["agents", "node_modules", "package.json"]) {
    symlinkSync(join(ROOT, name), join(directory, name));
  }
  const file = join(directory, "dist/wire/frame-header.js");
  const text = readFileSync(file, "utf8")
    .replace(/MIN_VERSION = \d+/, `MIN_VERSION = ${spoken.min}`)
    .replace(/MAX_VERSION = \d+/, `MAX_VERSION = ${spoken.max}`);
  writeFileSync(file, text);
  return join(directory, "dist/daemon/main.js");
}
