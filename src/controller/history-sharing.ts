import { Timers } from "../core/timers.ts";
import type { Instant, Millis } from "../core/units.ts";
import type { TimelineEntry } from "../model/control.ts";
import type { Timeline } from "./timeline.ts";

/** Well after what is urgent at a takeover; entries of that time go together. */
const FLUSH_MS: Millis = 500;

/** Entries in one message. */
const BATCH = 200;

const PHASES: ReadonlySet<unknown> = new Set<TimelineEntry["phase"]>([
  "fault",
  "detection",
  "decision",
  "fencing",
  "recovery",
  "stable",
  "change",
  "note",
]);
const TEXT_MAX = 4_000;

/** Entries for another node. */
export interface HistoryBatch {
  readonly to: string;
  readonly entries: readonly TimelineEntry[];
}

/**
 * Lets every node know the timeline, so that it outlives the DC: the coordinator tells the members,
 * and a member tells its coordinator what it recorded while it coordinated a partition of its own.
 * What two nodes recorded of one thing is told once: drafts of a node that does not coordinate are
 * dropped. Kept in memory only; the log of each node has it for longer.
 */
export class HistorySharing {
  readonly #self: string;
  readonly #timeline: Timeline;
  readonly #timers = new Timers<"flush">();
  readonly #sent = new Map<string, number>();
  #seen = 0;

  constructor(self: string, timeline: Timeline) {
    this.#self = self;
    this.#timeline = timeline;
  }

  nextDeadline(): Instant | undefined {
    return this.#timers.next();
  }

  /** To be called after anything that may have added entries. */
  observe(now: Instant): void {
    if (this.#timeline.arrivals === this.#seen) return;
    this.#seen = this.#timeline.arrivals;
    this.#arm(now);
  }

  /** The view has changed: who is new has missed something. */
  viewChanged(now: Instant): void {
    if (this.#timeline.arrivals > 0) this.#arm(now);
  }

  /** What is to be told now, and to whom. `members`: name to incarnation, this node included. */
  tick(
    now: Instant,
    coordinator: string | undefined,
    members: ReadonlyMap<string, number>,
  ): HistoryBatch[] {
    if (this.#timers.takeExpired(now).length === 0) return [];
    if (coordinator === undefined) {
      this.#arm(now);
      return [];
    }
    const tells = coordinator === this.#self;
    if (tells) this.#timeline.confirmDrafts();
    else this.#timeline.dropDrafts();
    const targets = tells ? [...members.keys()].sort() : [coordinator];
    const batches = targets
      .filter((to) => to !== this.#self)
      .map((to) => this.#batch(to, members.get(to) ?? 0, tells));
    return batches.filter((batch) => batch.entries.length > 0);
  }

  #arm(now: Instant): void {
    if (!this.#timers.isSet("flush")) this.#timers.set("flush", now + FLUSH_MS);
  }

  #batch(to: string, incarnation: number, all: boolean): HistoryBatch {
    const target = `${to}/${incarnation}`;
    const news = this.#timeline.after(this.#sent.get(target) ?? 0);
    this.#sent.delete(target);
    this.#sent.set(target, this.#timeline.arrivals);
    for (const oldest of this.#sent.keys()) {
      if (this.#sent.size <= 256) break;
      this.#sent.delete(oldest);
    }
    const entries = news
      .filter((each) => (all ? each.entry.origin !== target : this.#timeline.isOwn(each)))
      .map((each) => each.entry);
    return { to, entries: entries.slice(-BATCH) };
  }
}

/** The sound ones among entries that a peer sent. */
export function readEntries(value: unknown): TimelineEntry[] {
  if (!Array.isArray(value)) return [];
  return value.slice(-BATCH).filter(isEntry);
}

function isEntry(value: unknown): value is TimelineEntry {
  if (typeof value !== "object" || value === null) return false;
  const entry = value as Record<string, unknown>;
  const texts = [entry["message"], entry["origin"]];
  const further = [entry["incident"], entry["node"], entry["resource"]];
  return (
    Number.isFinite(entry["at"]) &&
    Number.isSafeInteger(entry["number"]) &&
    PHASES.has(entry["phase"]) &&
    texts.every(isText) &&
    further.every((each) => each === undefined || isText(each))
  );
}

function isText(value: unknown): boolean {
  return typeof value === "string" && value.length <= TEXT_MAX;
}
