import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { REPLAY_WINDOW, ReplayWindow } from "../../src/wire/replay-window.ts";

describe("the replay window", () => {
  test("takes each counter once, in whatever order, and none from before the window", () => {
    const steps = fc.array(
      fc.oneof(
        fc.integer({ min: -3000, max: 3000 }),
        fc.integer({ min: -5, max: 5 }),
        fc.integer({ min: 0, max: 100_000 }),
      ),
      { maxLength: 400 },
    );
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 40 }), steps, (start, offsets) => {
        const window = new ReplayWindow();
        const seen = new Set<number>();
        let newest = -1;
        let counter = start;
        for (const offset of offsets) {
          counter = Math.max(0, counter + offset);
          const isFresh = !seen.has(counter) && counter + REPLAY_WINDOW > newest;
          expect(window.isFresh(counter)).toBe(isFresh);
          if (!isFresh) continue;
          window.accept(counter);
          seen.add(counter);
          newest = Math.max(newest, counter);
        }
      }),
    );
  });

  test("asking does not mark", () => {
    const window = new ReplayWindow();
    expect(window.isFresh(5)).toBe(true);
    expect(window.isFresh(5)).toBe(true);
    window.accept(5);
    expect(window.isFresh(5)).toBe(false);
    expect(window.isFresh(4)).toBe(true);
  });
});
