import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { formatAgentName } from "../../config/agent-words.ts";
import { closest } from "../../core/suggestion.ts";
import { findAgent, listAgents as listOcfAgents, readMetaData } from "../../io/agent-catalog.ts";
import { parseMetaData } from "../../lrm/ocf-metadata.ts";
import type { AgentName } from "../../model/policy-definition.ts";
import { type CliContext, printJson } from "../cli-context.ts";
import { CliError, usageError } from "../cli-error.ts";
import { EXIT, type ExitCode } from "../cli-exit-codes.ts";
import { agentView } from "../views/agent-view.ts";

/** `paceline agent list [filter]`: names as they are written in a definition. */
export async function listAgents(
  context: CliContext,
  filter: string | undefined,
): Promise<ExitCode> {
  const wanted = filter ?? "ocf";
  const names = (await agentsOf(wanted)).filter(
    (name) => name === wanted || name.startsWith(wanted.endsWith(":") ? wanted : `${wanted}:`),
  );
  if (context.json) printJson(context, names);
  for (const name of context.json ? [] : names) context.out(`${name}\n`);
  if (names.length > 0) return EXIT.ok;
  if (!context.json) context.err(`no agents of ${wanted} are installed here\n`);
  return EXIT.failed;
}

async function agentsOf(filter: string): Promise<string[]> {
  const [agentClass] = filter.split(":");
  if (agentClass === "ocf") return listOcfAgents().map(formatAgentName);
  if (agentClass === "systemd") return await systemdUnits();
  if (agentClass === "lsb") return scripts("/etc/init.d", "lsb");
  if (agentClass === "heartbeat") return scripts("/etc/ha.d/resource.d", "heartbeat");
  if (agentClass === "service") {
    const units = (await systemdUnits()).map((name) => name.replace(/^systemd/, "service"));
    return [...new Set([...scripts("/etc/init.d", "service"), ...units])].sort();
  }
  throw usageError(`there is no class of agents ${agentClass}`, "ocf, systemd, lsb, service");
}

function scripts(directory: string, agentClass: string): string[] {
  try {
    return readdirSync(directory, { withFileTypes: true })
      .filter((entry) => !entry.isDirectory() && !entry.name.startsWith("."))
      .map((entry) => `${agentClass}:${entry.name}`)
      .sort();
  } catch {
    return [];
  }
}

/** Empty where systemd does not run. */
function systemdUnits(): Promise<string[]> {
  const args = ["list-unit-files", "--type=service", "--no-legend", "--plain", "--no-pager"];
  return new Promise((resolve) => {
    execFile("systemctl", args, { timeout: 10_000 }, (_error, stdout) => {
      const units = stdout.split("\n").map((line) => line.split(/\s/)[0] ?? "");
      const names = units.filter((unit) => unit.endsWith(".service"));
      resolve(names.map((unit) => `systemd:${unit.replace(/\.service$/, "")}`).sort());
    });
  });
}

/** `paceline agent info AGENT`: its meta-data for people, with a piece of definition to copy. */
export async function agentInfo(context: CliContext, given: string): Promise<ExitCode> {
  const agent = readName(given);
  const name = formatAgentName(agent);
  if (agent.class !== "ocf") {
    throw usageError(`${name} has no meta-data`, "only OCF agents describe themselves");
  }
  const path = findAgent(agent);
  if (path instanceof Error) {
    const known = listOcfAgents();
    const type = closest(agent.type, [...new Set(known.map((each) => each.type))]);
    const near = known.find((each) => each.type === type);
    const hint =
      near === undefined ? "paceline agent list" : `did you mean ${formatAgentName(near)}?`;
    throw new CliError("UNKNOWN_AGENT", path.message, hint);
  }
  const answer = await readMetaData(agent);
  if ("error" in answer) {
    throw new CliError("BAD_META_DATA", `${name} does not describe itself: ${answer.error}`, path);
  }
  const parsed = parseMetaData(answer.xml);
  if (!parsed.ok) {
    throw new CliError("BAD_META_DATA", `${name} has faulty meta-data: ${parsed.error}`, path);
  }
  if (context.json) printJson(context, { agent: name, path, ...parsed.metaData });
  else context.out(agentView(name, path, parsed.metaData, context.paint));
  return EXIT.ok;
}

/** As in a definition: `vip` is ours, `ocf:TYPE` is of resource-agents. */
function readName(given: string): AgentName {
  const parts = given.replace("::", ":").split(":");
  if (parts.length > 3 || parts.some((part) => part === "")) {
    throw usageError(
      `${given} is no name of an agent`,
      "vip, ocf:heartbeat:IPaddr2, systemd:nginx",
    );
  }
  const [first = "", second = "", third] = parts;
  if (parts.length === 1) return { class: "ocf", provider: "paceline", type: first };
  if (third !== undefined) return { class: first, provider: second, type: third };
  return first === "ocf"
    ? { class: "ocf", provider: "heartbeat", type: second }
    : { class: first, type: second };
}
