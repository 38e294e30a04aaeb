import { didYouMean } from "../core/suggestion.ts";
import { plainValue } from "../model/plain-value.ts";
import type { ResourceDefinition } from "../model/policy-definition.ts";
import { canonicalIp, isMulticast, parseIpWithPrefix } from "./ip-literal.ts";
import type { LoadContext } from "./load-context.ts";
import type { NodeSource } from "./nodes-section.ts";
import type { ResourceSource } from "./resource-entry.ts";
import { quote, type Word } from "./value-readers.ts";

/** Checks what our own agents are given, and what can't be meant. */
export function checkResources(
  context: LoadContext,
  sources: readonly ResourceSource[],
  nodes: readonly NodeSource[],
): void {
  const owners = new Map<string, string>();
  for (const node of nodes) {
    for (const { ip } of node.addresses) owners.set(canonicalIp(ip), `node ${node.name}`);
  }
  for (const source of sources) {
    if (source.kind !== "primitive") continue;
    const { agent, template } = source.primitive;
    checkOwnParams(context, source);
    if (agent?.class === "stonith" && !context.simulation) {
      const hint = `fencing: { devices: { ${source.id}: { agent: ${agent.type}, targets: […], params: … } } }`;
      const message = `resource ${source.id} is a fence device of Pacemaker: nothing is fenced with it here`;
      context.report.warning("STONITH_RESOURCE", source.span, message, hint);
    }
    if (agent?.provider === "paceline" && agent.type === "service" && template === undefined) {
      checkService(context, source);
    }
    if (agent?.class === "exec" && agent.type === "exec" && !source.params.has("command")) {
      const hint = "params: { command: … }, or agent: exec:/path/of/the/command";
      const message = `resource ${source.id} has no command (params: command)`;
      context.report.error("MISSING_KEY", source.span, message, hint);
    }
    if (agent?.provider === "paceline" && agent.type === "vip" && template === undefined) {
      checkVip(context, source, owners);
    }
  }
}

/** Parameters of the agents that come with paceline, as their meta-data lists them. */
export const OWN_PARAMS: Readonly<Record<string, readonly string[]>> = {
  vip: ["ip", "nic", "cidr_netmask", "label", "duplicate_check", "announce_count", "link_check"],
  service: [
    "unit",
    "command",
    "check",
    "pidfile",
    "user",
    "directory",
    "log",
    "stop_signal",
    "stop_wait",
  ],
  stateful: ["state", "score_unpromoted", "score_promoted", "delay", "fail", "hang", "log"],
  dummy: ["state", "fake", "password", "delay", "fail", "hang", "log"],
};

function ownParams(type: string): readonly string[] | undefined {
  return Object.hasOwn(OWN_PARAMS, type) ? OWN_PARAMS[type] : undefined;
}

/** An agent may be newer than this table, so that an unknown parameter is only doubtful. */
function checkOwnParams(
  context: LoadContext,
  source: ResourceSource & { kind: "primitive" },
): void {
  const { agent } = source.primitive;
  const known = agent?.provider === "paceline" ? ownParams(agent.type) : undefined;
  if (known === undefined) return;
  for (const [name, { keySpan }] of source.params) {
    if (known.includes(name)) continue;
    const message = `the agent ${agent!.type} has no parameter ${quote(name)} (${source.id})`;
    const hint = didYouMean(name, known, known.join(", "));
    context.report.warning("UNKNOWN_PARAM", keySpan, message, hint);
  }
}

function checkService(context: LoadContext, source: ResourceSource & { kind: "primitive" }): void {
  const { params, span, id } = source;
  if (params.has("unit") || params.has("command")) return;
  const hint = "params: { unit: nginx }, or params: { command: … }";
  const message = `resource ${id} says no service (params: unit or command)`;
  context.report.error("MISSING_KEY", span, message, hint);
}

function checkVip(
  context: LoadContext,
  source: ResourceSource & { kind: "primitive" },
  owners: Map<string, string>,
): void {
  const word = source.params.get("ip");
  if (word === undefined) {
    const hint = "params: { ip: 10.0.0.100/24 }";
    const message = `resource ${source.id} has no address (params: ip)`;
    context.report.error("MISSING_KEY", source.span, message, hint);
    return;
  }
  const parsed = parseIpWithPrefix(word.text);
  if (parsed === undefined || isMulticast(parsed.ip)) {
    const hint = "an IPv4 or IPv6 address with its prefix length, like 10.0.0.100/24";
    const message = `${quote(word.text)} is no address that a node could hold (${source.id})`;
    context.report.error("BAD_ADDRESS", word.span, message, hint);
    return;
  }
  checkOwner(context, source, word, canonicalIp(parsed.ip), owners);
}

function checkOwner(
  context: LoadContext,
  source: ResourceSource,
  word: Word,
  address: string,
  owners: Map<string, string>,
): void {
  const owner = owners.get(address);
  owners.set(address, owner ?? `resource ${source.id}`);
  if (owner === undefined) return;
  const message = `the address ${word.text} of ${source.id} is that of ${owner} too`;
  const hint = "take an address that nobody has";
  context.report.error("DUPLICATE_ADDRESS", word.span, message, hint);
}

/** Ids of everything that can be promoted: promotable clones, bundles, and what is in them. */
export function promotableIds(resources: readonly ResourceDefinition[]): Set<string> {
  const ids = new Set<string>();
  for (const resource of resources) {
    if (resource.kind !== "clone" && resource.kind !== "bundle") continue;
    if (resource.kind === "clone" && plainValue(resource.meta, "promotable") !== "true") continue;
    ids.add(resource.id);
    if (resource.child === undefined) continue;
    ids.add(resource.child.id);
    if (resource.child.kind === "group") for (const m of resource.child.members) ids.add(m.id);
  }
  return ids;
}
