import type {
  CloneDefinition,
  GroupDefinition,
  PrimitiveDefinition,
  ResourceDefinition,
} from "../../model/policy-definition.ts";
import type { ConfiguredOperation } from "../operation-history-types.ts";
import { parseInterval } from "../rules/interval.ts";
import { mergeSets } from "../rules/merge-sets.ts";
import { ScoreTable } from "../score-table.ts";
import type { Work } from "../work.ts";
import { DISCOVERY, type Node, Resource, type WorkingSet } from "../working-set.ts";
import { countOr, isTrue, parseBoolean } from "./booleans.ts";
import { unpackBundle } from "./bundles.ts";
import { suspectUnseen, utilizationValue } from "./config-nodes.ts";
import { resourceMeta } from "./meta-attributes.ts";
import { guestConnections } from "./remote-nodes.ts";
import { applyMeta } from "./resource-flags.ts";
import { parseRole } from "./roles.ts";
import { ruleInput } from "./rule-input.ts";
import { expandTemplate } from "./templates.ts";
import { subtree, topResource } from "./tree.ts";

/**
 * Builds the tree of resources: templates merged, meta attributes inherited, the instances of
 * clones made. What is invalid is left out, with a notice.
 */
export function* unpackResources(ws: WorkingSet): Work {
  const definitions = [...ws.definition.resources, ...guestConnections(ws.definition)];
  for (const definition of definitions) {
    const resource = unpackResource(ws, definition, undefined);
    if (resource === undefined) {
      ws.notice("error", "bad-resource", `${definition.id} is left out: it is invalid`);
      continue;
    }
    ws.resources.push(resource);
    const tree = subtree(resource);
    for (const each of tree) ws.register(each);
    yield tree.length;
  }
  for (const resource of ws.resources) linkContainers(ws, resource);
  ws.resources.sort((a, b) => b.priority - a.priority);
  if (ws.options.fencingEnabled && !ws.haveFenceDevice) {
    const message = "fencing is enabled but there is no fencing device: no resource can be started";
    ws.notice("error", "no-fence-device", message);
  }
}

/** Unpacks one resource with all below it, unregistered; undefined: invalid. */
export function unpackResource(
  ws: WorkingSet,
  definition: ResourceDefinition,
  parent: Resource | undefined,
  instance?: number,
): Resource | undefined {
  const expanded = definition.kind === "primitive" ? expand(ws, definition) : definition;
  if (expanded === undefined) return undefined;
  const id = instance === undefined ? expanded.id : `${expanded.id}:${instance}`;
  const resource = new Resource(id, expanded.id, expanded.kind);
  resource.definition = expanded;
  resource.parent = parent;
  resource.instance = instance;
  resource.order = ws.resourceCount++;
  if (expanded.kind === "primitive") resource.agent = expanded.agent;
  const meta = resourceMeta(ws, resource);
  if (expanded.kind === "clone" && expanded.legacyMaster) meta.set("promotable", "true");
  if (instance !== undefined) meta.set("clone", String(instance));
  resource.meta = meta;
  resource.params = sharedParams(ws, resource, definition);
  resource.allowed = ScoreTable.empty(ws.nodes.length, ws.explain);
  applyMeta(ws, resource);
  resource.role = 1;
  if (!unpackVariant(ws, resource, expanded, meta, instance)) return undefined;
  const guest = resource.isRemoteConnection && resource.containerId !== undefined;
  if (ws.options.symmetric || guest) allowEverywhere(ws, resource);
  return resource;
}

function unpackVariant(
  ws: WorkingSet,
  resource: Resource,
  definition: ResourceDefinition,
  meta: Map<string, string>,
  instance: number | undefined,
): boolean {
  switch (definition.kind) {
    case "primitive":
      return unpackPrimitive(ws, resource, definition);
    case "group":
      return unpackGroup(ws, resource, definition, instance);
    case "clone":
      return unpackClone(ws, resource, definition, meta);
    case "bundle":
      return unpackBundle(ws, resource, definition);
  }
}

/**
 * By default every node will do, with the score 0. Bundles' nodes appear with their bundle: what
 * came before does not see them, what comes after is not allowed there.
 */
function allowEverywhere(ws: WorkingSet, resource: Resource): void {
  const alike = ws.nodesToCome.size === 0 && ws.bundleNodes.size === 0;
  for (const each of subtree(resource)) {
    // What a bundle contains knows its own replica's node only.
    if (each.exclusiveDiscovery) continue;
    if (alike) each.allowed.allowAll();
    else for (const node of ws.nodes) allowOn(ws, each, node);
  }
}

function allowOn(ws: WorkingSet, resource: Resource, node: Node): void {
  if (ws.nodesToCome.has(node)) return;
  if (ws.bundleNodes.has(node)) forbidBundleNode(ws, resource, node);
  else resource.allowed.add(node.index, 0, "default");
}

function forbidBundleNode(ws: WorkingSet, resource: Resource, node: Node): void {
  // What the bundle itself put there stays.
  if (resource.allowed.has(node.index)) return;
  resource.allowed.ban(node.index, "a bundle's own node");
  resource.discovery ??= new Uint8Array(ws.nodes.length);
  resource.discovery[node.index] = DISCOVERY.never;
}

/** Nodes as far as they are known while a clone is unpacked. */
function nodeCount(ws: WorkingSet): number {
  return ws.nodes.length - ws.nodesToCome.size;
}

function expand(ws: WorkingSet, definition: PrimitiveDefinition): PrimitiveDefinition | undefined {
  const expanded = expandTemplate(ws.definition, definition);
  if (expanded === undefined) {
    const message = `${definition.id} names a template ${definition.template} that is not there`;
    ws.notice("error", "no-template", message);
  } else if (definition.template !== undefined) {
    const users = ws.templateUsers.get(definition.template) ?? [];
    if (!users.includes(definition.id)) {
      ws.templateUsers.set(definition.template, [...users, definition.id]);
    }
  }
  return expanded;
}

/** The parameters where no node is meant; all instances of one definition share one map. */
function sharedParams(
  ws: WorkingSet,
  resource: Resource,
  definition: ResourceDefinition,
): ReadonlyMap<string, string> {
  const above = resource.parent?.params;
  const known = ws.sharedParams.get(definition);
  if (known !== undefined && known.above === above) return known.params;
  const params = paramsFor(ws, resource, undefined);
  ws.sharedParams.set(definition, { above, params });
  return params;
}

/** Parameters as they are on a node: the resource's own first, then its parents'. */
export function paramsFor(
  ws: WorkingSet,
  resource: Resource,
  nodeAttributes: ReadonlyMap<string, string> | undefined,
): Map<string, string> {
  const params = new Map<string, string>();
  const input = ruleInput(ws, nodeAttributes === undefined ? {} : { nodeAttributes });
  for (let up: Resource | undefined = resource; up !== undefined; up = up.parent) {
    mergeSets(params, up.definition?.params ?? [], input);
  }
  return params;
}

/** Only agents of these classes tell instances apart; only OCF ones promote. */
function canBeUnique(agentClass: string | undefined): boolean {
  return agentClass === "ocf" || agentClass === "stonith";
}

function unpackPrimitive(
  ws: WorkingSet,
  resource: Resource,
  definition: PrimitiveDefinition,
): boolean {
  resource.operations = configuredOperations(definition);
  const demands = new Map<string, string>();
  mergeSets(demands, definition.utilization, ruleInput(ws));
  for (const [name, value] of demands) resource.utilization.set(name, utilizationValue(value));
  if (demands.size > 0) ws.haveUtilization = true;
  const top = topResource(resource);
  if (top.variant !== "clone") return true;
  const agentClass = definition.agent?.class.toLowerCase();
  if (resource.isUnique && !canBeUnique(agentClass)) forceAnonymous(ws, top, resource);
  if (!top.isPromotable || agentClass === "ocf") return true;
  const message = `${resource.id} cannot be promotable: only OCF agents can`;
  ws.notice("error", "not-promotable", message);
  return false;
}

function forceAnonymous(ws: WorkingSet, clone: Resource, resource: Resource): void {
  const message = `${clone.id} cannot be globally unique: its agent cannot`;
  ws.notice("warn", "not-unique", message);
  clone.cloneNodeMax = 1;
  clone.cloneMax = Math.min(clone.cloneMax, nodeCount(ws));
  for (const each of [...subtree(clone), resource]) {
    each.isUnique = false;
    (each.meta as Map<string, string>).set("globally-unique", "false");
  }
}

function configuredOperations(definition: PrimitiveDefinition): ConfiguredOperation[] {
  return definition.operations.map((operation) => ({
    id: operation.id,
    name: operation.name,
    intervalMs: parseInterval(operation.interval) ?? 0,
    role: parseRole(operation.options.get("role")),
    enabled: parseBoolean(operation.options.get("enabled")) !== false,
    options: operation.options,
    meta: operation.meta,
    params: operation.params,
  }));
}

function unpackGroup(
  ws: WorkingSet,
  resource: Resource,
  definition: GroupDefinition,
  instance: number | undefined,
): boolean {
  for (const member of definition.members) {
    const child = unpackResource(ws, member, resource, instance);
    if (child !== undefined) resource.children.push(child);
  }
  return true;
}

function unpackClone(
  ws: WorkingSet,
  clone: Resource,
  _definition: CloneDefinition,
  meta: Map<string, string>,
): boolean {
  if (clone.isPromotable) {
    clone.promotedMax = countOr(meta.get("promoted-max") ?? meta.get("master-max"), 1);
    clone.promotedNodeMax = countOr(
      meta.get("promoted-node-max") ?? meta.get("master-node-max"),
      1,
    );
  }
  clone.cloneNodeMax = countOr(meta.get("clone-node-max"), 1);
  clone.cloneMax = countOr(meta.get("clone-max"), Math.max(1, nodeCount(ws)));
  clone.cloneMin = countOr(meta.get("clone-min"), 0);
  clone.ordered = isTrue(meta.get("ordered"));
  clone.interleave = isTrue(meta.get("interleave"));
  if (!clone.isUnique && clone.cloneNodeMax > 1) {
    const message = `clone-node-max of ${clone.id} counts as 1: it is not globally unique`;
    ws.notice("warn", "bad-meta", message);
    clone.cloneNodeMax = 1;
  }
  // A little stickiness keeps instances from being shuffled for nothing.
  if (!meta.has("resource-stickiness")) meta.set("resource-stickiness", "1");
  meta.set("globally-unique", String(clone.isUnique));
  // With clone-max 0 one instance is still needed, for the history to find its way to the clone.
  const count = Math.max(1, clone.cloneMax);
  for (let i = 0; i < count; i++) if (createInstance(ws, clone) === undefined) return false;
  return true;
}

/** Adds the next instance to a clone; beyond clone-max it is an orphan. Not registered. */
export function createInstance(ws: WorkingSet, clone: Resource): Resource | undefined {
  const definition = clone.definition as CloneDefinition;
  const number = clone.children.length;
  const instance = unpackResource(ws, definition.child, clone, number);
  if (instance === undefined) return undefined;
  clone.children.push(instance);
  (instance.meta as Map<string, string>).set("clone-max", String(clone.cloneMax));
  if (number >= clone.cloneMax) for (const each of subtree(instance)) each.orphan = true;
  return instance;
}

/** Ties what runs inside a guest to the guest, and connections to the nodes they provide. */
export function linkContainers(ws: WorkingSet, resource: Resource): void {
  for (const each of subtree(resource)) {
    if (each.children.length > 0 || each.containerId === undefined) continue;
    if (each.containerId === each.id) continue;
    const container = ws.resourceById.get(each.containerId);
    if (container === undefined) {
      const message = `${each.id} names a container ${each.containerId} that is not there`;
      ws.notice("error", "no-container", message);
      continue;
    }
    each.container = container;
    container.fillers.push(each);
  }
  linkConnection(ws, resource);
}

/** A remote node is as suspect as any until it is heard of; a guest is as sure as its host. */
export function linkConnection(ws: WorkingSet, resource: Resource): void {
  if (!resource.isRemoteConnection) return;
  const node = ws.nodeByName.get(resource.id);
  if (node === undefined) return;
  node.connection = resource;
  resource.remoteNode = node;
  if (resource.container === undefined) node.unclean = suspectUnseen(ws);
  else {
    node.kind = "guest";
    node.attributes.set("#kind", "container");
  }
}
