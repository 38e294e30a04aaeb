import type { WorkingSet } from "../working-set.ts";

/** Names of the nodes that bundles bring: one for every replica, where there is a connection. */
export function bundleNodes(_ws: WorkingSet): readonly string[] {
  return [];
}
