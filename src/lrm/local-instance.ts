import type { Instant } from "../core/units.ts";
import type { OperationRequest } from "../model/operation.ts";

/** A one-shot request that waits for its turn. */
export interface QueuedOperation {
  readonly request: OperationRequest;
  readonly callId: number;
  /** Not before: its start-delay. */
  readonly eligibleAt: Instant;
  /** Ordered by this node itself (emergency stop): answered to nobody. */
  readonly own: boolean;
}

/** A recurring operation between and during its runs. */
export interface RecurringMonitor {
  readonly request: OperationRequest;
  readonly callId: number;
  nextAt: Instant;
  /** What its last run gave; undefined before the first. */
  last: { readonly rc: number; readonly status: number } | undefined;
}

/** What an instance is to run next. */
export interface NextRun {
  readonly request: OperationRequest;
  readonly callId: number;
  /** Where it is a run of a recurring operation. */
  readonly monitor: RecurringMonitor | undefined;
  readonly own: boolean;
}

/** The agent run in progress. */
export interface AgentRun extends NextRun {
  readonly runId: number;
  /** Seconds since the epoch. */
  readonly startedAt: number;
  /** When the executor must have reported its end. */
  deadline: Instant;
  /** Its end was made up here, since the executor did not report it in time. */
  overdue: boolean;
}

/** One resource instance: its queue, its recurring operations, and at most one agent run. */
export class LocalInstance {
  readonly resource: string;
  queue: QueuedOperation[] = [];
  readonly monitors = new Map<string, RecurringMonitor>();
  run: AgentRun | undefined;

  constructor(resource: string) {
    this.resource = resource;
  }

  isIdle(): boolean {
    return this.run === undefined && this.queue.length === 0 && this.monitors.size === 0;
  }

  /** Takes what is to run now, if anything; with `monitorsAllowed` false no monitor or probe. */
  takeNext(now: Instant, monitorsAllowed: boolean): NextRun | undefined {
    const index = this.queue.findIndex((each) => each.eligibleAt <= now);
    const head = this.queue[index];
    if (head !== undefined) {
      if (!monitorsAllowed && head.request.operation === "monitor") return undefined;
      this.queue.splice(index, 1);
      return { request: head.request, callId: head.callId, own: head.own, monitor: undefined };
    }
    const monitor = monitorsAllowed ? this.#dueMonitor(now) : undefined;
    if (monitor === undefined) return undefined;
    return { request: monitor.request, callId: monitor.callId, own: false, monitor };
  }

  /** The recurring operation that is due longest, ties by name. */
  #dueMonitor(now: Instant): RecurringMonitor | undefined {
    let due: RecurringMonitor | undefined;
    for (const label of [...this.monitors.keys()].sort()) {
      const monitor = this.monitors.get(label)!;
      if (monitor.nextAt <= now && (due === undefined || monitor.nextAt < due.nextAt)) {
        due = monitor;
      }
    }
    return due;
  }

  /** When something of it wants attention. */
  nextDeadline(): Instant {
    if (this.run !== undefined) return this.run.deadline;
    let next = Number.POSITIVE_INFINITY;
    for (const { eligibleAt } of this.queue) next = Math.min(next, eligibleAt);
    for (const { nextAt } of this.monitors.values()) next = Math.min(next, nextAt);
    return next;
  }

  /** The keys of requests that have not been answered. */
  unansweredKeys(): string[] {
    const keys = this.queue.filter((each) => !each.own).map((each) => each.request.key);
    for (const monitor of this.monitors.values()) {
      if (monitor.last === undefined) keys.push(monitor.request.key);
    }
    const { run } = this;
    if (run !== undefined && run.monitor === undefined && !run.own && !run.overdue) {
      keys.push(run.request.key);
    }
    return keys;
  }
}

export function monitorLabel(operation: string, intervalMs: number): string {
  return `${operation}_${intervalMs}`;
}

const WITHOUT_CHANGE: readonly string[] = ["monitor", "notify", "announce"];

/** Changes the instance's state: recurring operations end before it (should_cancel_recurring). */
export function changesState(request: OperationRequest): boolean {
  return request.intervalMs === 0 && !WITHOUT_CHANGE.includes(request.operation);
}
