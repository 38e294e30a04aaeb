import type { AttributeSet, Rule } from "./rule.ts";
import type { Score } from "./score.ts";

/**
 * What the policy engine is told of the definition: Pacemaker's configuration section as plain
 * data. `src/config` makes it from cluster.yaml, `src/interop` from a CIB. Option values stay
 * strings under their Pacemaker names (the newer `fencing-*` names); the engine parses them.
 * Lists keep the order of the source where the order has a meaning, else it must have none.
 */
export interface PolicyDefinition {
  /** Cluster options (`properties`, Pacemaker's crm_config). */
  readonly properties: readonly AttributeSet[];
  readonly resourceDefaults: readonly AttributeSet[];
  readonly operationDefaults: readonly AttributeSet[];
  readonly nodes: readonly PolicyNode[];
  /** Top-level resources in the order of the source. */
  readonly resources: readonly ResourceDefinition[];
  readonly templates: readonly PrimitiveDefinition[];
  readonly tags: ReadonlyMap<string, readonly string[]>;
  readonly constraints: readonly Constraint[];
  readonly fencingTopology: readonly TopologyLevel[];
  /** There are fencing devices that are no resources (`fencing: devices:` of cluster.yaml). */
  readonly hasFencingDevices?: boolean;
  /** One of them must let a node in before resources start there, unless they say otherwise. */
  readonly providesUnfencing?: boolean;
}

export interface PolicyNode {
  readonly id: string;
  readonly name: string;
  /**
   * member: an ordinary node; remote: a Pacemaker remote node; witness: never runs anything; ping: what
   * old CIBs have in its place.
   */
  readonly type: "member" | "witness" | "ping" | "remote";
  /** Permanent node attributes (standby and maintenance are among them). */
  readonly attributes: readonly AttributeSet[];
  readonly utilization: readonly AttributeSet[];
}

export type ResourceDefinition =
  | PrimitiveDefinition
  | GroupDefinition
  | CloneDefinition
  | BundleDefinition;

interface ResourceCommon {
  readonly id: string;
  readonly description?: string;
  readonly meta: readonly AttributeSet[];
  readonly params: readonly AttributeSet[];
}

/** An agent by class, provider and type: `ocf:heartbeat:IPaddr2`, `systemd:nginx`. */
export interface AgentName {
  readonly class: string;
  /** Only with the class ocf. */
  readonly provider?: string;
  readonly type: string;
}

export interface PrimitiveDefinition extends ResourceCommon {
  readonly kind: "primitive";
  /** Absent where it comes from the template. */
  readonly agent?: AgentName;
  readonly template?: string;
  readonly operations: readonly OperationDefinition[];
  readonly utilization: readonly AttributeSet[];
}

export interface OperationDefinition {
  readonly id: string;
  readonly name: string;
  /** As written: "10s", "PT10S", "10000ms"; "0" where absent. */
  readonly interval: string;
  /** timeout, on-fail, role, enabled, start-delay, interval-origin …, as written. */
  readonly options: ReadonlyMap<string, string>;
  readonly meta: readonly AttributeSet[];
  /** Extra parameters of this operation, such as OCF_CHECK_LEVEL. */
  readonly params: readonly AttributeSet[];
}

export interface GroupDefinition extends ResourceCommon {
  readonly kind: "group";
  readonly members: readonly PrimitiveDefinition[];
}

export interface CloneDefinition extends ResourceCommon {
  readonly kind: "clone";
  /** True for the old `master` element and for `meta: promotable: true` alike. */
  readonly legacyMaster?: boolean;
  readonly child: PrimitiveDefinition | GroupDefinition;
}

export interface BundleDefinition extends ResourceCommon {
  readonly kind: "bundle";
  /** docker, podman, rkt and its attributes as written. */
  readonly container: { readonly type: string; readonly options: ReadonlyMap<string, string> };
  readonly network?: ReadonlyMap<string, string>;
  readonly portMappings: readonly ReadonlyMap<string, string>[];
  readonly storageMappings: readonly ReadonlyMap<string, string>[];
  readonly child?: PrimitiveDefinition;
}

export type Constraint =
  | LocationConstraint
  | ColocationConstraint
  | OrderConstraint
  | TicketConstraint;

export interface LocationConstraint {
  readonly kind: "location";
  readonly id: string;
  /** Exactly one of resource (a resource, template or tag), pattern and sets. */
  readonly resource?: string;
  readonly pattern?: string;
  readonly sets?: readonly ResourceSet[];
  readonly role?: string;
  readonly node?: string;
  readonly score?: Score;
  readonly rules: readonly Rule[];
  /** always, never, exclusive. */
  readonly discovery?: string;
  /** ISO 8601 end of validity, where it has one (the CLI's migrate and ban). */
  readonly expires?: string;
  /** In words, where its id is nothing that somebody wrote (an override). */
  readonly says?: string;
}

export interface ColocationConstraint {
  readonly kind: "colocation";
  readonly id: string;
  readonly score?: Score;
  readonly resource?: string;
  readonly role?: string;
  readonly instance?: string;
  readonly with?: string;
  readonly withRole?: string;
  readonly withInstance?: string;
  readonly nodeAttribute?: string;
  readonly influence?: string;
  readonly sets?: readonly ResourceSet[];
}

export interface OrderConstraint {
  readonly kind: "order";
  readonly id: string;
  /** Mandatory, Optional, Serialize; or a score in old sources. */
  readonly orderKind?: string;
  readonly score?: string;
  readonly first?: string;
  readonly firstAction?: string;
  readonly firstInstance?: string;
  readonly then?: string;
  readonly thenAction?: string;
  readonly thenInstance?: string;
  readonly symmetrical?: string;
  readonly requireAll?: string;
  readonly sets?: readonly ResourceSet[];
}

export interface TicketConstraint {
  readonly kind: "ticket";
  readonly id: string;
  readonly ticket: string;
  readonly resource?: string;
  readonly role?: string;
  readonly lossPolicy?: string;
  readonly sets?: readonly ResourceSet[];
}

/** A resource set with its options as written (Pacemaker Explained, "Resource Sets"). */
export interface ResourceSet {
  readonly id: string;
  readonly members: readonly string[];
  readonly sequential?: string;
  readonly requireAll?: string;
  readonly role?: string;
  readonly action?: string;
  readonly score?: string;
  readonly ordering?: string;
  readonly kind?: string;
}

export interface TopologyLevel {
  readonly id: string;
  readonly index: number;
  readonly target?: string;
  readonly targetPattern?: string;
  readonly targetAttribute?: string;
  readonly targetValue?: string;
  readonly devices: readonly string[];
}
