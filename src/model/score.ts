/**
 * Score arithmetic as in Pacemaker Explained, "Scores": integers that saturate at plus and minus
 * one million, where minus INFINITY beats plus INFINITY.
 */
export type Score = number;

export const INFINITY_SCORE = 1_000_000;

export function clampScore(score: number): Score {
  if (score >= INFINITY_SCORE) return INFINITY_SCORE;
  if (score <= -INFINITY_SCORE) return -INFINITY_SCORE;
  return Math.trunc(score);
}

/** Adds two scores: minus INFINITY with anything is minus INFINITY, then INFINITY with anything. */
export function addScores(a: Score, b: Score): Score {
  if (a <= -INFINITY_SCORE || b <= -INFINITY_SCORE) return -INFINITY_SCORE;
  if (a >= INFINITY_SCORE || b >= INFINITY_SCORE) return INFINITY_SCORE;
  return clampScore(a + b);
}

/** Writes a score as people know it: INFINITY, -INFINITY or the number. */
export function formatScore(score: Score): string {
  if (score >= INFINITY_SCORE) return "INFINITY";
  if (score <= -INFINITY_SCORE) return "-INFINITY";
  return String(score);
}

/** Reads a score; undefined if it is none. `red`, `yellow`, `green` are the business of node health. */
export function parseScore(text: string): Score | undefined {
  const trimmed = text.trim();
  if (/^\+?infinity$/i.test(trimmed)) return INFINITY_SCORE;
  if (/^-infinity$/i.test(trimmed)) return -INFINITY_SCORE;
  return /^[+-]?\d+$/.test(trimmed) ? clampScore(Number(trimmed)) : undefined;
}

/**
 * Reads a score as Pacemaker reads one in a CIB: of what begins as an integer, as `2.0` does, the
 * rest is ignored, and INFINITY is in capitals. Undefined if it is neither.
 */
export function parseLooseScore(text: string): Score | undefined {
  const integer = /^\s*([+-]?\d+)/.exec(text)?.[1];
  if (integer === undefined) return text === text.toUpperCase() ? parseScore(text) : undefined;
  const value = Number(integer);
  return Math.abs(value) < 2 ** 63 ? clampScore(value) : undefined;
}
