import { describe, expect, test } from "vitest";
import { addDuration, calendarTime, parseDateTime } from "../../../src/policy/rules/date-time.ts";
import { parseInterval } from "../../../src/policy/rules/interval.ts";

const local = (...parts: [number, number, number?, number?, number?, number?]) =>
  new Date(...(parts as [number, number])).getTime() / 1000;
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
    expect(parseDateTime(text)).toBe(seconds);
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
    expect(parseDateTime(text)).toBeUndefined();
  });
});

describe("calendarTime", () => {
  test.each([
    [[2005, 0, 1], { yeardays: 1, weekyears: 2004, weeks: 53, weekdays: 6 }],
    [[2008, 11, 29], { yeardays: 364, weekyears: 2009, weeks: 1, weekdays: 1 }],
    [[2012, 11, 31], { yeardays: 366, weekyears: 2013, weeks: 1, weekdays: 1 }],
    [[2026, 10, 21], { months: 11, monthdays: 21, weekdays: 6 }],
  ] as const)("%j", ([year, month, day], expected) => {
    expect(calendarTime(local(year, month, day))).toMatchObject(expected);
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
    expect(addDuration(local(2021, 0, 31), duration as Record<string, string>)).toBe(expected);
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
