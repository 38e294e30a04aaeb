import type { Instant } from "./units.ts";

/** A table of named timers. The driver keeps one real timer for `next()`. */
export class Timers<Name extends string = string> {
  readonly #deadlines = new Map<Name, Instant>();

  /** Arms the timer, replacing an earlier deadline of the same name. */
  set(name: Name, at: Instant): void {
    this.#deadlines.set(name, at);
  }

  clear(name: Name): void {
    this.#deadlines.delete(name);
  }

  deadline(name: Name): Instant | undefined {
    return this.#deadlines.get(name);
  }

  isSet(name: Name): boolean {
    return this.#deadlines.has(name);
  }

  /** The earliest deadline, or undefined if none is armed. */
  next(): Instant | undefined {
    let earliest: Instant | undefined;
    for (const at of this.#deadlines.values()) {
      if (earliest === undefined || at < earliest) earliest = at;
    }
    return earliest;
  }

  /** Removes and returns the timers due at `now`, earliest first, ties by name. */
  takeExpired(now: Instant): Name[] {
    const next = this.next();
    if (next === undefined || next > now) return [];
    const due = [...this.#deadlines].filter(([, at]) => at <= now);
    due.sort(([nameA, a], [nameB, b]) => a - b || (nameA < nameB ? -1 : 1));
    for (const [name] of due) this.#deadlines.delete(name);
    return due.map(([name]) => name);
  }
}
