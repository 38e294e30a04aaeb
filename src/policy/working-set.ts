import type { ClusterStatus } from "../model/cluster-status.ts";
import type { PlanNotice } from "../model/plan.ts";
import type {
  AgentName,
  PolicyDefinition,
  ResourceDefinition,
} from "../model/policy-definition.ts";
import type { Score } from "../model/score.ts";
import type { Action, Ordering, Slot } from "./action.ts";
import type { ClusterOptions } from "./engine-options.ts";
import type { MergeTrace } from "./merge-trace.ts";
import { NodeSet } from "./node-set.ts";
import type { Notifications } from "./notify.ts";
import type { ConfiguredOperation, NodeHistory } from "./operation-history-types.ts";
import { UTC } from "./rules/time-zone.ts";
import type { ScoreTable } from "./score-table.ts";
import type { UnpackServices } from "./unpack-services.ts";
import type {
  BundleReplica,
  BundleState,
  Demand,
  FailcountClear,
  LateCheck,
  SharedParams,
  Ticket,
  TicketUse,
} from "./working-parts.ts";

/**
 * The working set: everything one run of the engine knows and decides. It is filled by
 * `unpack/**` from the definition and the status, changed by the stages of the pipeline (plan.ts),
 * and thrown away when the plan has been read out of it. Nothing outside src/policy sees it.
 */

/** Roles as ranks, so that "at least Unpromoted" is a comparison. */
export const ROLE = { unknown: 0, stopped: 1, started: 2, unpromoted: 3, promoted: 4 } as const;
export type RoleRank = (typeof ROLE)[keyof typeof ROLE];

/** A cluster node, or a remote or guest node. */
export class Node {
  /** Position in `WorkingSet.nodes`; the index into every score table. */
  readonly index: number;
  readonly id: string;
  readonly name: string;
  kind: "member" | "remote" | "guest" | "ping" = "member";
  online = false;
  standby = false;
  /** Standby because an operation with on-fail=standby failed there. */
  standbyOnFail = false;
  unclean = false;
  /** Never heard of: not in the status. */
  unseen = true;
  pending = false;
  shutdown = false;
  expectedUp = false;
  isDc = false;
  maintenance = false;
  /** False: `resource-discovery-enabled=false`, only for remote and guest nodes. */
  discoveryEnabled = true;
  remoteRequiresReset = false;
  remoteWasFenced = false;
  remoteMaintenance = false;
  unpacked = false;
  /** Why it is to be fenced, first reason given. */
  fenceReason: string | undefined;
  /** It is lost without a word: `priority-fencing-delay` applies to its fencing. */
  fencePriorityDelay = false;
  /** Sum of priorities of what runs there, for priority-fencing-delay. */
  priority = 0;
  healthScore: Score = 0;
  /** red, yellow or green for display; undefined when health says nothing. */
  health: string | undefined;
  attributes = new Map<string, string>();
  utilization = new Map<string, number>();
  /** What is left of utilization during assignment. */
  remaining = new Map<string, number>();
  /** Epoch seconds of the shutdown request, if any. */
  shutdownRequestedAt = 0;
  /** Resources found active here before the plan. */
  readonly running: Resource[] = [];
  /** Resources assigned here by the plan. */
  readonly assigned: Resource[] = [];
  /** Number of assigned primitive instances (Pacemaker's tie-breaker). */
  load = 0;
  /** The connection resource of a remote or guest node. */
  connection: Resource | undefined;

  constructor(index: number, id: string, name: string) {
    this.index = index;
    this.id = id;
    this.name = name;
  }
}

export type Variant = "primitive" | "group" | "clone" | "bundle";
export type MultipleActive = "stop_start" | "stop_only" | "block" | "stop_unexpected";

/** Where a resource is allowed to be probed: location constraint's `resource-discovery`. */
export type Discovery = "always" | "never" | "exclusive";
/** As kept per node in `Resource.discovery`: exclusive > never > always. */
export const DISCOVERY: Readonly<Record<Discovery, number>> = { always: 0, never: 1, exclusive: 2 };

export class Resource {
  /** Instance id: `web`, `web:0`. Unique in the working set. */
  id: string;
  /** Id in the definition (without instance number). */
  readonly baseId: string;
  readonly variant: Variant;
  /** Instance number within its clone. */
  instance: number | undefined;
  definition: ResourceDefinition | undefined;
  agent: AgentName | undefined;
  parent: Resource | undefined;
  /** Members of a group, instances of a clone, implicit and contained resources of a bundle. */
  readonly children: Resource[] = [];
  /** Position in the order of the definition (Pacemaker's "order of configuration"). */
  order = 0;

  // --- configuration: merged meta attributes and what is parsed out of them ---
  meta: ReadonlyMap<string, string> = new Map();
  params: ReadonlyMap<string, string> = new Map();
  operations: readonly ConfiguredOperation[] = [];
  utilization = new Map<string, number>();
  priority = 0;
  /** Given by the configuration or default. */
  stickiness = 0;
  /** 0: never (Pacemaker's default INFINITY is kept as 1 000 000). */
  migrationThreshold = 1_000_000;
  failureTimeoutMs = 0;
  multipleActive: MultipleActive = "stop_start";
  /** `restart-type=restart`: restart when what it optionally follows restarts. */
  restartType: "ignore" | "restart" = "ignore";
  critical = true;
  managed = true;
  maintenance = false;
  allowMigrate = false;
  needsQuorum = false;
  needsFencing = false;
  needsUnfencing = false;
  isFenceDevice = false;
  /** target-role as written; undefined: not set. */
  targetRole: RoleRank | undefined;
  /** True: target-role Stopped, Unpromoted for something promotable …, for the status display. */
  containerId: string | undefined;
  /** Implicit resource made by a bundle or guest node. */
  internal = false;

  // --- clones ---
  isUnique = false;
  isPromotable = false;
  notify = false;
  ordered = false;
  interleave = false;
  cloneMax = 0;
  cloneNodeMax = 1;
  cloneMin = 0;
  promotedMax = 0;
  promotedNodeMax = 0;

  // --- state found ---
  orphan = false;
  failed = false;
  failureIgnored = false;
  /** Nothing may be done with it until an operator helps. */
  blocked = false;
  /** It was inside a guest or bundle, which is gone from the definition. */
  orphanOfContainer = false;
  startPending = false;
  /** Removed from the definition's group or clone but still running as a filler of its history. */
  role: RoleRank = ROLE.unknown;
  nextRole: RoleRank = ROLE.unknown;
  nextRoleReason: string | undefined;
  readonly runningOn: Node[] = [];
  /** Nodes where a probe or other operation told its state. */
  readonly knownOn = new NodeSet();
  /** start, stop, promote, demote, migrate_to, migrate_from, monitor …; probes are "probe". */
  pendingTask: string | undefined;
  pendingNode: Node | undefined;
  partialMigrationSource: Node | undefined;
  partialMigrationTarget: Node | undefined;
  /** Targets of migrations that neither succeeded nor were cleaned up. */
  readonly danglingMigrations: Node[] = [];
  lockNode: Node | undefined;
  lockTime = 0;
  /** The id that histories use for it (`web` of an anonymous `web:0`), once one is known. */
  historyId: string | undefined;
  /** What is recorded of it, by the index of the node. */
  readonly histories: (NodeHistory | undefined)[] = [];
  /** Remote connection: seconds to wait before reconnecting after a failure. */
  remoteReconnectMs = 0;
  isRemoteConnection = false;
  /** The node that this connection resource provides. */
  remoteNode: Node | undefined;
  /** What runs inside this container (guest's VM or bundle's container), and the container of a filler. */
  readonly fillers: Resource[] = [];
  container: Resource | undefined;
  /** multiple-active=stop_unexpected applies now. */
  stopUnexpected = false;

  // --- decisions ---
  /** Score per node; made by the location stage, changed by assignment. */
  allowed!: ScoreTable;
  exclusiveDiscovery = false;
  provisional = true;
  assigning = false;
  /** Set by clone assignment: this instance may not be started (over clone-max …). */
  assignedNode: Node | undefined;
  /** Whether start and promote may run at all (set with the assignment). */
  runnable = true;
  promotionScore: Score = -1;
  sortIndex = 0;
  /** In the order of creation; `slots` and `tasks` are indices into it, filled by actions.ts. */
  readonly actions: Action[] = [];
  readonly slots = new Map<string, Action[]>();
  readonly tasks = new Map<string, Action[]>();
  /** Its start as an end of orderings, made once for all its probes. */
  startSlot: Slot | undefined;
  /** Colocations: where this is the dependent, and where it is the primary. */
  readonly colocatedWith: Colocation[] = [];
  readonly colocatedTo: Colocation[] = [];
  readonly tickets: TicketUse[] = [];
  /** Per node: how many instances are assigned (clones), and resource-discovery (bits of DISCOVERY). */
  counts: Int32Array | undefined;
  discovery: Uint8Array | undefined;
  /** Colocations that count for it, its own and its ancestors', sorted; made on demand. */
  thisWith: readonly Colocation[] | undefined;
  withThis: readonly Colocation[] | undefined;
  /** Guards against endless recursion through colocation loops. */
  mergingScores = false;
  restarting = false;
  /** Promotable clones: promotion scores are in the nodes' scores; instances are sorted by them. */
  promotionAdded = false;
  promotionSorted = false;
  reload = false;
  /** A failed resource that must be stopped to recover (as opposed to demoted). */
  stopIfFailed = false;
  /** Bundles: see bundle.ts. */
  bundle: BundleState | undefined;
  /** A bundle replica's container: what runs in it takes its roles. */
  replica: BundleReplica | undefined;
  /** Why it is banned, blocked or stopped, for reasons of actions and `explain`. */
  readonly remarks: string[] = [];

  constructor(id: string, baseId: string, variant: Variant) {
    this.id = id;
    this.baseId = baseId;
    this.variant = variant;
  }
}

/** A location constraint (or one rule of it) with the scores of its nodes. */
export interface LocationUse {
  readonly id: string;
  readonly resource: Resource;
  readonly roleFilter: RoleRank;
  readonly discovery: Discovery;
  readonly scores: readonly { readonly node: Node; readonly score: Score }[];
  /** Where its scores come from, if not told by its id. */
  readonly source?: string | undefined;
  /** What its rule says, as one writes it; only while explaining. */
  readonly says?: string | undefined;
}

export interface Colocation {
  readonly id: string;
  readonly dependent: Resource;
  readonly primary: Resource;
  /** `#uname` unless said otherwise. */
  readonly nodeAttribute: string;
  readonly dependentRole: RoleRank;
  readonly primaryRole: RoleRank;
  readonly score: Score;
  readonly influence: boolean;
  /** From the definition, not from a group's or container's inside. */
  readonly explicit: boolean;
  /** For a deterministic order among equals. */
  readonly sequence: number;
}

export class WorkingSet {
  readonly definition: PolicyDefinition;
  readonly status: ClusterStatus;
  /** Seconds since the epoch. */
  readonly nowSeconds: number;
  /** Times without an offset are of this zone. */
  readonly timeZone: string;
  options!: ClusterOptions;
  services!: UnpackServices;
  quorate = false;
  dcNode: Node | undefined;
  readonly nodes: Node[] = [];
  readonly nodeByName = new Map<string, Node>();
  readonly nodeById = new Map<string, Node>();
  /** Top-level resources in the order of the definition, orphans after them. */
  readonly resources: Resource[] = [];
  /** Every resource of the tree by instance id; clones' instances also as `rsc:N`. */
  readonly resourceById = new Map<string, Resource>();
  /** Instances and others by id in the definition. */
  readonly byBaseId = new Map<string, Resource[]>();
  /** Nodes inside bundles' containers: only their own content runs there. */
  readonly bundleNodes = new Set<Node>();
  /** Nodes that a bundle or the history will yet bring: nothing unpacked before knows of them. */
  readonly nodesToCome = new Set<Node>();
  readonly tickets = new Map<string, Ticket>();
  readonly tags = new Map<string, readonly string[]>();
  /** Template id → primitives made from it. */
  readonly templateUsers = new Map<string, readonly string[]>();
  readonly colocations: Colocation[] = [];
  readonly locations: LocationUse[] = [];
  readonly orderings: Ordering[] = [];
  readonly actions: Action[] = [];
  /** Actions without a resource, by key. */
  readonly singletons = new Map<string, Action>();
  readonly failcountClears: FailcountClear[] = [];
  readonly lateChecks: LateCheck[] = [];
  readonly demands: Demand[] = [];
  /** Containers whose inside failed so that they must be restarted wherever they are. */
  readonly containersToStop: Resource[] = [];
  readonly notices: PlanNotice[] = [];
  /** At least one fence device is configured and active, or a watchdog (as Pacemaker's flag). */
  haveFenceDevice = false;
  haveRemoteNodes = false;
  /** At least one resource needs room of its own. */
  haveUtilization = false;
  /** Seconds since the epoch at which a re-plan is due even if nothing happens. */
  recheckAt: number | undefined;
  /** At least one resource requires unfencing. */
  enableUnfencing = false;
  /** How many resources were made so far: gives each its `order`. */
  resourceCount = 0;
  /** Location constraints for the promoted role, by the resource that they name. */
  readonly promotedLocations = new Map<Resource, LocationUse[]>();
  /** The marks around the operations of clones with `notify` (notify.ts). */
  readonly notifications = new Map<
    Resource,
    Map<"start" | "stop" | "promote" | "demote", Notifications>
  >();
  /** Parameters by the definition that they come from, given those of what is around it. */
  readonly sharedParams = new Map<ResourceDefinition, SharedParams>();
  /** Counts the steps of wishes along chains of colocations (score-merging.ts). */
  merges = 0;
  /** How many of them there were when the work last paused. */
  mergesBeforePause = 0;
  /** How far along a chain the wishes are that are merged right now. */
  mergeDepth = 0;
  /** Where the wishes come from that are merged right now; only while explaining. */
  mergeTrace: MergeTrace | undefined;
  /** Counts traversals of the action graph (Action.visit). */
  visits = 0;
  /** The status may come from a report with its secrets masked (simulations). */
  sanitized = false;
  /** Collect where every score came from. */
  explain = false;
  /** Without quorum, and without the status of those who are elsewhere. */
  wary = false;
  /** Promotable clone to the nodes on which the plan under way promotes it. */
  promoting: ReadonlyMap<string, readonly string[]> = new Map();

  constructor(definition: PolicyDefinition, status: ClusterStatus, nowSeconds: number) {
    this.definition = definition;
    this.status = status;
    this.nowSeconds = nowSeconds;
    this.timeZone = status.timeZone ?? UTC;
  }

  /** Notes the earliest time at which the answer may change by itself. */
  recheckBy(seconds: number): void {
    if (seconds <= this.nowSeconds) return;
    if (this.recheckAt === undefined || seconds < this.recheckAt) this.recheckAt = seconds;
  }

  notice(
    level: PlanNotice["level"],
    code: string,
    message: string,
    about: { readonly resource?: string; readonly node?: string } = {},
  ): void {
    this.notices.push({ level, code, message, ...about });
  }

  /** Registers a resource of the tree under its id and base id. */
  register(resource: Resource): void {
    this.resourceById.set(resource.id, resource);
    const same = this.byBaseId.get(resource.baseId);
    if (same) same.push(resource);
    else this.byBaseId.set(resource.baseId, [resource]);
  }
}
