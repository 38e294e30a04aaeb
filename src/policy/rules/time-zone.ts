/**
 * Local time in a time zone by its IANA name. The zone is an input like any other: the same status
 * gives the same plan on every machine, wherever it stands. A name that nobody knows is UTC.
 */

export const UTC = "UTC";

/** Made once per zone: they are costly, and a pure function of the name. */
const formats = new Map<string, Intl.DateTimeFormat | undefined>();

function formatOf(zone: string): Intl.DateTimeFormat | undefined {
  if (formats.has(zone)) return formats.get(zone);
  let format: Intl.DateTimeFormat | undefined;
  try {
    format = new Intl.DateTimeFormat("en-US", {
      timeZone: zone,
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
  } catch {
    format = undefined;
  }
  formats.set(zone, format);
  return format;
}

/** Seconds that clocks in a zone are ahead of UTC at a moment. */
export function zoneOffset(zone: string, seconds: number): number {
  const format = zone === UTC ? undefined : formatOf(zone);
  if (format === undefined) return 0;
  const parts = new Map(
    format.formatToParts(new Date(seconds * 1000)).map(({ type, value }) => [type, Number(value)]),
  );
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? 0;
  const shown = Date.UTC(
    part("year"),
    part("month") - 1,
    part("day"),
    part("hour"),
    part("minute"),
    part("second"),
  );
  return shown / 1000 - Math.floor(seconds);
}

/**
 * The moment at which clocks in a zone show what clocks in UTC show at `shown`. Where they were put
 * back and show it twice, the first; where they were put forward and never do, as if they had not
 * been put forward yet.
 */
export function momentIn(zone: string, shown: number): number {
  const before = shown - zoneOffset(zone, shown - 86_400);
  if (before + zoneOffset(zone, before) === shown) return before;
  const after = shown - zoneOffset(zone, shown + 86_400);
  return after + zoneOffset(zone, after) === shown ? after : before;
}
