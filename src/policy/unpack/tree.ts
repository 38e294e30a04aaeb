import type { Node, Resource } from "../working-set.ts";

/** The outermost resource, but not past a bundle: the clone or group that an instance is of. */
export function topResource(resource: Resource): Resource {
  let top = resource;
  while (top.parent !== undefined && top.parent.variant !== "bundle") top = top.parent;
  return top;
}

/** The clone around a resource, if it is an instance (or a member of one). */
export function isAnonymousClone(resource: Resource): boolean {
  return resource.variant === "clone" && !resource.isUnique;
}

/** Whether it is inside a bundle, contained or implicit. */
export function isBundled(resource: Resource): boolean {
  let up: Resource | undefined = resource.parent;
  while (up !== undefined) {
    if (up.variant === "bundle") return true;
    up = up.parent;
  }
  return false;
}

/** The resource and all below it. */
export function subtree(resource: Resource, found: Resource[] = []): Resource[] {
  found.push(resource);
  for (const child of resource.children) subtree(child, found);
  return found;
}

/** An id without its instance number: `web:12` is `web`. */
export function stripInstance(id: string): string {
  return id.replace(/:\d*$/, "");
}

/** Whether the address of a connection is that of the node where its container happens to be. */
export function followsContainer(resource: Resource): boolean {
  return resource.isRemoteConnection && /^#uname$/i.test(resource.params.get("addr") ?? "");
}

/** The node where a connection's container will be; where it is, if that is not decided. */
export function containerHost(connection: Resource): Node | undefined {
  const container = connection.container;
  return container?.assignedNode ?? container?.runningOn[0];
}
