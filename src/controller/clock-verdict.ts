import type { Millis } from "../core/units.ts";

export interface ClockVerdict {
  /** Farther than the limit from what a majority agrees on. */
  readonly off: ReadonlyMap<string, Millis>;
  /** Worth a warning: a tenth of the limit away, or more where nobody knows who is right. */
  readonly doubtful: ReadonlyMap<string, Millis>;
}

const NOBODY: ClockVerdict = { off: new Map(), doubtful: new Map() };

/**
 * Whose clock is wrong. Only a majority of all members whose clocks agree (within the limit of their
 * median) can say that of another: of two that differ neither is known to be right, and one wrong
 * clock, be it the judge's own, condemns nobody but itself. `limit` 0: nobody is judged.
 */
export function judgeClocks(
  offsets: ReadonlyMap<string, Millis>,
  members: number,
  limit: Millis,
): ClockVerdict {
  if (limit <= 0 || offsets.size < 2) return NOBODY;
  const sorted = [...offsets.values()].sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] as Millis;
  const apart = [...offsets].map(([name, offset]) => [name, offset - median] as const);
  const isOff = ([, ms]: readonly [string, Millis]) => Math.abs(ms) > limit;
  const agreed = apart.filter((each) => !isOff(each)).length * 2 > members;
  const off = agreed ? apart.filter(isOff) : [];
  const doubtful = apart.filter(
    (each) => Math.abs(each[1]) > limit / 10 && !(agreed && isOff(each)),
  );
  return { off: new Map(off), doubtful: new Map(doubtful) };
}
