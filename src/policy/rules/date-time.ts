import { momentIn, zoneOffset } from "./time-zone.ts";

/**
 * Dates and times as Pacemaker takes them (ISO 8601: calendar, ordinal and week dates). A time
 * without an offset is local time in a zone that the caller names. Times are seconds since the
 * epoch.
 */

/** A moment in the parts that date specifications ask for. */
export interface CalendarTime {
  readonly years: number;
  readonly months: number;
  readonly monthdays: number;
  readonly hours: number;
  readonly minutes: number;
  readonly seconds: number;
  readonly yeardays: number;
  readonly weekyears: number;
  readonly weeks: number;
  /** 1 is Monday. */
  readonly weekdays: number;
}

const DAY_MS = 86_400_000;

/** The local calendar's view of a moment. */
export function calendarTime(seconds: number, zone: string): CalendarTime {
  const date = clockIn(zone, seconds);
  const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()];
  const week = isoWeek(year, month, day);
  return {
    years: year,
    months: month + 1,
    monthdays: day,
    hours: date.getUTCHours(),
    minutes: date.getUTCMinutes(),
    seconds: date.getUTCSeconds(),
    yeardays: Math.round((Date.UTC(year, month, day) - Date.UTC(year, 0, 0)) / DAY_MS),
    ...week,
  };
}

/** What clocks in the zone show, as if they showed UTC. */
function clockIn(zone: string, seconds: number): Date {
  return new Date((seconds + zoneOffset(zone, seconds)) * 1000);
}

/** ISO 8601 weeks begin on Monday; week 1 holds the year's first Thursday. */
function isoWeek(year: number, month: number, day: number) {
  const date = Date.UTC(year, month, day);
  const weekday = ((new Date(date).getUTCDay() + 6) % 7) + 1;
  const thursday = new Date(date + (4 - weekday) * DAY_MS);
  const first = Date.UTC(thursday.getUTCFullYear(), 0, 1);
  return {
    weekyears: thursday.getUTCFullYear(),
    weeks: 1 + Math.floor((thursday.getTime() - first) / (7 * DAY_MS)),
    weekdays: weekday,
  };
}

const TIME = /^(\d{1,2})(?::?(\d{2}))?(?::?(\d{2}))?(?:[.,]\d+)?\s*(Z|[+-]\d{2}(?::?\d{2})?)?$/i;

/** Reads a date with or without a time; undefined where it is none. */
export function parseDateTime(text: string, zone: string): number | undefined {
  const [, dateText, timeText] = /^([^T\s]+)(?:[T\s]\s*(.+))?$/i.exec(text.trim()) ?? [];
  if (dateText === undefined) return undefined;
  if (/^epoch$/i.test(dateText)) return 0;
  const day = parseDate(dateText);
  if (day === undefined) return undefined;
  const time = TIME.exec(timeText ?? "00:00:00");
  if (time === null) return undefined;
  const [hour, minute, second] = [Number(time[1]), Number(time[2] ?? 0), Number(time[3] ?? 0)];
  if (hour > 24 || minute > 59 || second > 60) return undefined;
  const offset = offsetSeconds(time[4]);
  const { year, month, date } = day;
  const shown = Date.UTC(year, month, date, hour, minute, second) / 1000;
  return offset === undefined ? momentIn(zone, shown) : shown - offset;
}

function offsetSeconds(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^z$/i.test(text)) return 0;
  const [, sign, hours, minutes] = /^([+-])(\d{2}):?(\d{2})?$/.exec(text) ?? [];
  return (sign === "-" ? -1 : 1) * (Number(hours) * 3600 + Number(minutes ?? 0) * 60);
}

/** Year, month from 0 and day of the month; days past the month's end are refused. */
function parseDate(text: string): { year: number; month: number; date: number } | undefined {
  const week = /^(\d{4})-?W(\d{1,2})(?:-?(\d))?$/i.exec(text);
  if (week) return weekDate(Number(week[1]), Number(week[2]), Number(week[3] ?? 1));
  const ordinal = /^(\d{4})-?(\d{3})$/.exec(text);
  if (ordinal) return ordinalDate(Number(ordinal[1]), Number(ordinal[2]));
  const calendar = /^(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?|(\d{2})(\d{2}))$/.exec(text);
  if (calendar === null) return undefined;
  const year = Number(calendar[1]);
  const month = Number(calendar[2] ?? calendar[4]) - 1;
  const date = Number(calendar[3] ?? calendar[5] ?? 1);
  if (month < 0 || month > 11 || date < 1 || date > daysInMonth(year, month)) return undefined;
  return { year, month, date };
}

function ordinalDate(year: number, day: number) {
  if (day < 1 || day > 366) return undefined;
  return utcParts(Date.UTC(year, 0, day));
}

function weekDate(year: number, week: number, weekday: number) {
  if (week < 1 || week > 53 || weekday < 1 || weekday > 7) return undefined;
  const fourth = Date.UTC(year, 0, 4);
  const offset = (new Date(fourth).getUTCDay() + 6) % 7;
  return utcParts(fourth + ((week - 1) * 7 + weekday - 1 - offset) * DAY_MS);
}

function utcParts(ms: number) {
  const date = new Date(ms);
  return { year: date.getUTCFullYear(), month: date.getUTCMonth(), date: date.getUTCDate() };
}

function daysInMonth(year: number, month: number): number {
  return new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
}

/** Adds a duration, largest unit first. A day that its month lacks becomes the month's last. */
export function addDuration(
  seconds: number,
  duration: Readonly<Record<string, string>>,
  zone: string,
): number | undefined {
  const amounts = new Map<string, number>();
  for (const unit of ["years", "months", "weeks", "days", "hours", "minutes", "seconds"]) {
    const text = duration[unit];
    if (text !== undefined && !/^\s*[+-]?\d+\s*$/.test(text)) continue;
    amounts.set(unit, Number(text ?? 0));
  }
  const amount = (unit: string) => amounts.get(unit) ?? 0;
  const start = clockIn(zone, seconds);
  const months = start.getUTCMonth() + amount("months") + 12 * amount("years");
  const first = new Date(start);
  first.setUTCDate(1);
  first.setUTCMonth(months);
  const last = daysInMonth(first.getUTCFullYear(), first.getUTCMonth());
  first.setUTCDate(Math.min(start.getUTCDate(), last) + amount("days") + 7 * amount("weeks"));
  if (Number.isNaN(first.getTime())) return undefined;
  const day = momentIn(zone, first.getTime() / 1000);
  const result = day + amount("hours") * 3600 + amount("minutes") * 60 + amount("seconds");
  return Number.isFinite(result) ? result : undefined;
}
