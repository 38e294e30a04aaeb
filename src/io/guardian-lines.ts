import type { GuardEntry } from "../model/operation.ts";
import { type AgentPaths, lookUpAgent } from "./agent-lookup.ts";

const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** A shell can't export other names. */
const SHELL_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** The words of a `set` line for an entry; undefined if its agent can't be found. */
export function guardWords(
  entry: GuardEntry,
  paths: AgentPaths,
  helperDir?: string,
): string | undefined {
  const found = lookUpAgent(entry.agent, "stop", entry.params, paths);
  // An address goes even without its agent.
  if (!found.found && entry.addresses.length === 0) return undefined;
  const program = found.found ? [found.file, ...found.args] : ["true"];
  const path = helperDir === undefined ? PATH : `${helperDir}:${PATH}`;
  const env = { PATH: path, ...entry.env, ...(found.found ? found.env : {}) };
  const assignments = Object.entries(env)
    .filter(([name]) => SHELL_NAME.test(name))
    .map(([name, value]) => `${name}=${value}`);
  const seconds = String(Math.max(1, Math.ceil(entry.timeoutMs / 1000)));
  const words = [seconds, entry.resource, entry.addresses.join(" ")];
  return [...words, ...assignments, "--", ...program].map(quoted).join(" ");
}

/** A word for the shell, on one line: newlines are spelled by the guardian's variable `nl`. */
export function quoted(word: string): string {
  const inner = word.replaceAll("\0", "").replaceAll("'", `'\\''`).replaceAll("\n", `'"$nl"'`);
  return `'${inner}'`;
}
