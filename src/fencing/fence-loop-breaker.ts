import type { Instant } from "../core/units.ts";
import { formatDuration } from "../core/written-duration.ts";
import {
  FENCING_LOOP_LIMIT,
  FENCING_LOOP_LIMIT_MAX,
  FENCING_LOOP_WINDOW,
  type FenceLoopLimits,
  fenceLoopLimits,
} from "../model/fence-loop.ts";

/** Counts the fencings of each node, so that two nodes do not shoot a third, or each other, for ever. */
export class FenceLoopBreaker {
  readonly #fencings = new Map<string, Instant[]>();
  #limits: FenceLoopLimits = fenceLoopLimits([]);

  /** What was counted before counts by the new limits as well. */
  configure(limits: FenceLoopLimits): void {
    this.#limits = limits;
  }

  add(target: string, at: Instant): void {
    const known = this.#fencings.get(target) ?? [];
    const all = [...known, at].sort((a, b) => a - b);
    this.#fencings.set(target, all.slice(-FENCING_LOOP_LIMIT_MAX));
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
    const { limit, windowMs } = this.#limits;
    const recent = (this.#fencings.get(target) ?? []).filter((at) => now - at < windowMs);
    const decisive = limit === 0 ? undefined : recent.at(-limit);
    if (decisive === undefined) return undefined;
    const minutes = Math.max(1, Math.ceil((decisive + windowMs - now) / 60_000));
    return (
      `${target} was fenced ${recent.length} times within ${formatDuration(windowMs)} ` +
      `(${FENCING_LOOP_LIMIT}, ${FENCING_LOOP_WINDOW}): for the next ` +
      `${formatDuration(minutes * 60_000)} it is not fenced by itself, and what it may still run ` +
      "starts nowhere else. " +
      `Find out why it is lost again and again, then run \`paceline fence off ${target}\` ` +
      `or, if it is off, \`paceline fence confirm ${target}\``
    );
  }

  /** Everything that is held back now, by node. */
  allHeld(now: Instant): ReadonlyMap<string, string> {
    const found = new Map<string, string>();
    for (const target of [...this.#fencings.keys()].sort()) {
      const why = this.held(target, now);
      if (why !== undefined) found.set(target, why);
    }
    return found;
  }
}
