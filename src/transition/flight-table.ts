import type { Instant, Millis } from "../core/units.ts";
import type { PlanAction } from "../model/plan.ts";
import type { InFlightAction, TransitionLimits } from "./transition-events.ts";

/** One action that was handed out: what the table keeps of it. */
export interface Flight {
  readonly key: string;
  readonly action: PlanAction;
  readonly since: Instant;
  readonly deadline: Instant;
  /** Id in the current graph; undefined once its transition was superseded and nobody took it over. */
  graphId: number | undefined;
}

/** No bounds at all. */
export const UNLIMITED: TransitionLimits = { batchLimit: 0, nodeLimit: 0, migrationLimit: 0 };

/**
 * All that was handed out and is not answered, of this transition and of superseded ones: an
 * operation does not go away because the plan did.
 */
export class FlightTable {
  readonly #flights = new Map<string, Flight>();

  get(key: string): Flight | undefined {
    return this.#flights.get(key);
  }

  add(flight: Flight): void {
    this.#flights.set(flight.key, flight);
  }

  remove(key: string): void {
    this.#flights.delete(key);
  }

  clear(): void {
    this.#flights.clear();
  }

  get isEmpty(): boolean {
    return this.#flights.size === 0;
  }

  /** In the order in which they were handed out. */
  all(): readonly Flight[] {
    return [...this.#flights.values()];
  }

  snapshot(): readonly InFlightAction[] {
    return this.all().map(({ key, action, since, deadline, graphId }) => ({
      key,
      action,
      since,
      deadline,
      carried: graphId === undefined,
    }));
  }

  nextDeadline(): Instant | undefined {
    let earliest: Instant | undefined;
    for (const { deadline } of this.#flights.values()) {
      if (earliest === undefined || deadline < earliest) earliest = deadline;
    }
    return earliest;
  }

  /** Whether something of the current graph is out. */
  hasOwn(): boolean {
    for (const flight of this.#flights.values()) if (flight.graphId !== undefined) return true;
    return false;
  }

  /** A left-over that does just what this action wants, so that it need not be done twice. */
  adoptable(action: PlanAction): Flight | undefined {
    return this.all().find(
      (flight) => flight.graphId === undefined && isSameWork(flight.action, action),
    );
  }

  /**
   * Whether a left-over must end first: one of the same instance, for while the LRM would queue
   * behind it on its own node, another node doesn't know of it; and before a node is told that it may
   * go, any on that node, for a node that leaves counts as one where nothing runs.
   */
  isHeld(action: PlanAction): boolean {
    return this.all().some(
      (flight) =>
        flight.graphId === undefined &&
        (isSameInstance(flight.action, action) || isInTheWayOfLeaving(flight.action, action)),
    );
  }

  /** Fencing is never held back: what waits for it is what the cluster is here for. */
  hasRoom(action: PlanAction, limits: TransitionLimits): boolean {
    if (action.kind === "fence") return true;
    const running = this.all().filter((flight) => flight.action.kind !== "fence");
    if (isFull(running.length, limits.batchLimit)) return false;
    const nodeLimit = limits.nodeLimits?.get(action.node ?? "") ?? limits.nodeLimit;
    const onNode = running.filter((flight) => flight.action.node === action.node);
    if (isFull(onNode.length, nodeLimit)) return false;
    if (!isMigration(action)) return true;
    return migrationNodes(action).every((node) => {
      const there = running.filter((flight) => migrationNodes(flight.action).includes(node));
      return !isFull(there.length, limits.migrationLimit);
    });
  }
}

function isFull(count: Millis, limit: number): boolean {
  return limit > 0 && count >= limit;
}

function isMigration(action: PlanAction): boolean {
  return action.operation === "migrate_to" || action.operation === "migrate_from";
}

/** A live migration loads both ends, whichever of them runs the agent. */
function migrationNodes(action: PlanAction): readonly string[] {
  if (!isMigration(action)) return [];
  const meta = action.meta ?? {};
  const ends = ["migrate_source", "migrate_target"].map(
    (name) => meta[`CRM_meta_${name}`] ?? meta[name],
  );
  return [...new Set([action.node, ...ends])].filter((node) => node !== undefined);
}

function isSameWork(a: PlanAction, b: PlanAction): boolean {
  if (a.kind !== b.kind || a.operation !== b.operation || a.node !== b.node) return false;
  if (a.kind === "fence") return true;
  return (
    a.resource === b.resource &&
    a.intervalMs === b.intervalMs &&
    a.digest === b.digest &&
    a.notify === b.notify &&
    a.expectedRc === b.expectedRc
  );
}

function isSameInstance(a: PlanAction, b: PlanAction): boolean {
  if (a.kind === "fence" || b.kind === "fence") {
    return a.kind === b.kind && a.node === b.node;
  }
  if (a.resource === undefined || b.resource === undefined) return false;
  if (a.resource === b.resource) return true;
  return a.node === b.node && cloneOf(a.resource) === cloneOf(b.resource);
}

function isInTheWayOfLeaving(leftOver: PlanAction, action: PlanAction): boolean {
  if (action.operation !== "do_shutdown" || leftOver.kind === "fence") return false;
  return leftOver.node === action.node;
}

/** `web:0` and `web:1` on one node may be the same thing under another number. */
function cloneOf(resource: string): string {
  return resource.replace(/:\d+$/, "");
}
