import type { BundleDefinition } from "../../model/policy-definition.ts";
import { ScoreTable } from "../score-table.ts";
import type { BundleReplica } from "../working-parts.ts";
import { DISCOVERY, type Node, type Resource, type WorkingSet } from "../working-set.ts";
import {
  addressResource,
  type BundlePlan,
  connectionAddress,
  containerResource,
  contentClone,
  planBundle,
} from "./bundle-parts.ts";
import { connectionDefinition } from "./remote-nodes.ts";
import { unpackResource } from "./resources.ts";

/** Unpacks a bundle into its replicas and their implicit resources. */
export function unpackBundle(
  ws: WorkingSet,
  bundle: Resource,
  definition: BundleDefinition,
): boolean {
  const plan = planBundle(definition);
  if (plan === undefined) return false;
  if (plan.perHost === 1) bundle.isUnique = false;
  const clone =
    plan.child === undefined
      ? undefined
      : unpackResource(ws, contentClone(plan, plan.child), bundle);
  if (plan.child !== undefined && clone === undefined) return false;
  const replicas: BundleReplica[] = [];
  for (let offset = 0; offset < plan.replicas; offset++) {
    const replica = unpackReplica(ws, bundle, definition, plan, clone, offset);
    if (replica === undefined) return false;
    replicas.push(replica);
  }
  bundle.bundle = { replicas, childClone: clone, replicasPerHost: plan.perHost };
  if (clone !== undefined) {
    shareMeta(bundle, clone);
    bundle.children.push(clone);
  }
  return true;
}

/** What the contained resource says of notifications and attributes goes for all. */
function shareMeta(bundle: Resource, clone: Resource): void {
  const name = "container-attribute-target";
  for (const child of clone.children) {
    if (child.notify) clone.notify = true;
    const target = child.meta.get(name);
    if (target === undefined) continue;
    (bundle.meta as Map<string, string>).set(name, target);
    (clone.meta as Map<string, string>).set(name, target);
  }
}

function unpackReplica(
  ws: WorkingSet,
  bundle: Resource,
  definition: BundleDefinition,
  plan: BundlePlan,
  clone: Resource | undefined,
  offset: number,
): BundleReplica | undefined {
  const child = clone?.children[offset];
  const container = unpackResource(ws, containerResource(plan, definition, offset), bundle);
  if (container === undefined) return undefined;
  bundle.children.push(container);
  const address = addressResource(plan, definition, offset);
  const ip = address === undefined ? undefined : unpackResource(ws, address, bundle);
  if (ip !== undefined) bundle.children.push(ip);
  const node = ws.nodeByName.get(`${plan.id}-${offset}`);
  const inside =
    child === undefined || clone === undefined || node === undefined
      ? undefined
      : connect(ws, bundle, plan, { clone, child, container, node, offset });
  if (child !== undefined) {
    if (plan.addresses[offset] !== undefined) {
      (child.meta as Map<string, string>).set("external-ip", plan.addresses[offset]!);
    }
    child.exclusiveDiscovery = true;
    // Only the container's demand makes sense: it is the container that takes up room.
    [container.utilization, child.utilization] = [child.utilization, container.utilization];
  }
  const replica: BundleReplica = {
    offset,
    container,
    ip,
    remote: inside,
    child,
    node: inside === undefined ? undefined : node,
  };
  container.replica = replica;
  return replica;
}

interface Contents {
  readonly clone: Resource;
  readonly child: Resource;
  readonly container: Resource;
  readonly node: Node;
  readonly offset: number;
}

/** The connection to the node inside the container, on which only this replica's content runs. */
function connect(
  ws: WorkingSet,
  bundle: Resource,
  plan: BundlePlan,
  { clone, child, container, node, offset }: Contents,
): Resource | undefined {
  const { address, port } = connectionAddress(plan, offset);
  const definition = connectionDefinition(node.name, container.id, {
    timeout: undefined,
    address,
    port,
    allowMigrate: undefined,
    managed: undefined,
  });
  ws.nodesToCome.delete(node);
  ws.bundleNodes.add(node);
  child.allowed = ScoreTable.empty(ws.nodes.length, ws.explain);
  child.allowed.add(node.index, 500, "the replica's own node");
  child.discovery = new Uint8Array(ws.nodes.length);
  child.discovery[node.index] = DISCOVERY.exclusive;
  clone.allowed.ban(node.index, "a replica's own node");
  const remote = unpackResource(ws, definition, bundle);
  if (remote === undefined) return undefined;
  for (const each of ws.nodes) {
    if (each.kind !== "remote" && each.kind !== "guest") continue;
    if (remote.allowed.has(each.index)) remote.allowed.ban(each.index, "on cluster nodes only");
  }
  bundle.children.push(remote);
  remote.container = container;
  node.connection = remote;
  remote.remoteNode = node;
  node.kind = "guest";
  node.attributes.set("#kind", "container");
  return remote;
}
