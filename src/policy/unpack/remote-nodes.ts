import type { ClusterStatus } from "../../model/cluster-status.ts";
import type {
  AgentName,
  PolicyDefinition,
  PrimitiveDefinition,
  ResourceDefinition,
} from "../../model/policy-definition.ts";
import type { AttributeSet } from "../../model/rule.ts";

/** Whether the agent is a connection to a Pacemaker Remote node. */
export function isRemoteAgent(agent: AgentName | undefined): boolean {
  return agent?.class === "ocf" && agent.provider === "pacemaker" && agent.type === "remote";
}

/** The connections that guests bring along (`remote-node` of a primitive), as resources. */
export function guestConnections(definition: PolicyDefinition): PrimitiveDefinition[] {
  const taken = new Set(definition.resources.map((resource) => resource.id));
  const connections: PrimitiveDefinition[] = [];
  for (const primitive of definition.resources.flatMap(guestCandidates)) {
    const connection = guestConnection(primitive);
    if (connection === undefined || taken.has(connection.id)) continue;
    taken.add(connection.id);
    connections.push(connection);
  }
  return connections;
}

function guestCandidates(resource: ResourceDefinition): readonly PrimitiveDefinition[] {
  if (resource.kind === "primitive") return isRemoteAgent(resource.agent) ? [] : [resource];
  return resource.kind === "group" ? resource.members : [];
}

/** Read plainly, without rules: the node must exist before rules can be held against it. */
function guestConnection(guest: PrimitiveDefinition): PrimitiveDefinition | undefined {
  const plain = new Map(guest.meta.flatMap((set) => [...set.values]));
  const name = plain.get("remote-node");
  if (name === undefined) return undefined;
  return connectionDefinition(name, guest.id, {
    timeout: plain.get("remote-connect-timeout") ?? "60s",
    address: plain.get("remote-addr"),
    port: plain.get("remote-port"),
    allowMigrate: plain.get("remote-allow-migrate"),
    managed: plain.get("is-managed"),
  });
}

export interface ConnectionOptions {
  readonly timeout: string | undefined;
  readonly address: string | undefined;
  readonly port: string | undefined;
  readonly allowMigrate: string | undefined;
  readonly managed: string | undefined;
}

/** The implicit resource that connects to a guest or bundle node. */
export function connectionDefinition(
  id: string,
  containerId: string,
  options: ConnectionOptions,
): PrimitiveDefinition {
  const meta = { container: containerId, "internal-rsc": "true" };
  const more = { "allow-migrate": options.allowMigrate, "is-managed": options.managed };
  const start = { timeout: options.timeout };
  return {
    kind: "primitive",
    id,
    agent: { class: "ocf", provider: "pacemaker", type: "remote" },
    meta: [attributeSet(`${id}-meta`, { ...meta, ...more })],
    params: [attributeSet(`${id}-params`, { addr: options.address, port: options.port })],
    operations: [
      operation(id, "monitor", "30s", { timeout: "30s" }),
      ...(options.timeout === undefined ? [] : [operation(id, "start", "0", start)]),
    ],
    utilization: [],
  };
}

function operation(
  id: string,
  name: string,
  interval: string,
  options: Readonly<Record<string, string | undefined>>,
) {
  const given = attributeSet("", options).values;
  return { id: `${id}-${name}-${interval}`, name, interval, options: given, meta: [], params: [] };
}

/** A plain block of those values that are given. */
export function attributeSet(
  id: string,
  values: Readonly<Record<string, string | undefined>>,
): AttributeSet {
  const given = Object.entries(values).filter(
    (pair): pair is [string, string] => pair[1] !== undefined,
  );
  return { id, score: 0, values: new Map(given) };
}

/** Nodes that exist by their connection resources: remote nodes first, then guests, by definition. */
export function connectionNodes(definition: PolicyDefinition): Map<string, "remote" | "guest"> {
  const nodes = new Map<string, "remote" | "guest">();
  for (const resource of definition.resources) {
    if (resource.kind === "primitive" && isRemoteAgent(resource.agent)) {
      nodes.set(resource.id, "remote");
    }
  }
  for (const connection of guestConnections(definition)) {
    if (!nodes.has(connection.id)) nodes.set(connection.id, "guest");
  }
  return nodes;
}

/** Connections that only the history still knows: their nodes may have to be cleaned up. */
export function forgottenConnections(status: ClusterStatus): Set<string> {
  const found = new Set<string>();
  for (const node of status.nodes) {
    for (const history of node.history) {
      if (history.agentType !== "remote" || history.operations.length === 0) continue;
      const isRemote = history.agentClass === "ocf" && history.agentProvider === "pacemaker";
      if (isRemote) found.add(history.resource);
    }
  }
  return found;
}
