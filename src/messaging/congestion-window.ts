/** Segments that may be on their way at the start: what RFC 6928 allows. */
const INITIAL_WINDOW = 10;

/**
 * Never fewer than this. A LAN's loss is seldom congestion, and at 20 % random loss a window that
 * halves at each loss would leave nothing; 16 segments are below 25 KB.
 */
const MIN_WINDOW = 16;

/** After nothing was acknowledged for several timeouts: probe with little. */
const COLLAPSED_WINDOW = 2;

/**
 * Never more than this: as many datagrams as a default Linux receive buffer (212992 bytes, of which
 * a full datagram takes about 2304) can hold while the receiver's thread waits for a processor.
 */
const MAX_WINDOW = 90;

/** Cut at a loss; gentler than the half of RFC 5681, as CUBIC's 0.7 (RFC 9438 §4.6). */
const LOSS_FACTOR = 0.7;

/** How many segments may be unacknowledged: slow start, additive increase, cut once per round trip. */
export class CongestionWindow {
  #size: number = INITIAL_WINDOW;
  #threshold: number = MAX_WINDOW;
  /** Transmissions up to this one were sent before the last cut: their loss is not news. */
  #cutAt = -1;

  get size(): number {
    return Math.floor(this.#size);
  }

  acknowledged(count: number): void {
    const growth = this.#size < this.#threshold ? count : count / this.#size;
    this.#size = Math.min(MAX_WINDOW, this.#size + growth);
  }

  /** A transmission was lost; `latest` is the last one sent so far. */
  lost(transmission: number, latest: number): void {
    if (transmission <= this.#cutAt) return;
    this.#cutAt = latest;
    this.#size = Math.max(MIN_WINDOW, this.#size * LOSS_FACTOR);
    this.#threshold = this.#size;
  }

  /** Nothing came back for several timeouts in a row. */
  collapse(): void {
    this.#threshold = Math.max(MIN_WINDOW, this.#size / 2);
    this.#size = COLLAPSED_WINDOW;
  }
}
