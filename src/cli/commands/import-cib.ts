import { writeFileSync } from "node:fs";
import { writeDefinition } from "../../config/definition-writer.ts";
import { importAlerts } from "../../config/imported-alerts.ts";
import { importDevices } from "../../config/imported-devices.ts";
import { importOptions } from "../../config/imported-options.ts";
import type { NodeSettings } from "../../model/definition.ts";
import type { PolicyDefinition } from "../../model/policy-definition.ts";
import type { CliContext } from "../cli-context.ts";
import { usageError } from "../cli-error.ts";
import { EXIT, type ExitCode } from "../cli-exit-codes.ts";
import { reportDiagnostics } from "./cib-diagnostics.ts";
import { readUsableCib } from "./simulate-input.ts";

export interface ImportCibOptions {
  readonly cluster?: string;
  readonly address?: readonly string[];
  readonly output?: string;
  readonly devicesAsResources?: boolean;
}

/** Said of a definition that is only to be compared. */
const AS_RESOURCES = "- fencing devices are resources in it: to compare plans, not to be applied";

const ACLS = "- access control lists are left out: only root may use the control socket";

/** `paceline import cib FILE`: our definition for a Pacemaker cluster. */
export async function importCibCommand(
  context: CliContext,
  file: string,
  options: ImportCibOptions,
): Promise<ExitCode> {
  const { definition, alerts: given = [], hasAcls, diagnostics } = readUsableCib(file);
  reportDiagnostics(context, file, diagnostics);
  const nodes = nodeSettings(definition, options.address ?? []);
  const current = importOptions(definition);
  const imported =
    options.devicesAsResources === true
      ? { policy: current.policy, devices: [], remarks: [AS_RESOURCES] }
      : importDevices(current.policy);
  const alerts = importAlerts(given);
  const rest = [...alerts.remarks, ...(hasAcls === true ? [ACLS] : [])];
  const text = writeDefinition({
    cluster: options.cluster ?? clusterName(definition),
    policy: imported.policy,
    devices: imported.devices,
    alerts: alerts.alerts,
    nodes,
    remarks: remarks(definition, nodes, [...current.remarks, ...imported.remarks, ...rest]),
  });
  if (options.output === undefined) context.out(text);
  else writeFileSync(options.output, text);
  return EXIT.ok;
}

function clusterName(definition: PolicyDefinition): string {
  const names = definition.properties.map((set) => set.values.get("cluster-name"));
  const name = names.find((each) => each !== undefined && each !== "") ?? "imported";
  return name.replace(/[^A-Za-z0-9_.-]/g, "-");
}

function nodeSettings(
  definition: PolicyDefinition,
  addresses: readonly string[],
): readonly NodeSettings[] {
  const byNode = new Map<string, string[]>();
  for (const text of addresses) {
    const at = text.indexOf("=");
    const node = text.slice(0, at);
    if (at < 1 || at === text.length - 1) throw usageError(`--address ${text}`, "NODE=ADDRESS");
    if (!definition.nodes.some((each) => each.name === node)) {
      const known = definition.nodes.map((each) => each.name).join(", ");
      throw usageError(`the CIB has no node ${node}`, `its nodes: ${known}`);
    }
    byNode.set(node, [...(byNode.get(node) ?? []), text.slice(at + 1)]);
  }
  return definition.nodes
    .filter((node) => byNode.has(node.name))
    .map(({ name }) => ({ name, addresses: byNode.get(name)!, votes: 1, role: "full" }));
}

/** What the operator still has to see to. */
function remarks(
  definition: PolicyDefinition,
  nodes: readonly NodeSettings[],
  more: readonly string[],
): string[] {
  const lines = ["Imported from a Pacemaker CIB. Before use:"];
  const members = definition.nodes.filter((node) => node.type === "member");
  const missing = members.filter((node) => !nodes.some((each) => each.name === node.name));
  if (missing.length > 0) {
    lines.push(`- give addresses: ${missing.map((node) => node.name).join(", ")}`);
  }
  lines.push(...more, "- check it: paceline config check");
  return lines;
}
