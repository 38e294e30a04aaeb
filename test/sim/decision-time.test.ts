import { expect, test } from "vitest";
import { measureDecision } from "./decision-time.ts";

test("of 32 nodes the DC is lost: the others act within two advertisement intervals of missing it", {
  timeout: 300_000,
}, () => {
  const intervalMs = 100;
  const { detectionMs, decisionMs } = measureDecision({
    seed: 1,
    nodes: 32,
    intervalMs,
    losesDc: true,
  });
  expect(detectionMs).toBeLessThan(3 * intervalMs);
  expect(decisionMs).toBeLessThan(2 * intervalMs);
});
