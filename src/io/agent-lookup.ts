import { existsSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { AgentName } from "../model/policy-definition.ts";

/** Where agents are looked for. */
export interface AgentPaths {
  /** Directories with the agents of the provider paceline; the first that has one wins. */
  readonly agentDirs: readonly string[];
  readonly ocfRoot: string;
  readonly initDir: string;
  /** Exists where systemd runs (sd_booted). */
  readonly systemdMark: string;
}

/** The agents that come with the package: beside `src` in a checkout, beside `dist` installed. */
export const OWN_AGENT_DIR = fileURLToPath(new URL("../../agents", import.meta.url));

export const AGENT_PATHS: AgentPaths = {
  agentDirs: [OWN_AGENT_DIR],
  ocfRoot: "/usr/lib/ocf",
  initDir: "/etc/init.d",
  systemdMark: "/run/systemd/system",
};

export type AgentLookup =
  | {
      readonly found: true;
      readonly file: string;
      readonly args: readonly string[];
      readonly env: Readonly<Record<string, string>>;
    }
  | { readonly found: false; readonly rc: number; readonly message: string };

const NOT_INSTALLED = 5;
const NOT_CONFIGURED = 6;

/** Finds what is to be run for an action of an agent. */
export function lookUpAgent(
  agent: AgentName,
  action: string,
  params: Readonly<Record<string, string>>,
  paths: AgentPaths,
): AgentLookup {
  switch (agent.class) {
    case "ocf":
      return ocfAgent(agent, action, paths);
    case "systemd":
      return systemdUnit(agent, action, paths);
    case "lsb":
      return initScript(agent, action, paths);
    case "service":
      return isFile(`${paths.initDir}/${agent.type}`)
        ? initScript(agent, action, paths)
        : systemdUnit(agent, action, paths);
    case "heartbeat":
      return heartbeatScript(agent, action, params, paths);
    case "exec":
      return plainCommand(agent, action, params, paths);
    default:
      return refused(NOT_CONFIGURED, `there is no agent class ${agent.class}`);
  }
}

function ocfAgent(agent: AgentName, action: string, paths: AgentPaths): AgentLookup {
  const { provider = "heartbeat", type } = agent;
  if (!isPlainName(provider) || !isPlainName(type)) {
    return refused(NOT_CONFIGURED, `ocf:${provider}:${type} is no name of an agent`);
  }
  const candidates = ocfCandidates(provider, type, paths);
  const file = candidates.find(isFile);
  if (file !== undefined) return { found: true, file, args: [action], env: {} };
  return refused(
    NOT_INSTALLED,
    `agent ocf:${provider}:${type} is not installed (no ${candidates.join(", no ")})`,
  );
}

function ocfCandidates(provider: string, type: string, paths: AgentPaths): string[] {
  const standard = `${paths.ocfRoot}/resource.d/${provider}/${type}`;
  if (provider !== "paceline") return [standard];
  return [...paths.agentDirs.map((each) => `${each}/${type}`), standard];
}

function systemdUnit(agent: AgentName, action: string, paths: AgentPaths): AgentLookup {
  if (!existsSync(paths.systemdMark)) {
    const message = `systemd does not run here, so unit ${agent.type} can't be managed`;
    return refused(NOT_INSTALLED, message);
  }
  if (!/^[A-Za-z0-9:_.@\\-]+$/.test(agent.type)) {
    return refused(NOT_CONFIGURED, `${agent.type} is no name of a systemd unit`);
  }
  return helper("systemd-unit", [action, agent.type], paths);
}

function initScript(agent: AgentName, action: string, paths: AgentPaths): AgentLookup {
  const file = `${paths.initDir}/${agent.type}`;
  if (!isPlainName(agent.type) || !isFile(file)) {
    return refused(NOT_INSTALLED, `init script ${file} is not installed`);
  }
  return helper("init-script", [action, file], paths);
}

/** Heartbeat's scripts take the parameters named 1, 2, 3 … before the action (haresources). */
function heartbeatScript(
  agent: AgentName,
  action: string,
  params: Readonly<Record<string, string>>,
  paths: AgentPaths,
): AgentLookup {
  const file = `/etc/ha.d/resource.d/${agent.type}`;
  if (!isPlainName(agent.type) || !isFile(file)) {
    return refused(NOT_INSTALLED, `heartbeat script ${file} is not installed`);
  }
  const given: string[] = [];
  for (let i = 1; params[String(i)] !== undefined; i++) given.push(params[String(i)]!);
  return helper("init-script", [action, file, ...given], paths);
}

/** `exec`: a plain command with a check, run by our agent `service`. */
function plainCommand(
  agent: AgentName,
  action: string,
  params: Readonly<Record<string, string>>,
  paths: AgentPaths,
): AgentLookup {
  const service = ocfAgent({ class: "ocf", provider: "paceline", type: "service" }, action, paths);
  if (!service.found || params["command"] !== undefined) return service;
  return { ...service, env: { OCF_RESKEY_command: agent.type } };
}

function helper(name: string, args: readonly string[], paths: AgentPaths): AgentLookup {
  for (const dir of [...paths.agentDirs, OWN_AGENT_DIR]) {
    const file = `${dir}/lib/${name}`;
    if (isFile(file)) return { found: true, file, args, env: {} };
  }
  return refused(NOT_INSTALLED, `paceline's own ${name} is missing`);
}

function refused(rc: number, message: string): AgentLookup {
  return { found: false, rc, message };
}

/** A name that stays in its directory. */
function isPlainName(name: string): boolean {
  return /^[A-Za-z0-9_][A-Za-z0-9_.+@-]*$/.test(name);
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}
