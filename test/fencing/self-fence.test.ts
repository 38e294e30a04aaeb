import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SelfFence, type SelfFenceInput } from "../../src/fencing/self-fence.ts";
import {
  isProven,
  leastWatchdogWait,
  lossBound,
  watchdogTimes,
} from "../../src/model/watchdog-times.ts";

const facts = (quorate: boolean, idle: boolean, fireMs: number | undefined = 4_000) =>
  ({ kind: "facts", fireMs, quorate, idle }) as const;

/** The orders that it gives, as words. */
function orders(fence: SelfFence, now: number, input: SelfFenceInput): string[] {
  return fence
    .step(now, input)
    .flatMap((output) => (output.kind === "watchdog" ? [output.order.kind] : []));
}

describe("who feeds the watchdog", () => {
  test("it is armed with the first quorum, and fed four times in its time", () => {
    const fence = new SelfFence();
    expect(orders(fence, 0, facts(false, true))).toEqual([]);
    expect(fence.state).toBe("off");
    expect(orders(fence, 10, facts(true, true))).toEqual(["arm"]);
    expect(fence.nextDeadline()).toBe(1_010);
    expect(orders(fence, 1_010, { kind: "tick" })).toEqual(["feed"]);
    expect(orders(fence, 1_500, { kind: "tick" })).toEqual([]);
  });

  test("a start that is asked for before there is quorum arms it, and once it runs it starves", () => {
    const fence = new SelfFence();
    expect(orders(fence, 0, { ...facts(false, true), asked: true })).toEqual(["arm"]);
    expect(fence.state).toBe("fed");
    expect(orders(fence, 10, { ...facts(false, true), asked: true })).toEqual([]);
    expect(orders(fence, 20, facts(false, false))).toEqual([]);
    expect(fence.state).toBe("starving");
  });

  test("without quorum it starves while anything is active, and no longer", () => {
    const fence = new SelfFence();
    fence.step(0, facts(true, false));
    expect(orders(fence, 500, facts(false, false))).toEqual([]);
    expect(fence.state).toBe("starving");
    expect(orders(fence, 2_000, { kind: "tick" })).toEqual([]);
    expect(fence.nextDeadline()).toBeUndefined();
    expect(orders(fence, 2_100, facts(false, true))).toEqual(["feed"]);
    expect(orders(fence, 2_200, facts(true, false))).toEqual([]);
    expect(fence.state).toBe("fed");
  });

  test("condemned it starves though it has quorum; only a clean leave lets it off", () => {
    const fence = new SelfFence();
    fence.step(0, facts(true, false));
    fence.step(10, { kind: "condemned", reason: "stop failed" });
    expect(orders(fence, 20, facts(true, true))).toEqual([]);
    expect(orders(fence, 5_000, { kind: "tick" })).toEqual([]);
    expect(fence.state).toBe("starving");
  });

  test("not wanted any more, or left: it is disarmed; without quorum it is not", () => {
    const fence = new SelfFence();
    fence.step(0, facts(true, false));
    expect(orders(fence, 10, { ...facts(false, false), fireMs: undefined })).toEqual([]);
    expect(orders(fence, 20, { ...facts(true, false), fireMs: undefined })).toEqual(["disarm"]);
    fence.step(30, facts(true, false));
    expect(orders(fence, 40, { kind: "left" })).toEqual(["disarm"]);
  });
});

describe("the wait of the others", () => {
  test("is longer than noticing and firing take, clocks that differ included", () => {
    const intervals = fc.integer({ min: 10, max: 10_000 });
    const waits = fc.integer({ min: 0, max: 300_000 });
    fc.assert(
      fc.property(intervals, waits, (interval, wait) => {
        const times = watchdogTimes(wait, interval);
        expect(times === undefined).toBe(wait < leastWatchdogWait(interval));
        if (times === undefined) return;
        expect(times.fireMs).toBeGreaterThanOrEqual(1_000);
        expect((times.lossMs + times.fireMs) * 1.04).toBeLessThan(wait);
        expect(isProven(times.fireMs, wait, interval)).toBe(true);
      }),
    );
  });

  test("a watchdog that fires later than asked for proves nothing", () => {
    expect(isProven(10_000, 10_000, 100)).toBe(false);
    expect(isProven(10_000 - lossBound(100), 10_000, 100)).toBe(false);
    expect(isProven(0, 10_000, 100)).toBe(false);
  });
});
