import { describe, expect, test } from "vitest";
import { boundOf, skewOf, timingOf } from "../../src/messaging/detector-timing.ts";

function timing(intervalMs: number, changes: Partial<Parameters<typeof timingOf>[0]> = {}) {
  return timingOf({
    intervalMs,
    skewMs: skewOf(100, intervalMs),
    roundTripMs: 0.5,
    peerLatenessMs: 0,
    ownLatenessMs: 0,
    lossShare: 0,
    ...changes,
  });
}

describe("on a calm network", () => {
  test.each([
    { intervalMs: 1000, suspectAfterMs: 1250, deadAfterMs: 1750 },
    { intervalMs: 100, suspectAfterMs: 125, deadAfterMs: 175 },
    { intervalMs: 50, suspectAfterMs: 62.5, deadAfterMs: 87.5 },
    { intervalMs: 10, suspectAfterMs: 13, deadAfterMs: 19 },
  ])("at an interval of $intervalMs ms", ({ intervalMs, ...expected }) => {
    expect(timing(intervalMs)).toMatchObject(expected);
  });
});

describe("patience grows", () => {
  test.each([
    { what: "with the peer's lateness", changes: { peerLatenessMs: 20 }, deadAfterMs: 195 },
    { what: "with our own", changes: { ownLatenessMs: 20 }, deadAfterMs: 195 },
    {
      what: "with the larger of both",
      changes: { peerLatenessMs: 20, ownLatenessMs: 30 },
      deadAfterMs: 205,
    },
    { what: "with loss", changes: { lossShare: 0.2 }, deadAfterMs: 225 },
    { what: "with the round trip", changes: { roundTripMs: 30 }, deadAfterMs: 215 },
  ])("$what", ({ changes, deadAfterMs }) => {
    expect(timing(100, changes).deadAfterMs).toBeCloseTo(deadAfterMs);
  });

  test("but never beyond VRRP's bound", () => {
    const { deadAfterMs } = timing(100, { lossShare: 0.9, peerLatenessMs: 100, roundTripMs: 5000 });
    expect(deadAfterMs).toBe(boundOf(100, skewOf(100, 100)));
  });
});

test.each([
  [255, 100, 100 / 256],
  [100, 1000, 609.375],
  [0, 256, 255],
  [1e9, 256, 1],
])("the skew of priority %d at %d ms is that of RFC 9568", (priority, intervalMs, expected) => {
  expect(skewOf(priority, intervalMs)).toBeCloseTo(expected);
});
