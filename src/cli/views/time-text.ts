import type { Millis, WallTime } from "../../core/units.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A span in the two units that matter: `340 ms`, `1.2 s`, `45 s`, `3 min 20 s`, `2 h 5 min`. */
export function spanText(ms: Millis): string {
  const span = Math.max(0, ms);
  if (span < SECOND) return `${Math.round(span)} ms`;
  if (span < 10 * SECOND) return `${(Math.floor(span / 100) / 10).toString()} s`;
  if (span < MINUTE) return `${Math.floor(span / SECOND)} s`;
  if (span < HOUR) return pair(span, MINUTE, "min", SECOND, "s");
  if (span < DAY) return pair(span, HOUR, "h", MINUTE, "min");
  return pair(span, DAY, "d", HOUR, "h");
}

function pair(span: Millis, big: Millis, bigName: string, small: Millis, smallName: string) {
  const rest = Math.floor((span % big) / small);
  const head = `${Math.floor(span / big)} ${bigName}`;
  return rest === 0 ? head : `${head} ${rest} ${smallName}`;
}

/** Local time: `03:12:45` if it is the same day as `now`, else `Nov 21 03:12:45`. */
export function clockText(at: WallTime, now: WallTime): string {
  const date = new Date(at);
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()]
    .map((part) => String(part).padStart(2, "0"))
    .join(":");
  if (date.toDateString() === new Date(now).toDateString()) return time;
  const sameYear = date.getFullYear() === new Date(now).getFullYear();
  const day = `${MONTHS[date.getMonth()]} ${date.getDate()}`;
  return sameYear ? `${day} ${time}` : `${day} ${date.getFullYear()} ${time}`;
}

const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

export function agoText(at: WallTime, now: WallTime): string {
  return now - at < SECOND ? "just now" : `${spanText(now - at)} ago`;
}

/** `until 05:00:00, in 48 min`. */
export function untilText(at: WallTime, now: WallTime): string {
  // Rounded up: what was set for 2 h a moment ago ends in 2 h.
  const left = Math.ceil((at - now) / SECOND) * SECOND;
  return at <= now ? "over" : `until ${clockText(at, now)}, in ${spanText(left)}`;
}

/**
 * A span as an operator types it: `30` (seconds), `90s`, `10min`, `2h`, `1d`, `1h30m`, `500ms`.
 * Undefined: it is none.
 */
export function parseSpan(text: string): Millis | undefined {
  const trimmed = text.trim().toLowerCase();
  if (/^\d+(\.\d+)?$/.test(trimmed)) return Number(trimmed) * SECOND;
  if (!/^(\d+(\.\d+)?(ms|s|sec|m|min|h|hours?|d|days?)\s*)+$/.test(trimmed)) return undefined;
  let total = 0;
  for (const [, amount, unit] of trimmed.matchAll(/(\d+(?:\.\d+)?)(ms|[a-z])[a-z]*/g)) {
    total += Number(amount) * (UNITS[unit ?? ""] ?? 0);
  }
  return total;
}

const UNITS: Readonly<Record<string, Millis>> = { ms: 1, s: SECOND, m: MINUTE, h: HOUR, d: DAY };
