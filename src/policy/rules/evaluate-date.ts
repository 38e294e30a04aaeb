import type { DateExpression } from "../../model/rule.ts";
import { addDuration, type CalendarTime, calendarTime, parseDateTime } from "./date-time.ts";

/**
 * Date expressions (Pacemaker Explained, "Date/Time Expressions"). Each tells whether it holds now
 * and, through `onChange`, when that may next be otherwise.
 */
export function evaluateDate(
  expression: DateExpression,
  nowSeconds: number,
  zone: string,
  onChange: (seconds: number) => void,
): boolean {
  const now = Math.floor(nowSeconds);
  const start = readBound(expression.start, zone);
  const end = readBound(expression.end, zone);
  switch (expression.operation.toLowerCase()) {
    case "gt":
      if (start === undefined) return false;
      if (now <= start) onChange(start + 1);
      return now > start;
    case "lt":
      if (end === undefined) return false;
      if (now < end) onChange(end);
      return now < end;
    case "date_spec":
      return expression.spec !== undefined && evaluateSpec(expression.spec, now, zone, onChange);
    case "":
    case "in_range":
      return evaluateRange(expression, { start, end, zone }, now, onChange);
    default:
      return false;
  }
}

function readBound(text: string | undefined, zone: string): number | undefined {
  return text === undefined ? undefined : parseDateTime(text, zone);
}

function evaluateRange(
  expression: DateExpression,
  bounds: {
    readonly start: number | undefined;
    readonly end: number | undefined;
    readonly zone: string;
  },
  now: number,
  onChange: (seconds: number) => void,
): boolean {
  const { start, end: givenEnd, zone } = bounds;
  if (start === undefined && givenEnd === undefined) return false;
  const lasts = expression.duration !== undefined && start !== undefined;
  const end = givenEnd ?? (lasts ? addDuration(start, expression.duration!, zone) : undefined);
  if (start !== undefined && now < start) {
    onChange(start);
    return false;
  }
  if (end === undefined) return true;
  if (now > end) return false;
  onChange(end + 1);
  return true;
}

const SPEC_FIELDS: readonly (keyof CalendarTime)[] = [
  "years",
  "months",
  "monthdays",
  "hours",
  "minutes",
  "seconds",
  "yeardays",
  "weekyears",
  "weeks",
  "weekdays",
];

/** Every given range must hold; one that is no range is passed over, as Pacemaker does. */
function evaluateSpec(
  spec: Readonly<Record<string, string>>,
  now: number,
  zone: string,
  onChange: (seconds: number) => void,
): boolean {
  const time = calendarTime(now, zone);
  onChange(nextBoundary(spec, now, time));
  return SPEC_FIELDS.every((field) => inRange(spec[field], time[field]));
}

function inRange(range: string | undefined, value: number): boolean {
  if (range === undefined) return true;
  const found = /^\s*(\d+)?\s*(-)?\s*(\d+)?\s*$/.exec(range);
  if (found === null || (found[1] === undefined && found[3] === undefined)) return true;
  const low = found[1] === undefined ? -Infinity : Number(found[1]);
  if (found[2] === undefined) return value === low;
  return value >= low && (found[3] === undefined || value <= Number(found[3]));
}

/** The next moment at which the finest field that is asked for changes. */
function nextBoundary(
  spec: Readonly<Record<string, string>>,
  now: number,
  time: CalendarTime,
): number {
  if (spec["seconds"] !== undefined) return now + 1;
  if (spec["minutes"] !== undefined) return now + 60 - time.seconds;
  const hour = now + 3600 - time.minutes * 60 - time.seconds;
  return spec["hours"] !== undefined ? hour : hour + (23 - time.hours) * 3600;
}
