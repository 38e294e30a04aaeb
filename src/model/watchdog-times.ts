import type { Millis } from "../core/units.ts";

/**
 * The times of watchdog self-fencing. A node feeds its watchdog while it has quorum. Cut off, it
 * notices within `lossMs` and feeds no more; `fireMs` after the last feeding it is reset. The others
 * wait `waitMs` (fencing-watchdog-timeout) from the moment they lost it, before they count on that.
 *
 * What has to hold is lossMs + fireMs < waitMs, by clocks that may differ by `CLOCK_RATES`. The cut
 * is never later than the moment at which the others notice it, so all three count from the cut.
 */
export interface WatchdogTimes {
  readonly lossMs: Millis;
  readonly fireMs: Millis;
}

/** Two crystals differ by a tenth of a per mille; a stepped or throttled clock by a lot less than this. */
const CLOCK_RATES = 1.05;

/** Watchdog hardware counts in seconds. */
const LEAST_MS: Millis = 2_000;

/**
 * How long a node may take to notice that it has no quorum: the failure detector's bound of three
 * intervals and a skew of one at most, and one more for the word that the others do not hear it.
 */
export function lossBound(advertIntervalMs: Millis): Millis {
  return 5 * advertIntervalMs + 100;
}

/** The least fencing-watchdog-timeout for which the proof above holds. */
export function leastWatchdogWait(advertIntervalMs: Millis): Millis {
  return Math.max(LEAST_MS, Math.ceil(2.5 * lossBound(advertIntervalMs)));
}

/** When a watchdog is to fire; undefined: in so short a time nothing can be proven. */
export function watchdogTimes(waitMs: Millis, advertIntervalMs: Millis): WatchdogTimes | undefined {
  if (waitMs < leastWatchdogWait(advertIntervalMs)) return undefined;
  const half = waitMs / 2;
  const fireMs = Math.floor(half / 1_000) * 1_000;
  return { lossMs: lossBound(advertIntervalMs), fireMs };
}

/** Whether a node whose watchdog fires after so long is certain to be down when the wait is over. */
export function isProven(fireMs: Millis, waitMs: Millis, advertIntervalMs: Millis): boolean {
  return fireMs > 0 && (lossBound(advertIntervalMs) + fireMs) * CLOCK_RATES < waitMs;
}
