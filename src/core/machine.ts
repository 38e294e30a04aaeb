import type { Instant } from "./units.ts";

/**
 * A deterministic state machine. `step` is handed one input and the current time and returns what
 * is to be done, in order. It never throws on bad input, never waits, and never reads a clock.
 * The driver calls it with a tick no later than `nextDeadline()`.
 */
export interface Machine<Input, Output> {
  step(now: Instant, input: Input): readonly Output[];
  /** When the machine next wants a tick; undefined if no timer is armed. */
  nextDeadline(): Instant | undefined;
}

/** The input by which time passes: expired timers are handled, nothing else. */
export interface Tick {
  readonly kind: "tick";
}
