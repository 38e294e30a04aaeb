import { type Node, type Resource, ROLE, type RoleRank } from "./working-set.ts";

/** Questions about a resource of any variant that need no decision of the plan. */

/** Its outermost clone or group (a resource in a bundle: the clone inside the bundle). */
export function topOf(resource: Resource): Resource {
  let top = resource;
  while (top.parent && top.parent.variant !== "bundle") top = top.parent;
  return top;
}

/** Its outermost collective, a bundle included. */
export function outermost(resource: Resource): Resource {
  let top = resource;
  while (top.parent) top = top.parent;
  return top;
}

export function isClone(resource: Resource | undefined): boolean {
  return resource?.variant === "clone";
}

export function isAnonymousClone(resource: Resource | undefined): boolean {
  return resource !== undefined && resource.variant === "clone" && !resource.isUnique;
}

export function isUniqueClone(resource: Resource | undefined): boolean {
  return resource !== undefined && resource.variant === "clone" && resource.isUnique;
}

/** Clone or bundle: what has instances. */
export function isCollective(resource: Resource): boolean {
  return resource.variant === "clone" || resource.variant === "bundle";
}

/** Inside a bundle (the contained resource or an implicit one). */
export function isBundled(resource: Resource): boolean {
  return resource.parent !== undefined && outermost(resource).variant === "bundle";
}

/** The clone's instances, or the bundle's containers. */
export function instancesOf(resource: Resource): readonly Resource[] {
  return resource.bundle ? resource.bundle.replicas.map((r) => r.container) : resource.children;
}

/** The primitives of a tree, in order. */
export function primitivesOf(resource: Resource, found: Resource[] = []): Resource[] {
  if (resource.variant === "primitive") found.push(resource);
  for (const child of resource.children) primitivesOf(child, found);
  return found;
}

/** Current or next role; of a collective, the highest of its members. */
export function roleOf(resource: Resource, current: boolean): RoleRank {
  if (resource.variant === "primitive") return current ? resource.role : resource.nextRole;
  // Pacemaker gives a bundle no role of its own.
  if (resource.bundle) return ROLE.unknown;
  let highest: RoleRank = ROLE.unknown;
  for (const child of resource.children) {
    const role = roleOf(child, current);
    if (role > highest) highest = role;
  }
  return highest;
}

/** Active somewhere that counts; of a group, `all` asks for every member. */
export function isActive(resource: Resource, all: boolean): boolean {
  if (resource.variant === "primitive") {
    return resource.runningOn.some((node) => node.unclean || node.online || !resource.managed);
  }
  const members = resource.bundle ? bundleMembers(resource) : resource.children;
  for (const member of members) {
    const active = isActive(member, all);
    if (all && !active) return false;
    if (!all && active) return true;
  }
  return all;
}

function bundleMembers(resource: Resource): Resource[] {
  const members: Resource[] = [];
  for (const replica of resource.bundle!.replicas) {
    for (const member of [replica.child, replica.ip, replica.container, replica.remote]) {
      if (member) members.push(member);
    }
  }
  return members;
}

function collectLocations(resource: Resource, current: boolean, found: Set<Node>): void {
  if (resource.variant === "primitive") {
    if (current) for (const node of resource.runningOn) found.add(node);
    else if (resource.assignedNode) found.add(resource.assignedNode);
    return;
  }
  for (const child of instancesOf(resource)) collectLocations(child, current, found);
}

/** The nodes where it is, or is to be. */
export function locationsOf(resource: Resource, current: boolean): Set<Node> {
  const found = new Set<Node>();
  collectLocations(resource, current, found);
  return found;
}

/** The one node where all of it is (or is to be), if it is one. */
export function locationOf(resource: Resource, current: boolean): Node | undefined {
  if (resource.variant === "primitive") {
    if (!current) return resource.assignedNode;
    return resource.runningOn.length === 1 ? resource.runningOn[0] : undefined;
  }
  const nodes = locationsOf(resource, current);
  return nodes.size === 1 ? nodes.values().next().value : undefined;
}

/** Where a resource is active, and on how many nodes, all told and of the clean ones. */
export interface ActiveNode {
  readonly node: Node | undefined;
  readonly all: number;
  readonly clean: number;
}

function runningNodes(resource: Resource): readonly Node[] {
  if (resource.variant === "primitive") return resource.runningOn;
  return [...locationsOf(resource, true)];
}

/**
 * The node that counts as the one where it is: the source of a migration in progress, else the
 * first (or, for what needs no fencing, the first that is clean).
 */
export function activeNode(resource: Resource): ActiveNode {
  let active: Node | undefined;
  let clean = 0;
  const nodes = runningNodes(resource);
  for (const node of nodes) {
    const happy = node.online && !node.unclean;
    if (happy) clean++;
    if (resource.partialMigrationSource) {
      if (node === resource.partialMigrationSource) active = node;
    } else if (!resource.needsFencing) {
      if (happy && (!active?.online || active.unclean)) active = node;
    }
    active ??= node;
  }
  return { node: active, all: nodes.length, clean };
}

export function currentNode(resource: Resource): Node | undefined {
  if (resource.variant === "primitive" && resource.runningOn.length <= 1)
    return resource.runningOn[0];
  return activeNode(resource).node;
}

/** True if the flag holds for it or for something inside. */
export function anyBlocked(resource: Resource): boolean {
  return resource.blocked || resource.children.some(anyBlocked);
}

export function didFail(resource: Resource): boolean {
  return resource.failed || resource.children.some(didFail);
}

/** Option values that mean yes, as Pacemaker reads booleans. */
export function isTrue(text: string | undefined): boolean {
  return text !== undefined && /^(true|on|yes|y|1)$/i.test(text);
}

/** A boolean option; undefined if the text is none, so that the default holds. */
export function parseBoolean(text: string | undefined): boolean | undefined {
  if (isTrue(text)) return true;
  return text !== undefined && /^(false|off|no|n|0)$/i.test(text) ? false : undefined;
}

/** A group's members share a node unless it says `collocated: false` (deprecated). */
export function isColocatedGroup(group: Resource): boolean {
  const text = group.meta.get("collocated");
  return text === undefined || isTrue(text);
}

export function isOrderedGroup(group: Resource): boolean {
  const text = group.meta.get("ordered");
  return text === undefined || isTrue(text);
}

/** Active only on the word of a probe that failed: nothing shows that it has ever run where it is said to. */
export function isOnlyGuessed({ runningOn, histories }: Resource): boolean {
  return runningOn.every((node) => {
    const done = (histories[node.index]?.entries ?? []).filter(
      ({ record }) => record.rc === 0 || record.rc === 8,
    );
    const last = (names: readonly string[]) =>
      done.findLastIndex(({ record }) => names.includes(record.operation));
    return last(RUNS_AFTER) <= last(STOPPED_AFTER);
  });
}

const RUNS_AFTER = ["start", "monitor", "promote", "demote", "migrate_from"];
const STOPPED_AFTER = ["stop", "migrate_to"];
