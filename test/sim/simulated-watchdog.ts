import type { Millis } from "../../src/core/units.ts";
import type { WatchdogOrder } from "../../src/fencing/self-fence.ts";

export interface WatchdogParts {
  readonly after: (ms: Millis, act: () => void) => void;
  readonly armed: (fireMs: Millis) => void;
  readonly reset: () => void;
}

/** The hardware watchdog of a host: it goes on when the daemon does not. */
export class SimulatedWatchdog {
  readonly #parts: WatchdogParts;
  #fireMs: Millis | undefined;
  #count = 0;

  constructor(parts: WatchdogParts) {
    this.#parts = parts;
  }

  obey(order: WatchdogOrder): void {
    if (order.kind === "disarm") {
      this.off();
      return;
    }
    if (order.kind === "arm") {
      this.#fireMs = order.fireMs;
      this.#parts.armed(order.fireMs);
    }
    if (this.#fireMs !== undefined) this.#wind(this.#fireMs);
  }

  /** Without power it forgets everything. */
  off(): void {
    this.#fireMs = undefined;
    this.#count += 1;
  }

  #wind(fireMs: Millis): void {
    this.#count += 1;
    const count = this.#count;
    this.#parts.after(fireMs, () => {
      if (count !== this.#count) return;
      this.off();
      this.#parts.reset();
    });
  }
}
