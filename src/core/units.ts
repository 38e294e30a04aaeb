/**
 * Time as the core sees it. The core never reads a clock: an `Instant` arrives with every input.
 */

/** Monotonic time in milliseconds (fractions allowed) since an arbitrary origin of this process. */
export type Instant = number;

/** A span of time in milliseconds. */
export type Millis = number;

/** Wall-clock time in milliseconds since 1970-01-01T00:00:00Z. Only for people, rules and expiry. */
export type WallTime = number;
