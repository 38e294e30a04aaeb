import type { Millis, WallTime } from "../core/units.ts";
import type { TimelineEntry } from "../model/control.ts";

/** Entries kept; the oldest go first. */
const KEPT = 500;

type Where = { readonly node?: string; readonly resource?: string };

/** An entry with its place in the order of arrival here. */
export interface ArrivedEntry {
  readonly arrival: number;
  readonly entry: TimelineEntry;
}

/**
 * What happened, in order, for the person who asks the next morning. An incident opens with a
 * fault and ends when the cluster has settled; its entries share an id.
 *
 * What this node records is a draft until it is known who coordinates: every node sees a peer go
 * silent, and one of them tells the story.
 */
export class Timeline {
  readonly #origin: string;
  #entries: ArrivedEntry[] = [];
  readonly #known = new Set<string>();
  #confirmed = 0;
  #arrivals = 0;
  #incident: string | undefined;
  #incidents = 0;

  /** `origin` tells this daemon's entries from all others: node and incarnation. */
  constructor(origin: string) {
    this.#origin = origin;
  }

  /** Opens an incident, or adds a fault to the open one. */
  fault(at: WallTime, message: string, where: Where = {}): TimelineEntry {
    if (this.#incident === undefined) {
      this.#incidents += 1;
      const started = new Date(at).toISOString().slice(0, 19);
      const [node] = this.#origin.split("/");
      this.#incident = `${started}Z-${node}-${this.#incidents}`;
    }
    return this.#record({ at, incident: this.#incident, phase: "fault", message, ...where });
  }

  /** A step of the open incident; a change or note where there is none. */
  step(
    at: WallTime,
    phase: "detection" | "decision" | "fencing" | "recovery",
    message: string,
    where: Where = {},
  ): TimelineEntry {
    return this.#incident === undefined
      ? this.#record({ at, phase: "change", message, ...where })
      : this.#record({ at, incident: this.#incident, phase, message, ...where });
  }

  note(at: WallTime, message: string, where: Where = {}): TimelineEntry {
    return this.#record({ at, phase: "note", message, ...where });
  }

  /** The cluster has settled: the incident, if one was open, is over, though things may be left. */
  stable(at: WallTime, left: readonly string[] = []): TimelineEntry | undefined {
    if (this.#incident === undefined) return undefined;
    const opened = this.#entries.find(({ entry }) => entry.incident === this.#incident)?.entry;
    const took = opened === undefined ? "" : ` ${inWords(at - opened.at)} after the fault`;
    const message =
      left.length === 0
        ? `all is settled${took}`
        : `nothing more can be done${took}: ${left.join(", ")}`;
    const entry = this.#record({
      at,
      incident: this.#incident,
      phase: "stable",
      message,
      ...(left.length === 0 ? {} : { left: true }),
    });
    this.#incident = undefined;
    return entry;
  }

  /** The last entries, oldest first by their clocks. */
  last(limit: number): TimelineEntry[] {
    return this.#entries
      .map(({ entry }) => entry)
      .sort((a, b) => a.at - b.at)
      .slice(-limit);
  }

  /** The number of the newest entry; grows with every one. */
  get arrivals(): number {
    return this.#arrivals;
  }

  /** Confirmed entries that arrived after the given one, oldest first. */
  after(arrival: number): ArrivedEntry[] {
    return this.#entries.filter(
      (each) => each.arrival > arrival && (each.arrival <= this.#confirmed || !this.isOwn(each)),
    );
  }

  isOwn({ entry }: ArrivedEntry): boolean {
    return entry.origin === this.#origin;
  }

  /** This node coordinates: its drafts are the story. */
  confirmDrafts(): void {
    this.#confirmed = this.#arrivals;
  }

  /** Another node coordinates and tells the story: the drafts go, and so does an open incident. */
  dropDrafts(): void {
    this.#entries = this.#entries.filter(
      (each) => each.arrival <= this.#confirmed || !this.isOwn(each),
    );
    this.#confirmed = this.#arrivals;
    this.#incident = undefined;
  }

  /** Takes entries of another node in; those that are here already change nothing. */
  merge(entries: readonly TimelineEntry[]): void {
    for (const entry of entries) {
      const key = keyOf(entry);
      if (key === undefined || entry.origin === this.#origin || this.#known.has(key)) continue;
      this.#known.add(key);
      this.#keep(entry);
    }
  }

  #record(entry: TimelineEntry): TimelineEntry {
    const recorded = { ...entry, origin: this.#origin, number: this.#arrivals + 1 };
    this.#keep(recorded);
    return recorded;
  }

  #keep(entry: TimelineEntry): void {
    this.#arrivals += 1;
    this.#entries.push({ arrival: this.#arrivals, entry });
    if (this.#entries.length <= KEPT) return;
    this.#entries.shift();
    if (this.#known.size > 4 * KEPT) this.#forgetOldest();
  }

  #forgetOldest(): void {
    for (const key of this.#known) {
      this.#known.delete(key);
      if (this.#known.size <= 2 * KEPT) return;
    }
  }
}

function keyOf(entry: TimelineEntry): string | undefined {
  return entry.origin === undefined ? undefined : `${entry.origin}#${entry.number ?? 0}`;
}

/** A takeover takes milliseconds; what waits for a person, longer. */
function inWords(ms: Millis): string {
  return ms < 10_000 ? `${Math.round(ms)} ms` : `${Math.round(ms / 1_000)} s`;
}
