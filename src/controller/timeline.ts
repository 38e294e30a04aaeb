import type { WallTime } from "../core/units.ts";
import type { TimelineEntry } from "../model/control.ts";

/** Entries kept; the oldest go first. */
const KEPT = 500;

/**
 * What happened, in order, for the person who asks the next morning. An incident opens with a
 * fault and ends when the cluster has settled; its entries share an id.
 */
export class Timeline {
  readonly #entries: TimelineEntry[] = [];
  #incident: string | undefined;
  #incidents = 0;

  /** Opens an incident, or adds a fault to the open one. */
  fault(
    at: WallTime,
    message: string,
    where: { readonly node?: string; readonly resource?: string } = {},
  ): TimelineEntry {
    if (this.#incident === undefined) {
      this.#incidents += 1;
      this.#incident = `${new Date(at).toISOString().slice(0, 19)}Z-${this.#incidents}`;
    }
    return this.#add({ at, incident: this.#incident, phase: "fault", message, ...where });
  }

  /** A step of the open incident; a change or note where there is none. */
  step(
    at: WallTime,
    phase: "detection" | "decision" | "fencing" | "recovery",
    message: string,
    where: { readonly node?: string; readonly resource?: string } = {},
  ): TimelineEntry {
    return this.#incident === undefined
      ? this.#add({ at, phase: "change", message, ...where })
      : this.#add({ at, incident: this.#incident, phase, message, ...where });
  }

  note(at: WallTime, message: string, where: { readonly node?: string } = {}): TimelineEntry {
    return this.#add({ at, phase: "note", message, ...where });
  }

  change(at: WallTime, message: string): TimelineEntry {
    return this.#add({ at, phase: "change", message });
  }

  /** The cluster has settled: the incident, if one was open, is over. */
  stable(at: WallTime): TimelineEntry | undefined {
    if (this.#incident === undefined) return undefined;
    const opened = this.#entries.find((entry) => entry.incident === this.#incident);
    const took = opened === undefined ? "" : ` ${Math.round(at - opened.at)} ms after the fault`;
    const entry = this.#add({
      at,
      incident: this.#incident,
      phase: "stable",
      message: `all is settled${took}`,
    });
    this.#incident = undefined;
    return entry;
  }

  get open(): boolean {
    return this.#incident !== undefined;
  }

  /** The last entries, oldest first. */
  last(limit: number): TimelineEntry[] {
    return this.#entries.slice(-limit);
  }

  #add(entry: TimelineEntry): TimelineEntry {
    this.#entries.push(entry);
    if (this.#entries.length > KEPT) this.#entries.shift();
    return entry;
  }
}
