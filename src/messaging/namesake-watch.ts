import type { Instant } from "../core/units.ts";
import type { FrameHeader } from "../wire/frame-header.ts";

/** One report in this time: the conflict lasts, the log line need not. */
const REPORT_EVERY_MS = 10_000;

/**
 * Frames of a lower incarnation needed before it counts: after a quick restart the network may still
 * hold the last ones of our own earlier life.
 */
const FRAMES_OF_OLDER = 5;

/** … spread over at least this time, longer than a frame stays in a network of one site. */
const SPAN_OF_OLDER_MS = 1000;

/** Tells another daemon of the same name from echoes of ourselves. */
export class NamesakeWatch {
  readonly #incarnation: number;
  #reportedAt = Number.NEGATIVE_INFINITY;
  #older: { readonly since: Instant; frames: number } | undefined;

  constructor(incarnation: number) {
    this.#incarnation = incarnation;
  }

  /** Called for authentic frames under our name that are not ours. True if it is time to report. */
  isConflict(now: Instant, header: FrameHeader): boolean {
    if (header.incarnation < this.#incarnation && !this.#isAlive(now)) return false;
    if (now - this.#reportedAt < REPORT_EVERY_MS) return false;
    this.#reportedAt = now;
    return true;
  }

  #isAlive(now: Instant): boolean {
    this.#older ??= { since: now, frames: 0 };
    this.#older.frames++;
    return this.#older.frames >= FRAMES_OF_OLDER && now - this.#older.since >= SPAN_OF_OLDER_MS;
  }
}
