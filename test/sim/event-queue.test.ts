import fc from "fast-check";
import { expect, test } from "vitest";
import { EventQueue } from "./event-queue.ts";

test("events come in the order of their times, ties in the order of scheduling", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 20 })), (times) => {
      const queue = new EventQueue();
      const seen: [number, number][] = [];
      for (const [order, at] of times.entries()) queue.at(at, () => seen.push([queue.now, order]));
      while (queue.runNext(Number.POSITIVE_INFINITY)) {}
      const expected = times.map((at, order): [number, number] => [at, order]);
      expect(seen).toEqual(expected.sort((a, b) => a[0] - b[0] || a[1] - b[1]));
    }),
  );
});

test("events made by events run too, and time stops at the end asked for", () => {
  const queue = new EventQueue();
  const seen: number[] = [];
  const again = () => {
    seen.push(queue.now);
    queue.after(10, again);
  };
  queue.after(10, again);
  while (queue.runNext(35)) {}
  expect(seen).toEqual([10, 20, 30]);
  expect(queue.now).toBe(35);
});
