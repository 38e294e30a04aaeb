import { expect, test, vi } from "vitest";
import { inPauses } from "../../src/io/in-pauses.ts";

const AT_ONCE = { beginMs: 0, sliceMs: 1, pauseMs: 0, totalMs: 10_000 };

test("work is done to its end, slice by slice", async () => {
  let steps = 0;
  function* work(): Generator<undefined, void> {
    for (; steps < 50_000; steps++) yield;
  }
  inPauses(work(), AT_ONCE, (message) => expect.fail(message));
  await vi.waitUntil(() => steps === 50_000, { timeout: 10_000 });
});

test("a defect ends it and is told; nobody else is hit", async () => {
  const told: string[] = [];
  // biome-ignore lint/correctness/useYield: it fails in its first step.
  function* work(): Generator<undefined, void> {
    throw new Error("no such node");
  }
  inPauses(work(), AT_ONCE, (message) => told.push(message));
  await vi.waitUntil(() => told.length > 0, { timeout: 10_000 });
  expect(told).toEqual([expect.stringContaining("no such node")]);
});
