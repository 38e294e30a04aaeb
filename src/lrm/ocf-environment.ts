import type { AgentName } from "../model/policy-definition.ts";

/** What this installation tells every agent. */
export interface AgentEnvironment {
  readonly node: string;
  /** Where OCF agents live; /usr/lib/ocf by the standard. */
  readonly ocfRoot: string;
  /** The directory of the helper commands (crm_attribute, crm_master …). */
  readonly helperDir?: string;
  /** The program that runs the helper commands. */
  readonly nodeJs?: string;
  /** The daemon's run directory: the helper commands find its control socket there. */
  readonly runDir?: string;
  /** Agents are asked for their meta-data, so that a change may be a reload instead of a restart. */
  readonly askAgents?: boolean;
}

/** One run, as far as the environment depends on it. */
export interface EnvironmentInput {
  readonly resource: string;
  readonly agent: AgentName;
  readonly operation: string;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly params: Readonly<Record<string, string>>;
  readonly meta: Readonly<Record<string, string>>;
}

/** Agents compare it to learn what the cluster manager can do (promotion words: 3.10 and later). */
const CRM_FEATURE_SET = "3.19.0";

/**
 * The environment of an agent: OCF Resource Agent API 1.1, "Parameters and special parameters",
 * plus the HA_ variables which the resource-agents tree takes from its shell library when unset.
 */
export function ocfEnvironment(
  installation: AgentEnvironment,
  input: EnvironmentInput,
): Record<string, string> {
  return {
    ...heartbeatVariables(installation),
    ...pacelineVariables(installation),
    OCF_ROOT: installation.ocfRoot,
    OCF_RA_VERSION_MAJOR: "1",
    OCF_RA_VERSION_MINOR: "1",
    OCF_RESOURCE_INSTANCE: input.resource,
    OCF_RESOURCE_TYPE: input.agent.type,
    ...(input.agent.provider === undefined ? {} : { OCF_RESOURCE_PROVIDER: input.agent.provider }),
    OCF_RESKEY_crm_feature_set: CRM_FEATURE_SET,
    ...parameterVariables(input.params),
    ...metaVariables(installation, input),
  };
}

function heartbeatVariables(installation: AgentEnvironment): Record<string, string> {
  return {
    HA_RSCTMP: "/run/resource-agents",
    HA_VARRUN: "/run",
    HA_LOGD: "no",
    HA_debug: "0",
    HA_LOGFACILITY: "daemon",
    HA_LOGTAG: "paceline",
    // Agents call "${HA_SBIN_DIR}/crm_master": the helpers must be found there.
    ...(installation.helperDir === undefined ? {} : { HA_SBIN_DIR: installation.helperDir }),
  };
}

function pacelineVariables(installation: AgentEnvironment): Record<string, string> {
  return {
    PACELINE_NODE: installation.node,
    ...(installation.runDir === undefined ? {} : { PACELINE_RUN_DIR: installation.runDir }),
    ...(installation.nodeJs === undefined ? {} : { PACELINE_NODEJS: installation.nodeJs }),
  };
}

function parameterVariables(params: Readonly<Record<string, string>>): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const [name, value] of Object.entries(params)) {
    if (!isUsable(name, value)) continue;
    // The one parameter that goes unprefixed (OCF 1.1, "Check levels").
    if (name === "OCF_CHECK_LEVEL") variables["OCF_CHECK_LEVEL"] = value;
    variables[`OCF_RESKEY_${name}`] = value;
  }
  return variables;
}

function metaVariables(
  installation: AgentEnvironment,
  input: EnvironmentInput,
): Record<string, string> {
  const prefix = "OCF_RESKEY_CRM_meta_";
  const variables: Record<string, string> = {
    [`${prefix}timeout`]: String(input.timeoutMs),
    [`${prefix}interval`]: String(input.intervalMs),
    [`${prefix}name`]: input.operation,
    [`${prefix}on_node`]: installation.node,
  };
  for (const [name, value] of Object.entries(input.meta)) {
    if (isUsable(name, value)) variables[`OCF_RESKEY_${name.replaceAll("-", "_")}`] = value;
  }
  return variables;
}

/** A name with "=" or a NUL anywhere can't be put into an environment. */
function isUsable(name: string, value: string): boolean {
  return name !== "" && !name.includes("=") && !name.includes("\0") && !value.includes("\0");
}
