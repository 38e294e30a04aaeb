import type { Instant, Millis } from "../core/units.ts";

/**
 * A peak is half forgotten after this time: long enough to outlast the gaps of a busy period, short
 * enough that a machine which has calmed down is judged quickly again.
 */
const HALF_LIFE_MS = 2000;

/** The largest of recent values, fading with time. */
export class DecayingPeak {
  #peak: Millis = 0;
  #at: Instant = 0;

  note(now: Instant, value: Millis): void {
    this.#peak = Math.max(value, this.value(now));
    this.#at = now;
  }

  value(now: Instant): Millis {
    if (this.#peak === 0) return 0;
    const faded = this.#peak * 0.5 ** (Math.max(0, now - this.#at) / HALF_LIFE_MS);
    return faded < 0.1 ? 0 : faded;
  }
}
