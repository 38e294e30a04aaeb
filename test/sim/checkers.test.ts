import { describe, expect, test } from "vitest";
import type { FencingRecord } from "../../src/model/cib.ts";
import type { AgentCommand } from "../../src/model/operation.ts";
import type { NodeObservation } from "./checkers/checker.ts";
import { LeftIsNotFenced } from "./checkers/left-is-not-fenced.ts";
import { PromotedOnce } from "./checkers/promoted-once.ts";
import { UnknownIsNotStopped } from "./checkers/unknown-is-not-stopped.ts";
import type { SimulatedCluster } from "./simulated-cluster.ts";
import type { SimulatedHost } from "./simulated-host.ts";

/* Each checker by itself: what it cries at, and what it lets pass. */

const host = (name: string, more = {}) => ({ name, ...more }) as unknown as SimulatedHost;
const a = host("a");
const b = host("b");

describe("unknown is not stopped", () => {
  const start = { action: "start", resource: "r" } as AgentCommand;
  const record = { id: "1", target: "a", outcome: "succeeded" } as FencingRecord;
  const sees = (...fencing: FencingRecord[]) =>
    ({ cib: { fencing } }) as unknown as NodeObservation;
  const begun = () => {
    const checker = new UnknownIsNotStopped(() => true);
    expect(checker.onRun(a, start)).toBeUndefined();
    return checker;
  };

  test("a second start is caught", () => {
    expect(begun().onRun(b, start)).toContain("may still run on a");
  });

  test("that the power is off is not enough: somebody must know it", () => {
    const checker = begun();
    checker.onPowerOff(a);
    expect(checker.onRun(b, start)).toContain("may still run on a");
  });

  test("a fencing that was committed since is enough", () => {
    const checker = begun();
    checker.onPowerOff(a);
    checker.afterStep(b, sees(record));
    expect(checker.onRun(b, start)).toBeUndefined();
  });

  test("one that was committed before is not, and neither is one that failed", () => {
    const checker = begun();
    checker.afterStep(b, sees(record));
    checker.onPowerOff(a);
    checker.afterStep(b, sees(record, { ...record, id: "2", outcome: "failed" }));
    expect(checker.onRun(b, start)).toContain("may still run on a");
  });
});

describe("promoted once", () => {
  test("two promoted instances are caught, one after the other is not", () => {
    const checker = new PromotedOnce(["s"]);
    expect(checker.onPromoted(a, "s:0", true)).toBeUndefined();
    expect(checker.onPromoted(a, "s:0", false)).toBeUndefined();
    expect(checker.onPromoted(b, "s:1", true)).toBeUndefined();
    expect(checker.onPromoted(a, "s", true)).toBe("s is promoted on a and b");
  });
});

describe("who has left is not fenced", () => {
  const off = { action: "off", target: "a" } as Parameters<LeftIsNotFenced["onDevice"]>[1];
  const judge = (known: object[], target: object) =>
    new LeftIsNotFenced().onDevice(b, off, {
      observe: () => ({ cib: { departures: known } }),
      host: () => target,
    } as unknown as SimulatedCluster);
  const left = { node: "a", incarnation: 7 };

  test("fencing it in spite of the record is caught", () => {
    expect(judge([left], { daemon: undefined, incarnation: 7 })).toContain("has left cleanly");
  });

  test("a later life, or a leave that nobody recorded, may be fenced", () => {
    expect(judge([left], { daemon: {}, incarnation: 8 })).toBeUndefined();
    expect(judge([left], { daemon: undefined, incarnation: 8 })).toBeUndefined();
    expect(judge([], { daemon: undefined, incarnation: 7 })).toBeUndefined();
  });
});
