import type { Instant, Millis } from "../core/units.ts";

/** So many fencings of one node … */
const COUNT_MAX = 5;
/** … within so long are a loop: something is wrong that power does not cure. */
const WINDOW_MS: Millis = 15 * 60_000;

/** Counts the fencings of each node, so that two nodes do not shoot a third, or each other, for ever. */
export class FenceLoopBreaker {
  readonly #fencings = new Map<string, Instant[]>();

  add(target: string, at: Instant): void {
    const known = this.#fencings.get(target) ?? [];
    this.#fencings.set(target, [...known, at].sort((a, b) => a - b).slice(-COUNT_MAX));
  }

  /** An operator has looked: counting begins anew. */
  forget(target: string): void {
    this.#fencings.delete(target);
  }

  clear(): void {
    this.#fencings.clear();
  }

  /** Why this node is not to be fenced now, and what to do; undefined: it may be. */
  held(target: string, now: Instant): string | undefined {
    const recent = (this.#fencings.get(target) ?? []).filter((at) => now - at < WINDOW_MS);
    if (recent.length < COUNT_MAX) return undefined;
    const minutes = Math.round(WINDOW_MS / 60_000);
    return (
      `${target} was fenced ${recent.length} times within ${minutes} minutes: fencing it is held back. ` +
      `Find out why it is lost again and again, then run \`paceline fence off ${target}\` ` +
      `or, if it is off, \`paceline fence confirm ${target}\``
    );
  }

  /** Everything that is held back now, by node. */
  allHeld(now: Instant): string[] {
    return [...this.#fencings.keys()].sort().flatMap((target) => this.held(target, now) ?? []);
  }
}
