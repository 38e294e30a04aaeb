import type { Instant, Millis, WallTime } from "../../src/core/units.ts";

/** Where virtual time begins on the wall: 2026-01-01. */
const WALL_ORIGIN: WallTime = Date.UTC(2026, 0, 1);

/**
 * One host's clocks. Monotonic time has an origin and a rate of its own, so that nobody gets away
 * with comparing the times of two nodes; the wall clock may jump.
 */
export class NodeClock {
  readonly #origin: Instant;
  readonly #rate: number;
  #wallOffset: Millis;

  /** `driftPpm`: how much faster than true time this host's clock runs, parts per million. */
  constructor(origin: Instant, driftPpm: number, wallOffset: Millis) {
    this.#origin = origin;
    this.#rate = 1 + driftPpm / 1e6;
    this.#wallOffset = wallOffset;
  }

  monotonic(trueTime: Instant): Instant {
    return this.#origin + trueTime * this.#rate;
  }

  /** When this host's monotonic clock will show `local`. */
  trueTime(local: Instant): Instant {
    return (local - this.#origin) / this.#rate;
  }

  wall(trueTime: Instant): WallTime {
    return Math.floor(WALL_ORIGIN + trueTime + this.#wallOffset);
  }

  /** Somebody set the clock. */
  jump(by: Millis): void {
    this.#wallOffset += by;
  }
}
