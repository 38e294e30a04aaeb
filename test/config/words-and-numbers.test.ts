import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { canonicalIp, parseIp, parseIpWithPrefix } from "../../src/config/ip-literal.ts";
import { OWN_PARAMS } from "../../src/config/resource-checks.ts";
import { closest, editDistance } from "../../src/core/suggestion.ts";
import { formatDuration, parseDuration } from "../../src/core/written-duration.ts";

describe("durations", () => {
  test.each([
    ["100ms", 100],
    ["10s", 10_000],
    ["10", 10_000],
    ["10 s", 10_000],
    ["10min", 600_000],
    ["10m", 600_000],
    ["1h", 3_600_000],
    ["500us", 0.5],
    ["PT10S", 10_000],
    ["PT1H30M", 5_400_000],
    ["P1D", 86_400_000],
    ["P1DT1S", 86_401_000],
    ["P2W", 1_209_600_000],
    ["PT0.5S", 500],
    ["0", 0],
    ["10 sec onds", undefined],
    ["1.5s", undefined],
    ["-1s", undefined],
    ["P", undefined],
    ["PT", undefined],
    ["P1M", undefined],
    ["5d", undefined],
    ["", undefined],
  ])("%s", (text, expected) => {
    expect(parseDuration(text)).toBe(expected);
  });

  test.each([0, 1, 999, 1000, 1500, 60_000, 90_000, 3_600_000, 5_400_000])(
    "%d ms round trip",
    (ms) => {
      expect(parseDuration(formatDuration(ms))).toBe(ms);
    },
  );
});

describe("IP addresses", () => {
  test.each([
    ["10.0.0.1", "10.0.0.1"],
    ["::", "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0"],
    ["::1", "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1"],
    ["fd00::a:1", "253.0.0.0.0.0.0.0.0.0.0.0.0.10.0.1"],
    ["FD00:0:0:0:0:0:A:1", "253.0.0.0.0.0.0.0.0.0.0.0.0.10.0.1"],
    ["::ffff:10.0.0.1", "0.0.0.0.0.0.0.0.0.0.255.255.10.0.0.1"],
    ["fe80::1%eth0", "254.128.0.0.0.0.0.0.0.0.0.0.0.0.0.1%eth0"],
  ])("%s", (text, canonical) => {
    expect(canonicalIp(parseIp(text)!)).toBe(canonical);
  });

  test.each([
    "",
    "10.0.0",
    "10.0.0.256",
    "010.0.0.1",
    "10.0.0.1.2",
    "1::2::3",
    ":::",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "12345::",
    "g::",
    "::1%",
    "10.0.0.1%eth0",
    "1:2:3:4:5:6:7:8::",
    ":1::",
    "1:",
  ])("%j is none", (text) => {
    expect(parseIp(text)).toBeUndefined();
  });

  test.each([
    ["10.0.0.1/24", 24],
    ["fd00::1/64", 64],
    ["10.0.0.1/33", undefined],
    ["10.0.0.1/", undefined],
    ["10.0.0.1/24/1", undefined],
    ["fd00::1/129", undefined],
  ])("%s has the prefix length %s", (text, prefix) => {
    expect(parseIpWithPrefix(text)?.prefix).toBe(prefix);
  });
});

describe("suggestions", () => {
  test.each([
    ["resorces", "resources"],
    ["advert_interval", "advert-interval"],
    ["parms", "params"],
    ["nmae", "name"],
    ["INFINTY", "INFINITY"],
    ["admin", "administrator"],
    ["x", undefined],
    ["something-else", undefined],
  ])("%s", (word, expected) => {
    const known = ["resources", "advert-interval", "params", "name", "INFINITY", "administrator"];
    expect(closest(word, known)).toBe(expected);
  });

  test("a swap of neighbours is one mistake", () => {
    expect(editDistance("abcd", "abdc")).toBe(1);
    expect(editDistance("", "abc")).toBe(3);
    expect(editDistance("kitten", "sitting")).toBe(3);
  });
});

describe("parameters of our own agents", () => {
  test.each(Object.keys(OWN_PARAMS))("%s: as in its meta-data", (agent) => {
    const path = join(import.meta.dirname, "../../agents", agent);
    if (!existsSync(path)) return;
    const listed = [...readFileSync(path, "utf8").matchAll(/<parameter name="(\w+)"/g)];
    expect([...OWN_PARAMS[agent]!].sort()).toEqual(listed.map((match) => match[1]).sort());
  });
});
