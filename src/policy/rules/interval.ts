/**
 * Spans of time as Pacemaker takes them: "10", "10s", "5min", "250ms", or an ISO 8601 duration
 * such as "PT1M30S" (Pacemaker Explained, "Time Intervals").
 */

const MS_PER_UNIT: Readonly<Record<string, number>> = {
  "": 1000,
  us: 0.001,
  usec: 0.001,
  ms: 1,
  msec: 1,
  s: 1000,
  sec: 1000,
  secs: 1000,
  second: 1000,
  seconds: 1000,
  m: 60_000,
  min: 60_000,
  mins: 60_000,
  minute: 60_000,
  minutes: 60_000,
  h: 3_600_000,
  hr: 3_600_000,
  hour: 3_600_000,
  hours: 3_600_000,
  d: 86_400_000,
  day: 86_400_000,
  days: 86_400_000,
};

/** Milliseconds; undefined where the text is no span of time. Negative spans count as none. */
export function parseInterval(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const trimmed = text.trim();
  if (/^P/i.test(trimmed)) return isoDurationMs(trimmed.toUpperCase());
  const found = /^([+-]?\d+)\s*([a-z]*)$/i.exec(trimmed);
  if (found === null) return undefined;
  const scale = MS_PER_UNIT[found[2]!.toLowerCase()];
  return scale === undefined ? undefined : Math.max(0, Math.trunc(Number(found[1]) * scale));
}

const ISO =
  /^P(?=.)(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?=.)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?|(?:(\d+)H)?(?:(\d+)S)?)$/;

/**
 * A year counts 365 days, a month 30: there is no date to reckon from. The last two are hours and
 * seconds without the T before them, as many write.
 */
const ISO_SECONDS = [365 * 86_400, 30 * 86_400, 7 * 86_400, 86_400, 3_600, 60, 1, 3_600, 1];

function isoDurationMs(text: string): number | undefined {
  const found = ISO.exec(text);
  if (found === null) return undefined;
  let seconds = 0;
  for (const [i, scale] of ISO_SECONDS.entries()) seconds += Number(found[i + 1] ?? 0) * scale;
  return seconds * 1000;
}
