import { expect, test } from "vitest";
import { recordedOutcome } from "../../src/lrm/ocf-outcome.ts";

function reasonFor(rc: number, stderr: string): string {
  const outcome = { reason: "exited", rc, stdout: "", stderr, durationMs: 1 } as const;
  return recordedOutcome(outcome, 20_000).exitReason;
}

test("an agent that gives no reason has given one in its last line", () => {
  expect(reasonFor(1, "stopping\numount: /srv: target is busy\n\n")).toBe(
    "umount: /srv: target is busy",
  );
  expect(reasonFor(99, "red\n")).toBe("red");
});

test("what an agent calls its reason comes first", () => {
  expect(reasonFor(1, "ocf-exit-reason:/srv is busy\nInfo: exit 1\n")).toBe("/srv is busy");
});

test.each([0, 7, 8])("with %i nobody complains", (rc) => {
  expect(reasonFor(rc, "pid file not found\n")).toBe("");
});

test("a code that nobody knows is not its own reason", () => {
  expect(reasonFor(99, "")).toBe("");
});

test("a flood leaves a line that can be read", () => {
  expect(reasonFor(1, "x".repeat(100_000)).length).toBe(200);
});

test("193 would look like an operation that has not ended", () => {
  const outcome = { reason: "exited", rc: 193, stdout: "", stderr: "", durationMs: 1 } as const;
  expect(recordedOutcome(outcome, 20_000)).toMatchObject({ rc: 1, exitReason: "exit code 193" });
});
