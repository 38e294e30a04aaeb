import type { Instant, Millis, WallTime } from "../core/units.ts";

/** So many plans may follow one another freely; a healthy recovery needs a handful. */
const FREE_PLANS = 20;

/** Beyond that, plans come no closer than this. */
const PACE_MS: Millis = 1_000;

/** Without planning for so long, the count starts anew. */
const FORGET_MS: Millis = 10_000;

/** Rules with dates and expiries are looked at again at least so often (cluster-recheck-interval). */
const RECHECK_MS: Millis = 15 * 60_000;

/** When to plan anew though nothing happens: by the plan (seconds), and for the next expiry. */
export function untilRecheck(
  wall: WallTime,
  recheckAt: number | undefined,
  nextExpiry: WallTime | undefined,
): Millis {
  const due = [RECHECK_MS];
  if (recheckAt !== undefined) due.push(recheckAt * 1000 - wall + 1_000);
  if (nextExpiry !== undefined) due.push(nextExpiry - wall + 10);
  return Math.max(100, Math.min(...due));
}

/**
 * Keeps a plan that fails at once, again and again, from spinning the cluster: the first plans
 * after a quiet time are made at once, further ones at a steady pace.
 */
export class PlanPacer {
  #count = 0;
  #last: Instant = Number.NEGATIVE_INFINITY;

  /** How long to wait before the next plan; 0: plan now, and it is counted. */
  wait(now: Instant): Millis {
    if (now - this.#last > FORGET_MS) this.#count = 0;
    if (this.#count >= FREE_PLANS) {
      const due = this.#last + PACE_MS;
      if (now < due) return due - now;
    }
    this.#count += 1;
    this.#last = now;
    return 0;
  }

  /** Something happened that must not wait, such as the loss of a node: the count starts anew. */
  forget(): void {
    this.#count = 0;
  }

  /** A plan had nothing to do: whatever was wrong is over. */
  settled(): void {
    this.#count = Math.max(0, this.#count - 2);
  }
}
