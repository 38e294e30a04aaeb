import type { Millis } from "../core/units.ts";
import { parseDuration } from "../core/written-duration.ts";
import { plainValue } from "./plain-value.ts";
import type { AttributeSet } from "./rule.ts";

/**
 * A node that the cluster has fenced so often by itself within so long is in a loop: something is
 * wrong that power does not cure, and it is not fenced again before a person has looked or the
 * window has passed. A limit of 0: there is no such end.
 */
export interface FenceLoopLimits {
  readonly limit: number;
  readonly windowMs: Millis;
}

export const FENCING_LOOP_LIMIT = "fencing-loop-limit";
export const FENCING_LOOP_WINDOW = "fencing-loop-window";

/** Three minutes each for the fencing, the boot and the next loss: most servers need less. */
const LIMIT = 5;
const WINDOW_MS: Millis = 15 * 60_000;

/** More could not be counted by a new coordinator: the CIB keeps two hundred fencings of all nodes. */
export const FENCING_LOOP_LIMIT_MAX = 100;

/** What the definition says of it, or the default. */
export function fenceLoopLimits(properties: readonly AttributeSet[]): FenceLoopLimits {
  const limit = Number(plainValue(properties, FENCING_LOOP_LIMIT) ?? Number.NaN);
  const window = plainValue(properties, FENCING_LOOP_WINDOW);
  return {
    limit: Number.isInteger(limit) ? Math.min(limit, FENCING_LOOP_LIMIT_MAX) : LIMIT,
    windowMs: (window === undefined ? undefined : parseDuration(window)) ?? WINDOW_MS,
  };
}
