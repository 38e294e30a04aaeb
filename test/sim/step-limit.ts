import type { Instant } from "../../src/core/units.ts";

/** More steps than this at one instant mean that the machines chase each other. */
const STEPS_PER_INSTANT_MAX = 20_000;

/** Ends a run that would never come to its next instant. */
export class StepLimit {
  #at: Instant = -1;
  #steps = 0;

  count(name: string, now: Instant): void {
    if (now !== this.#at) {
      this.#at = now;
      this.#steps = 0;
    }
    if (++this.#steps > STEPS_PER_INSTANT_MAX) {
      throw new Error(`${name} took ${this.#steps} steps at one instant`);
    }
  }
}
