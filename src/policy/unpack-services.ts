import type { OperationRecord } from "../model/cluster-status.ts";
import type { DigestVerdict, OperationConfig } from "./operation-history-types.ts";
import type { Failcount } from "./working-parts.ts";
import type { Node, Resource } from "./working-set.ts";

/** Functions that `unpack/**` hands to the later stages, so that neither imports the other's insides. */
export interface UnpackServices {
  operationConfig(resource: Resource, operation: string, intervalMs: number): OperationConfig;
  /** Failcount of a resource on a node, of what is in the container included; none expired. */
  failcount(resource: Resource, node: Node): Failcount;
  /** As `failcount`, of just this resource. */
  ownFailcount(resource: Resource, node: Node): Failcount;
  /** Whether anything at all has failed on a node, expired or not. */
  anyFailcount(node: Node): boolean;
  /**
   * Compares a recorded result with the parameters it would run with today. An expired failure
   * counts as changed, unless a result `before` it is of the same operation: that goes on.
   */
  compareDigest(
    resource: Resource,
    node: Node,
    record: OperationRecord,
    before?: OperationRecord,
  ): DigestVerdict;
  /**
   * What an operation is told today and the digest to record with its result: the counterpart of
   * `compareDigest`.
   */
  callOn(
    resource: Resource,
    node: Node,
    operation: string,
    intervalMs: number,
  ): { readonly params: ReadonlyMap<string, string>; readonly digest: string };
  /** Parameters of the resource on that node (rules may make them differ between nodes). */
  paramsOn(resource: Resource, node: Node | undefined): ReadonlyMap<string, string>;
  /** Digests of a fence device's parameters as a node remembers them of its last unfencing. */
  fenceDigests(resource: Resource, node: Node): { readonly all: string; readonly secure: string };
}
