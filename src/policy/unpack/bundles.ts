import type { BundleDefinition } from "../../model/policy-definition.ts";
import type { Resource, WorkingSet } from "../working-set.ts";

/** Unpacks a bundle into its replicas and their implicit resources. */
export function unpackBundle(
  _ws: WorkingSet,
  _bundle: Resource,
  _definition: BundleDefinition,
): boolean {
  return false;
}
