import { readFileSync } from "node:fs";

/** The flags with which a program has itself started by Node, as its first line says. */
export function nodeFlagsOf(program: string): string[] {
  const line = readFileSync(program, "utf8").split("\n", 1)[0] ?? "";
  return /^#!\/usr\/bin\/env -S node (.*)$/.exec(line)?.[1]?.split(" ") ?? [];
}
