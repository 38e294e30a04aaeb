import { readdirSync, statSync } from "node:fs";
import type { AgentOutcome } from "../model/operation.ts";
import type { AgentName } from "../model/policy-definition.ts";
import { AgentExecutor } from "./agent-executor.ts";
import { AGENT_PATHS, type AgentPaths, lookUpAgent } from "./agent-lookup.ts";

/** An installed agent and where it is. */
export interface InstalledAgent extends AgentName {
  readonly path: string;
}

const META_DATA_TIMEOUT_MS = 10_000;
const META_DATA_MAX = 512 * 1024;

/** The OCF agents installed here, sorted by provider and type; ours are of provider paceline. */
export function listAgents(given: Partial<AgentPaths> = {}): InstalledAgent[] {
  const paths = { ...AGENT_PATHS, ...given };
  const agents = new Map<string, InstalledAgent>();
  const add = (provider: string, dir: string) => {
    for (const type of programsIn(dir)) {
      const agent = { class: "ocf", provider, type, path: `${dir}/${type}` };
      const name = `${provider}:${type}`;
      if (!agents.has(name)) agents.set(name, agent);
    }
  };
  for (const dir of paths.agentDirs) add("paceline", dir);
  for (const provider of namesIn(`${paths.ocfRoot}/resource.d`)) {
    add(provider, `${paths.ocfRoot}/resource.d/${provider}`);
  }
  return [...agents.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, agent]) => agent);
}

/** Where an agent is, or why it can't be used here. */
export function findAgent(agent: AgentName, given: Partial<AgentPaths> = {}): string | Error {
  const found = lookUpAgent(agent, "monitor", {}, { ...AGENT_PATHS, ...given });
  return found.found ? found.file : new Error(found.message);
}

/** Asks an OCF agent for its meta-data: the XML as printed, or why there is none. */
export async function readMetaData(
  agent: AgentName,
  given: Partial<AgentPaths> = {},
): Promise<{ readonly xml: string } | { readonly error: string }> {
  const paths = { ...AGENT_PATHS, ...given };
  const outcome = await new Promise<AgentOutcome>((resolve) => {
    const executor = new AgentExecutor({
      ...paths,
      outputMax: META_DATA_MAX,
      onDone: (_, done) => resolve(done),
    });
    executor.run({
      runId: 1,
      agent,
      action: "meta-data",
      resource: "none",
      env: { OCF_ROOT: paths.ocfRoot, OCF_RA_VERSION_MAJOR: "1", OCF_RA_VERSION_MINOR: "1" },
      params: {},
      timeoutMs: META_DATA_TIMEOUT_MS,
    });
  });
  if (outcome.reason === "exited" && outcome.rc === 0) return { xml: outcome.stdout };
  const said = outcome.stderr.trim().split("\n").at(-1);
  return { error: outcome.message ?? (said || `meta-data gave exit code ${outcome.rc}`) };
}

function programsIn(dir: string): string[] {
  return namesIn(dir).filter((name) => {
    if (name.startsWith(".") || /\.(sh|inc|md)$/.test(name)) return false;
    const entry = statSync(`${dir}/${name}`, { throwIfNoEntry: false });
    return entry?.isFile() === true && (entry.mode & 0o111) !== 0;
  });
}

function namesIn(dir: string): string[] {
  try {
    return readdirSync(dir).sort();
  } catch {
    return [];
  }
}
