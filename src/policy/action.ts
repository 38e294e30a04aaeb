import type { Node, Resource } from "./working-set.ts";

/**
 * How an ordering "first then next" binds, as bits: one pair may be ordered for several reasons.
 * They decide three things: whether one action makes the other necessary, whether one that cannot
 * run blocks the other, and whether the order belongs in the graph at all.
 */
export const ORDER = {
  none: 0,
  /** Only the order, if both are in the graph. */
  ordered: 1 << 0,
  /** Only where the first is not part of a live migration. */
  ifFirstUnmigratable: 1 << 1,
  /** A necessary next makes the first necessary. */
  nextImpliesFirst: 1 << 2,
  /** A necessary first makes the next necessary. */
  firstImpliesNext: 1 << 3,
  /** As nextImpliesFirst, but only if the next's resource is promoted now. */
  promotedNextImpliesFirst: 1 << 4,
  /** The first is in the graph only if the next is migratable and can run. */
  unmigratableNextBlocks: 1 << 5,
  /** A first that cannot run blocks the next. */
  unrunnableFirstBlocks: 1 << 6,
  /** A first that cannot run makes the next a real action, no mark. */
  nestedMigration: 1 << 7,
  /** As firstImpliesNext, but only for instances on the first's node (unfencing). */
  firstImpliesNextOnNode: 1 << 8,
  /** Stop before start of one resource: a necessary start makes the stop necessary. */
  restart: 1 << 9,
  serialize: 1 << 10,
  /** Binds only if both are on one node. */
  ifOnSameNode: 1 << 11,
  /** The first belongs in the graph if the next is necessary. */
  nextGraphsFirst: 1 << 12,
  /** The next belongs in the graph if the first is necessary. */
  firstGraphsNext: 1 << 13,
  asymmetric: 1 << 14,
  /** Utilization: relevant only on the node the next goes to. */
  load: 1 << 15,
  /** The next needs some number of firsts that can run. */
  minRunnable: 1 << 16,
  /** Anti-colocation: only if both are necessary and on one node. */
  antiColocation: 1 << 17,
  /** Made by us, so allowed between a guest and what runs in it. */
  guestAllowed: 1 << 18,
  /** A necessary next makes the first superfluous. */
  nextCancelsFirst: 1 << 19,
  /** A bundle connection's probe after its container's start, unless the container is stopping. */
  nestedProbe: 1 << 20,
} as const;

/** Properties of an action, as bits, because clones and groups compute them from their members. */
export const ACT = {
  optional: 1 << 0,
  runnable: 1 << 1,
  /** A mark in the graph; nobody executes anything. */
  pseudo: 1 << 2,
  migratable: 1 << 3,
  /** In the graph even though optional. */
  always: 1 << 4,
  impliedByFencing: 1 << 5,
  /** Needs `requiredBefore` of the actions before it to be runnable. */
  requiresAny: 1 << 6,
  /** The DC can do it, wherever the node is. */
  onDc: 1 << 7,
  /** A recurring operation whose parameters have changed. */
  reschedule: 1 << 8,
  migrationAbort: 1 << 9,
  inGraph: 1 << 10,
} as const;

/**
 * One ordering between two actions. Links are chained: thousands of probes have one or two each, and
 * a list for each end of them takes more memory than everything else that is known of a probe.
 */
export interface Link {
  readonly first: Action;
  readonly next: Action;
  flags: number;
  /** The next younger of the links before the same `next`. */
  youngerBefore: Link | undefined;
  /** The next younger of the links after the same `first`. */
  youngerAfter: Link | undefined;
}

/** One action of the plan in the making. */
export class Action {
  readonly id: number;
  readonly resource: Resource | undefined;
  node: Node | undefined;
  task: string;
  /** The key without the resource: `start_0`, `monitor_10000`, `pre_notify_stop_0`. */
  readonly slot: string;
  readonly intervalMs: number;
  flags: number;
  reason: string | undefined;
  priority = 0;
  /** What it is ordered after, in the order of creation (on by `youngerBefore`). */
  firstBefore: Link | undefined;
  #lastBefore: Link | undefined;
  /** What is ordered after it, in the order of creation (on by `youngerAfter`). */
  firstAfter: Link | undefined;
  #lastAfter: Link | undefined;
  requiredBefore = 0;
  runnableBefore = 0;
  /** Exit code that will count as success; undefined: 0. */
  expectedRc: number | undefined;
  /** Part of a migration: waits for fencing as the start would. */
  requiresFencing = false;
  /** For cancel: the operation to be cancelled. */
  cancelTask: string | undefined;
  /** Extra CRM_meta_* values. */
  meta: Record<string, string> | undefined;
  /** reboot, off or on, for fencing. */
  fenceOperation: string | undefined;
  /** For notifications: `pre-start`, `confirmed-post-stop` … */
  notifyKey: string | undefined;
  /** Waits for an update of its orderings. */
  queued = false;
  /** Its place in the order by name of all actions of the graph; negative: not in the graph. */
  rank = -1;
  /** Last traversal that visited it. */
  visit = 0;

  constructor(
    id: number,
    resource: Resource | undefined,
    node: Node | undefined,
    task: string,
    slot: string,
    intervalMs: number,
    flags: number,
  ) {
    this.id = id;
    this.resource = resource;
    this.node = node;
    this.task = task;
    this.slot = slot;
    this.intervalMs = intervalMs;
    this.flags = flags;
  }

  get lastAfter(): Link | undefined {
    return this.#lastAfter;
  }

  /** Orders this action before another. */
  orderBefore(next: Action, flags: number): void {
    const link: Link = {
      first: this,
      next,
      flags,
      youngerBefore: undefined,
      youngerAfter: undefined,
    };
    if (this.#lastAfter) this.#lastAfter.youngerAfter = link;
    else this.firstAfter = link;
    this.#lastAfter = link;
    if (next.#lastBefore) next.#lastBefore.youngerBefore = link;
    else next.firstBefore = link;
    next.#lastBefore = link;
  }

  is(flag: number): boolean {
    return (this.flags & flag) === flag;
  }

  set(flag: number): void {
    this.flags |= flag;
  }

  clear(flag: number): void {
    this.flags &= ~flag;
  }

  /** `web_start_0`; for cluster actions the slot is the whole key. */
  get key(): string {
    return this.resource ? `${this.resource.id}_${this.slot}` : this.slot;
  }

  /** Gives a reason unless there is one already. */
  because(reason: string): void {
    this.reason ??= reason;
  }
}

/** Whatever actions a resource will have in a slot. */
export interface Slot {
  readonly resource: Resource;
  readonly slot: string;
}

/** An ordering before all actions are known: each end is an action, or a slot. */
export interface Ordering {
  readonly first: Action | Slot;
  readonly next: Action | Slot;
  readonly flags: number;
}
