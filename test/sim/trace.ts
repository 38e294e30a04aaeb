import type { Note } from "../../src/core/note.ts";
import type { Instant } from "../../src/core/units.ts";

/** What happened, for people: one line per event, the time first. Kept only when asked for. */
export class Trace {
  readonly #lines: string[] = [];
  readonly #limit: number;
  readonly #now: () => Instant;

  /** `limit`: how many of the latest lines are kept; 0: none, and telling costs nothing. */
  constructor(limit: number, now: () => Instant) {
    this.#limit = limit;
    this.#now = now;
  }

  get isOn(): boolean {
    return this.#limit > 0;
  }

  /** The text is only made if it is kept. */
  tell(who: string, what: () => string): void {
    if (this.#limit === 0) return;
    const time = (this.#now() / 1000).toFixed(4).padStart(10);
    this.#lines.push(`${time} ${who.padEnd(8)} ${what()}`);
    if (this.#lines.length > 2 * this.#limit) this.#lines.splice(0, this.#limit);
  }

  lines(): readonly string[] {
    return this.#lines.slice(-this.#limit);
  }
}

/** A note of a daemon as it stands in the trace. */
export function describeNote({ level, event, message, fields }: Note): string {
  const changes = fields?.["changes"];
  const more = Array.isArray(changes) ? ` [${changes.join("; ")}] ${fields?.["actions"]}` : "";
  return `${level} ${event}: ${message}${more}`;
}

/** Whether it is something that a daemon survives and says, and nevertheless a defect of ours. */
export function isDefect({ event }: Note): boolean {
  return DEFECTS.includes(event);
}

const DEFECTS = ["plan-failed", "graph-stalled", "cib-unreadable", "definition-unreadable"];
