import type { Millis } from "../core/units.ts";

/** Assumed until the first sample: generous for a LAN, and a WAN's first message is merely sent twice. */
const INITIAL_RTO_MS = 100;

/** Below this, scheduling on a busy machine would be taken for loss. */
const MIN_RTO_MS = 20;

/** A retransmission waits no longer than this, so that a healed network is used soon. */
const MAX_RTO_MS = 2000;

/** Smoothed round-trip time and its variation, by the formulas of RFC 6298 §2. */
export class RttEstimator {
  #smoothed: Millis | undefined;
  #variation: Millis = 0;

  sample(rtt: Millis): void {
    if (this.#smoothed === undefined) {
      this.#smoothed = rtt;
      this.#variation = rtt / 2;
      return;
    }
    this.#variation += (Math.abs(this.#smoothed - rtt) - this.#variation) / 4;
    this.#smoothed += (rtt - this.#smoothed) / 8;
  }

  /** How long to wait for an acknowledgement, doubled for each time that nothing came. */
  timeout(backoff: number): Millis {
    const smoothed = this.#smoothed;
    const measured = smoothed === undefined ? INITIAL_RTO_MS : smoothed + 4 * this.#variation;
    const base = Math.max(MIN_RTO_MS, measured);
    return Math.min(MAX_RTO_MS, base * 2 ** Math.min(backoff, 10));
  }
}
