import type { Role } from "../../model/plan.ts";
import { topResource } from "../unpack/tree.ts";
import { type Node, type Resource, ROLE, type RoleRank, type WorkingSet } from "../working-set.ts";

/** The state of a cluster as people and tests read it: nodes, and every instance with its place. */
export interface ClusterReport {
  readonly nodes: readonly NodeReport[];
  readonly resources: readonly ResourceReport[];
}

export interface NodeReport {
  readonly name: string;
  readonly kind: Node["kind"];
  readonly online: boolean;
  readonly standby: boolean;
  readonly maintenance: boolean;
  readonly unclean: boolean;
  readonly pending: boolean;
}

export interface ResourceReport {
  readonly id: string;
  readonly clone: string | null;
  /** False: instances of this clone are all alike, their numbers mean nothing. */
  readonly unique: boolean;
  readonly bundle?: string;
  readonly group?: string;
  readonly role: Role;
  readonly nodes: readonly string[];
  readonly agent: string;
  readonly failed: boolean;
  readonly blocked: boolean;
  readonly managed: boolean;
  readonly maintenance: boolean;
  readonly orphan: boolean;
  readonly pending?: string;
}

/** Reads the state before the plan out of a working set that has been unpacked. */
export function reportStatus(ws: WorkingSet): ClusterReport {
  const resources: ResourceReport[] = [];
  for (const resource of ws.resources) reportResource(resource, resources);
  return { nodes: ws.nodes.map(reportNode), resources };
}

function reportNode(node: Node): NodeReport {
  const { name, kind, online, standby, maintenance, unclean, pending } = node;
  return { name, kind, online, standby, maintenance, unclean, pending };
}

function reportResource(resource: Resource, into: ResourceReport[]): void {
  if (resource.variant === "bundle") {
    for (const replica of resource.bundle?.replicas ?? [])
      into.push(reportReplica(replica, resource));
    return;
  }
  for (const child of resource.children) reportResource(child, into);
  if (resource.variant !== "primitive") return;
  if (resource.orphan && resource.runningOn.length === 0) return;
  into.push(reportPrimitive(resource));
}

function reportPrimitive(resource: Resource): ResourceReport {
  const top = topResource(resource);
  const role = displayedRole(resource);
  const { parent, agent, pendingTask } = resource;
  const names = resource.runningOn.map((node) => node.name);
  return {
    id: resource.id,
    clone: top.variant === "clone" ? top.id : null,
    unique: resource.isUnique,
    ...(parent?.variant === "group" ? { group: parent.baseId } : {}),
    role,
    nodes: role === "Stopped" ? [] : names,
    agent: [agent?.class, agent?.provider, agent?.type].filter(Boolean).join(":"),
    failed: resource.failed,
    blocked: resource.blocked,
    managed: resource.managed,
    maintenance: resource.maintenance,
    orphan: resource.orphan,
    ...(pendingTask === undefined ? {} : { pending: pendingTask }),
  };
}

type Replica = NonNullable<Resource["bundle"]>["replicas"][number];

/** A replica shows the role of what it contains, at the place of its container. */
function reportReplica(replica: Replica, bundle: Resource): ResourceReport {
  const { container, child } = replica;
  const report = reportPrimitive(child ?? container);
  const names = container.runningOn.map((node) => node.name);
  const running = container.role > ROLE.stopped && container.runningOn.length > 0;
  return {
    ...report,
    id: replica.remote === undefined ? container.id : `${bundle.id}-${replica.offset}`,
    clone: null,
    bundle: bundle.id,
    nodes: running && report.role !== "Stopped" ? names : [],
  };
}

/** An instance of a promotable clone that is not promoted is unpromoted. */
export function displayedRole(resource: Resource): Role {
  const promotable = topResource(resource).isPromotable;
  if (resource.role === ROLE.started && promotable) return "Unpromoted";
  return roleName(resource.role);
}

export function roleName(role: RoleRank): Role {
  switch (role) {
    case ROLE.started:
      return "Started";
    case ROLE.unpromoted:
      return "Unpromoted";
    case ROLE.promoted:
      return "Promoted";
    default:
      return "Stopped";
  }
}
