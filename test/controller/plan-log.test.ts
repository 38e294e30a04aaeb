import { describe, expect, test } from "vitest";
import { PlanLog } from "../../src/controller/plan-log.ts";
import { attributeReason, changeReason, handNotes } from "../../src/controller/plan-reasons.ts";
import { unlessOwn } from "../../src/controller/plan-words.ts";
import { note } from "../../src/core/note.ts";
import type { Cib, CibCommand, Override } from "../../src/model/cib.ts";
import { plan } from "../../src/policy/make-plan.ts";
import { NOW_SECONDS, SmallCluster } from "../policy/small-cluster.ts";

function planOf(...lines: string[]) {
  const cluster = new SmallCluster();
  for (const line of ["nodes node1 node2", ...lines]) cluster.line(line);
  return plan(cluster.definition(), cluster.status(), NOW_SECONDS);
}

const START = planOf("primitive db");
const NOTHING = planOf("primitive db", "is db started node1");
const BLOCKED = planOf("offline node2", "quorum lost", "primitive db");
const FAILED = planOf("primitive db", "is db started node1", "is db stuck node1");

describe("the log of an office's plans", () => {
  test("what a plan does is told once, however often it is made anew", () => {
    const log = new PlanLog();
    expect(log.begun(START, 1, "took over")).toMatchObject({
      level: "info",
      message: "transition 1 (took over): start db node1",
    });
    expect(log.begun(START, 2, "view changed").level).toBe("debug");
    expect(log.settled(2)).toMatchObject([{ event: "settled", message: "nothing is left to do" }]);
    expect(log.settled(2)).toEqual([]);
    expect(log.begun(START, 3, "db failed").level).toBe("info");
    log.forget();
    expect(log.settled(3)).toEqual([]);
    expect(log.begun(START, 4, "took over").level).toBe("info");
  });

  test("that nothing changes is for us, and no end of anything", () => {
    const log = new PlanLog();
    expect(log.begun(NOTHING, 1, "status of node1").level).toBe("debug");
    expect(log.settled(1)).toEqual([]);
  });

  test("where something is blocked it is not said that nothing is left to do", () => {
    const log = new PlanLog();
    expect(log.begun(BLOCKED, 1, "took over").message).toContain("start db node1 (blocked");
    expect(log.settled(1)).toMatchObject([{ message: "nothing more can be done for now" }]);
  });

  test("what the engine says is told when it comes up, and again in a new office", () => {
    const log = new PlanLog();
    const blocked = { event: "blocked", level: "error", fields: { resource: "db" } };
    expect(log.notices(FAILED)).toMatchObject([blocked]);
    expect(log.notices(FAILED)).toEqual([]);
    expect(log.notices(NOTHING)).toEqual([]);
    expect(log.notices(FAILED)).toMatchObject([blocked]);
    log.forget();
    expect(log.notices(FAILED)).toMatchObject([blocked]);
  });

  test("a failure that this node has told of itself is not told again", () => {
    const failed = note("warn", "action-failed", "stop of db on node1 failed", { node: "node1" });
    expect(unlessOwn(failed, "node2")).toBe(failed);
    expect(unlessOwn(failed, "node1").level).toBe("debug");
    const other = note("warn", "misplaced-result", "…", { node: "node1" });
    expect(unlessOwn(other, "node1")).toBe(other);
  });
});

const BAN: Override = {
  ...{ id: "ban:db:node1", kind: "ban", target: "db", node: "node1", author: "jo", at: 0 },
  ...{ reason: "slow disk", expires: 3_600_000 },
};

describe("why a plan is made", () => {
  test.each([
    ["fail-count-db#monitor_10000", "1", "monitor of db failed on node1"],
    ["last-failure-my-db#start_0", "17", "start of my-db failed on node1"],
    ["fail-count-db#monitor_10000", null, "failures of db on node1 are forgotten"],
    ["ping", "100", "ping of node1 changed"],
  ])("%s is now %s: %s", (name, value, reason) => {
    expect(attributeReason("node1", name, value)).toBe(reason);
  });

  test.each<[string, CibCommand | undefined]>([
    ["a definition by jo", { kind: "apply-definition", text: "", author: "jo", at: 0 }],
    ["db is banned from node1", { kind: "set-override", override: BAN }],
    ["ban:db:node1 taken back", { kind: "remove-overrides", ids: ["ban:db:node1"] }],
    [
      "ticket site-a is not granted, in standby",
      { kind: "set-ticket", ticket: { id: "site-a", granted: false, standby: true } },
    ],
    ["node1 is back", { kind: "end-departure", node: "node1" }],
    ["the CIB changed", undefined],
  ])("%s", (reason, command) => {
    expect(changeReason(command)).toBe(reason);
  });
});

describe("what is done by hand", () => {
  const cib = { overrides: [BAN] } as unknown as Cib;
  const words = (command: CibCommand | undefined, now = 0) =>
    handNotes(cib, command, now).map(({ event, message }) => `${event}: ${message}`);

  test("is told with who, until when and why", () => {
    expect(words({ kind: "set-override", override: BAN })).toEqual([
      "override-set: db is banned from node1, by jo until 1970-01-01T01:00:00.000Z: slow disk",
    ]);
  });

  test("is told when it ends, by hand or by itself", () => {
    const ids = ["ban:db:node1", "unknown"];
    expect(words({ kind: "remove-overrides", ids })).toEqual([
      "override-removed: taken back: db is banned from node1",
    ]);
    expect(words({ kind: "remove-overrides", ids }, 3_600_000)).toEqual([
      "override-removed: its time is over: db is banned from node1",
    ]);
  });

  test("nothing else is", () => {
    expect(words({ kind: "end-departure", node: "node1" })).toEqual([]);
    expect(words(undefined)).toEqual([]);
  });
});
