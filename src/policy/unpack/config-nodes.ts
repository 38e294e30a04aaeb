import type { PolicyNode } from "../../model/policy-definition.ts";
import { mergeSets } from "../rules/merge-sets.ts";
import { Node, type WorkingSet } from "../working-set.ts";
import { bundleNodes } from "./bundle-parts.ts";
import { connectionNodes, forgottenConnections } from "./remote-nodes.ts";
import { ruleInput } from "./rule-input.ts";

interface NodeSeed {
  readonly id: string;
  readonly name: string;
  readonly kind: Node["kind"];
  readonly config: PolicyNode | undefined;
  /** Not known until what brings it is unpacked. */
  readonly later?: boolean;
}

/**
 * Creates all nodes, sorted by name: those configured, and those that connection resources and
 * bundles bring. All are offline until the status says otherwise.
 */
export function unpackNodes(ws: WorkingSet): void {
  for (const [index, seed] of nodeSeeds(ws).entries()) {
    const node = new Node(index, seed.id, seed.name);
    node.kind = seed.kind;
    if (seed.later) ws.nodesToCome.add(node);
    ws.nodes.push(node);
    ws.nodeByName.set(node.name, node);
    ws.nodeById.set(node.id, node);
    if (node.kind === "remote" || node.kind === "guest") ws.haveRemoteNodes = true;
    // Until something is heard of it, it may be running anything. Remote nodes: see resources.
    node.unclean = node.kind === "member" && suspectUnseen(ws);
    if (node.unclean) node.fenceReason = "node is unclean";
  }
  const dc = ws.status.dcNode === undefined ? undefined : ws.nodeByName.get(ws.status.dcNode);
  if (dc !== undefined) {
    ws.dcNode = dc;
    dc.isDc = true;
  }
  for (const config of ws.definition.nodes) {
    const node = ws.nodeByName.get(config.name);
    if (node !== undefined) permanentAttributes(ws, node, config);
  }
  for (const node of ws.nodes) if (node.attributes.size === 0) builtInAttributes(ws, node);
}

/** Whether nodes of which nothing is known count as unclean. */
export function suspectUnseen(ws: WorkingSet): boolean {
  return ws.options.fencingEnabled && ws.options.startupFencing;
}

function nodeSeeds(ws: WorkingSet): NodeSeed[] {
  const seeds = new Map<string, NodeSeed>();
  const connections = connectionNodes(ws.definition);
  for (const config of ws.definition.nodes) {
    if (config.type === "witness") continue;
    if (config.type === "ping") {
      ws.notice("warn", "ping-node", `node ${config.name} is a ping node: it is left out`);
      continue;
    }
    const kind = config.type === "remote" ? (connections.get(config.name) ?? "remote") : "member";
    seeds.set(config.name, { id: config.id, name: config.name, kind, config });
  }
  const add = (name: string, kind: Node["kind"], later = false) => {
    if (!seeds.has(name)) seeds.set(name, { id: name, name, kind, config: undefined, later });
  };
  const addLater = (name: string, kind: Node["kind"]) => add(name, kind, true);
  for (const [name, kind] of connections) add(name, kind);
  for (const name of bundleNodes(ws)) addLater(name, "guest");
  for (const name of forgottenConnections(ws.status)) addLater(name, "remote");
  return [...seeds.values()].sort((a, b) => compareNodeNames(a.name, b.name));
}

/** Names without regard to case, numbers within them by value: node2 before node10. */
export function compareNodeNames(a: string, b: string): number {
  const [partsA, partsB] = [splitName(a), splitName(b)];
  for (let i = 0; i < Math.min(partsA.length, partsB.length); i++) {
    const [partA, partB] = [partsA[i]!, partsB[i]!];
    const numeric = /^\d/.test(partA) && /^\d/.test(partB);
    const difference = numeric ? Number(partA) - Number(partB) : 0;
    if (difference !== 0) return difference;
    if (!numeric && partA !== partB) return partA < partB ? -1 : 1;
  }
  if (partsA.length !== partsB.length) return partsA.length - partsB.length;
  return a < b ? -1 : a > b ? 1 : 0;
}

function splitName(name: string): string[] {
  return name.toLowerCase().match(/\d+|\D/g) ?? [];
}

function permanentAttributes(ws: WorkingSet, node: Node, config: PolicyNode): void {
  builtInAttributes(ws, node);
  mergeSets(node.attributes, config.attributes, ruleInput(ws));
  addUtilization(ws, node, config.utilization);
  siteName(ws, node);
}

function addUtilization(ws: WorkingSet, node: Node, sets: PolicyNode["utilization"]): void {
  const merged = new Map<string, string>();
  mergeSets(merged, sets, ruleInput(ws));
  for (const [name, value] of merged) node.utilization.set(name, utilizationValue(value));
}

/** Capacities and demands are whole numbers; anything else counts nothing. */
export function utilizationValue(text: string): number {
  const found = /^\s*[+-]?\d+/.exec(text);
  return found === null ? 0 : Number(found[0]);
}

function builtInAttributes(ws: WorkingSet, node: Node): void {
  const kind = node.kind === "guest" ? "container" : node.kind === "remote" ? "remote" : "cluster";
  node.attributes.set("#kind", kind);
  node.attributes.set("#uname", node.name);
  node.attributes.set("#id", node.id);
  node.attributes.set("#is_dc", String(node.isDc));
  const cluster = ws.options.all.get("cluster-name");
  if (cluster !== undefined) node.attributes.set("#cluster-name", cluster);
  siteName(ws, node);
}

/** The site is what `site-name` says, else the cluster's name. */
export function siteName(ws: WorkingSet, node: Node): void {
  const site = node.attributes.get("site-name") ?? ws.options.all.get("cluster-name");
  if (site !== undefined) node.attributes.set("#site-name", site);
}
