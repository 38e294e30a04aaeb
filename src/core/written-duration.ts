import type { Millis } from "./units.ts";

/** Pacemaker's units (Pacemaker Explained, "Time specification"); a bare number is seconds. */
const UNIT_MS: ReadonlyMap<string, number> = new Map([
  ["us", 0.001],
  ["usec", 0.001],
  ["ms", 1],
  ["msec", 1],
  ["", 1000],
  ["s", 1000],
  ["sec", 1000],
  ["m", 60_000],
  ["min", 60_000],
  ["h", 3_600_000],
  ["hr", 3_600_000],
]);

const ISO = /^P(?:(\d+)W|(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?)$/;

export const DURATION_HINT = "write a number and a unit: 100ms, 10s, 5min, 1h (or ISO 8601: PT10S)";

/**
 * Reads a duration as people write it. ISO 8601 durations up to weeks: months and years have no
 * fixed length. Undefined where it is none.
 */
export function parseDuration(text: string): Millis | undefined {
  const simple = /^(\d+)\s*([a-z]*)$/i.exec(text.trim());
  if (simple) {
    const unit = UNIT_MS.get(simple[2]!.toLowerCase());
    return unit === undefined ? undefined : Number(simple[1]) * unit;
  }
  const iso = ISO.exec(text.trim().toUpperCase());
  if (iso === null || /^(P|.*T)$/i.test(text.trim())) return undefined;
  const [weeks, days, hours, minutes, seconds] = iso.slice(1).map((part) => Number(part ?? 0));
  const wholeHours = (weeks! * 7 + days!) * 24 + hours!;
  return ((wholeHours * 60 + minutes!) * 60 + seconds!) * 1000;
}

/** Writes a duration in the largest unit that divides it. */
export function formatDuration(ms: Millis): string {
  if (ms === 0) return "0s";
  if (ms % 3_600_000 === 0) return `${ms / 3_600_000}h`;
  if (ms % 60_000 === 0) return `${ms / 60_000}min`;
  return ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`;
}
