import { describe, expect, test } from "vitest";
import { addDuration, calendarTime, parseDateTime } from "../../../src/policy/rules/date-time.ts";
import { parseInterval } from "../../../src/policy/rules/interval.ts";

const local = (...parts: [number, number, number?, number?, number?, number?]) =>
  new Date(...(parts as [number, number])).getTime() / 1000;
const LOCAL = Intl.DateTimeFormat().resolvedOptions().timeZone;
const utc = (text: string) => Date.parse(text) / 1000;

describe("parseDateTime", () => {
  test.each([
    ["2005-020", local(2005, 0, 20)],
    ["2005-020T12:30", local(2005, 0, 20, 12, 30)],
    ["2014-05-07 00:28:00", local(2014, 4, 7, 0, 28)],
    ["20140507T002800", local(2014, 4, 7, 0, 28)],
    ["2014-05", local(2014, 4, 1)],
    ["2014-05-07T00:28:00Z", utc("2014-05-07T00:28:00Z")],
    ["2014-05-07T00:28:00+02:00", utc("2014-05-06T22:28:00Z")],
    ["2014-05-07T00:28-0330", utc("2014-05-07T03:58:00Z")],
    ["2009-W01-1", local(2008, 11, 29)],
    ["2009-W53-7", local(2010, 0, 3)],
    ["2014-05-07T24:00:00", local(2014, 4, 8)],
  ])("%s", (text, seconds) => {
    expect(parseDateTime(text, LOCAL)).toBe(seconds);
  });

  test.each([
    "",
    "yesterday",
    "2014-13-01",
    "2014-02-30",
    "2014-00-01",
    "2005-000",
    "2014-05-07T25:00",
  ])("%j is no date", (text) => {
    expect(parseDateTime(text, LOCAL)).toBeUndefined();
  });
});

describe("calendarTime", () => {
  test.each([
    [[2005, 0, 1], { yeardays: 1, weekyears: 2004, weeks: 53, weekdays: 6 }],
    [[2008, 11, 29], { yeardays: 364, weekyears: 2009, weeks: 1, weekdays: 1 }],
    [[2012, 11, 31], { yeardays: 366, weekyears: 2013, weeks: 1, weekdays: 1 }],
    [[2026, 10, 21], { months: 11, monthdays: 21, weekdays: 6 }],
  ] as const)("%j", ([year, month, day], expected) => {
    expect(calendarTime(local(year, month, day), LOCAL)).toMatchObject(expected);
  });
});

describe("addDuration", () => {
  test.each([
    [{ months: "1" }, local(2021, 1, 28)],
    [{ years: "1", months: "1", days: "1" }, local(2022, 2, 1)],
    [{ weeks: "1", hours: "2" }, local(2021, 1, 7, 2)],
    [{ seconds: "90" }, local(2021, 0, 31, 0, 1, 30)],
    [{ hours: "soon" }, local(2021, 0, 31)],
  ])("31 January 2021 and %j", (duration, expected) => {
    expect(addDuration(local(2021, 0, 31), duration as Record<string, string>, LOCAL)).toBe(
      expected,
    );
  });
});

describe("parseInterval", () => {
  test.each([
    ["10", 10_000],
    ["10s", 10_000],
    ["10 sec", 10_000],
    ["250ms", 250],
    ["1500us", 1],
    ["5min", 300_000],
    ["5m", 300_000],
    ["2h", 7_200_000],
    ["PT10S", 10_000],
    ["PT1M30S", 90_000],
    ["P1DT1H", 90_000_000],
    ["P1W", 604_800_000],
    ["P1Y", 31_536_000_000],
    ["-5", 0],
    ["0", 0],
  ])("%s", (text, ms) => {
    expect(parseInterval(text)).toBe(ms);
  });

  test.each([undefined, "", "soon", "10 parsecs", "P", "PT", "P10", "PT5"])(
    "%s is none",
    (text) => {
      expect(parseInterval(text)).toBeUndefined();
    },
  );
});

describe("time zones", () => {
  test.each([
    ["Europe/Berlin", "2026-07-01T12:00", "2026-07-01T10:00:00Z"],
    ["Europe/Berlin", "2026-01-01T12:00", "2026-01-01T11:00:00Z"],
    ["America/St_Johns", "2026-01-01", "2026-01-01T03:30:00Z"],
    ["Pacific/Auckland", "2026-01-01T00:30", "2025-12-31T11:30:00Z"],
    ["UTC", "2026-07-01T12:00", "2026-07-01T12:00:00Z"],
    ["Nowhere/AtAll", "2026-07-01T12:00", "2026-07-01T12:00:00Z"],
    // Clocks went forward from 2:00 to 3:00, and back from 3:00 to 2:00.
    ["Europe/Berlin", "2026-03-29T01:59:59", "2026-03-29T00:59:59Z"],
    ["Europe/Berlin", "2026-03-29T02:30", "2026-03-29T01:30:00Z"],
    ["Europe/Berlin", "2026-03-29T03:00", "2026-03-29T01:00:00Z"],
    ["Europe/Berlin", "2026-10-25T02:30", "2026-10-25T00:30:00Z"],
    ["Europe/Berlin", "2026-10-25T03:00", "2026-10-25T02:00:00Z"],
    // What names its offset asks for no zone.
    ["Europe/Berlin", "2026-07-01T12:00Z", "2026-07-01T12:00:00Z"],
  ])("%s: %s is %s", (zone, text, moment) => {
    expect(parseDateTime(text, zone)).toBe(utc(moment));
  });

  test("the calendar of a moment depends on the zone, not on this machine", () => {
    const moment = utc("2026-12-31T23:30:00Z");
    expect(calendarTime(moment, "UTC")).toMatchObject({ years: 2026, hours: 23, weekdays: 4 });
    expect(calendarTime(moment, "Europe/Berlin")).toMatchObject({
      years: 2027,
      months: 1,
      monthdays: 1,
      hours: 0,
      minutes: 30,
      yeardays: 1,
      weekdays: 5,
    });
  });

  test("a day more is the same time on the clock, though the clocks changed", () => {
    const noon = utc("2026-03-28T11:00:00Z");
    expect(addDuration(noon, { days: "1" }, "Europe/Berlin")).toBe(utc("2026-03-29T10:00:00Z"));
    expect(addDuration(noon, { hours: "24" }, "Europe/Berlin")).toBe(utc("2026-03-29T11:00:00Z"));
  });
});
