import { describe, expect, test } from "vitest";
import { Bench } from "./bench.ts";

describe("records, as Pacemaker would write them", () => {
  test("a start that runs is pending under the id of its result", () => {
    const bench = new Bench();
    bench.execute("start");
    expect(bench.history()).toEqual(["last_0 start rc=193 status=-1"]);
    bench.done("web.start", 0);
    expect(bench.history()).toEqual(["last_0 start rc=0 status=0"]);
  });

  test("a failed start is both the last failure and the last operation", () => {
    const bench = new Bench();
    bench.execute("start");
    bench.done("web.start", 5, { stderr: "noise\nocf-exit-reason:no such binary\n" });
    expect(bench.history()).toEqual([
      "last_0 start rc=5 status=0",
      "last_failure_0 start rc=5 status=0",
    ]);
    const [entry] = bench.manager.status().history;
    expect(entry).toMatchObject({ agentClass: "ocf", agentProvider: "test", agentType: "web" });
    expect(entry?.operations[1]).toMatchObject({
      callId: 1,
      expectedRc: 0,
      exitReason: "no such binary",
      digest: "d1",
      operationKey: "web_start_0",
    });
  });

  test("a probe that finds the unexpected is a failure record, but no failcount", () => {
    const bench = new Bench();
    bench.execute("monitor", { expectedRc: 7 });
    expect(bench.done("web.monitor", 0)).toEqual([
      "guard web",
      "result web.monitor/0 rc=0 status=0",
    ]);
    expect(bench.history()).toEqual([
      "last_0 monitor rc=0 status=0",
      "last_failure_0 monitor rc=0 status=0",
    ]);
    expect(bench.attributes()).toEqual({});
  });

  test("a failed monitor leaves the record of its last success, with an older call", () => {
    const bench = new Bench();
    bench.execute("start");
    bench.done("web.start", 0);
    bench.execute("monitor/10000");
    bench.done("web.monitor", 0);
    bench.pass(10_000);
    bench.done("web.monitor", 7);
    expect(bench.history()).toEqual([
      "last_0 start rc=0 status=0",
      "last_failure_0 monitor rc=7 status=0",
      "monitor_10000 monitor rc=0 status=0",
    ]);
  });

  test("a monitor that fails the first time is not left pending", () => {
    const bench = new Bench();
    bench.execute("monitor/10000");
    expect(bench.history()).toEqual(["monitor_10000 monitor rc=193 status=-1"]);
    bench.done("web.monitor", 7);
    expect(bench.history()).toEqual(["last_failure_0 monitor rc=7 status=0"]);
  });

  test("migrations are kept apart, with their ends", () => {
    const bench = new Bench();
    const meta = { CRM_meta_migrate_source: "node1", CRM_meta_migrate_target: "node2" };
    bench.execute("migrate_to", { meta });
    bench.done("web.migrate_to", 0);
    const [record] = bench.manager.status().history[0]!.operations;
    expect(record).toMatchObject({
      id: "web_migrate_to_0",
      migrateSource: "node1",
      migrateTarget: "node2",
    });
  });

  test("notifications leave no record", () => {
    const bench = new Bench();
    bench.execute("notify");
    bench.done("web.notify", 0);
    expect(bench.history()).toEqual([]);
  });

  test("another agent under the same name starts a history of its own", () => {
    const bench = new Bench();
    bench.execute("start");
    bench.done("web.start", 1);
    bench.execute("monitor", { agent: { class: "systemd", type: "web" }, expectedRc: 7 });
    bench.done("web.monitor", 7);
    expect(bench.history()).toEqual(["last_0 monitor rc=7 status=0"]);
  });
});

describe("outcomes", () => {
  const outcomes = [
    ["timeout", { rc: undefined, reason: "timeout" }, "rc=1 status=2"],
    ["killed by a signal", { rc: undefined, reason: "killed" }, "rc=1 status=4"],
    ["not installed", { rc: 5, reason: "not-started" }, "rc=5 status=7"],
    ["not executable", { rc: 4, reason: "not-started" }, "rc=4 status=4"],
    ["exit 137", { rc: 137, reason: "exited" }, "rc=137 status=0"],
    ["exit 193, which means pending", { rc: 193, reason: "exited" }, "rc=1 status=0"],
    ["no exit code at all", { rc: undefined, reason: "exited" }, "rc=1 status=4"],
    ["an impossible exit code", { rc: 4711, reason: "exited" }, "rc=1 status=4"],
  ] as const;
  test.each(outcomes)("%s", (_, outcome, expected) => {
    const bench = new Bench();
    bench.execute("start");
    expect(bench.done("web.start", 0, outcome as never)).toContain(
      `result web.start/0 ${expected}`,
    );
  });

  test("degraded is active, and no failure", () => {
    const bench = new Bench();
    bench.execute("monitor/10000");
    bench.done("web.monitor", 190);
    expect(bench.history()).toEqual(["monitor_10000 monitor rc=190 status=0"]);
    expect(bench.attributes()).toEqual({});
  });

  test("secrets do not get into a record or a note", () => {
    const bench = new Bench();
    bench.execute("start", { params: { password: "hunter22" } });
    bench.done("web.start", 1, { stderr: "ocf-exit-reason:login hunter22 refused\n" });
    expect(JSON.stringify(bench.outputs)).not.toContain("hunter22");
    expect(JSON.stringify(bench.outputs)).toContain("login ****** refused");
  });
});

describe("failcounts", () => {
  const counted = [
    ["start", { fatalFailure: true }, "INFINITY"],
    ["start", { fatalFailure: false }, "1"],
    ["stop", { fatalFailure: true }, "INFINITY"],
    ["promote", {}, "1"],
    ["demote", {}, "1"],
    ["monitor", {}, undefined],
    ["notify", {}, undefined],
    ["migrate_to", {}, undefined],
    ["reload", {}, undefined],
    ["start", { ignoreFailure: true }, undefined],
  ] as const;
  test.each(counted)("a failed %s %j gives %s", (operation, more, expected) => {
    const bench = new Bench();
    bench.execute(operation, more);
    bench.done(`web.${operation}`, 1);
    expect(bench.attributes()[`fail-count-web#${operation}_0`]).toBe(expected);
  });

  test("clearing removes the counts and the record of that failure, of that operation only", () => {
    const bench = new Bench();
    for (const operation of ["promote", "demote"]) {
      bench.execute(operation);
      bench.done(`web.${operation}`, 1);
    }
    bench.step({ kind: "clear-failcount", resource: "web", operation: "promote", intervalMs: 0 });
    expect(Object.keys(bench.attributes())).toEqual([
      "fail-count-web#demote_0",
      "last-failure-web#demote_0",
    ]);
    expect(bench.history()).toContain("last_failure_0 demote rc=1 status=0");
    expect(bench.step({ kind: "clear-failcount", resource: "web", key: "k", term: 1 })).toEqual([
      "result web.clear_failcount/0 rc=0 status=0",
    ]);
    expect(bench.attributes()).toEqual({});
    expect(bench.history()).toEqual(["last_0 demote rc=1 status=0"]);
  });

  test("forgetting a resource takes its history, its failcounts and its monitors", () => {
    const bench = new Bench();
    bench.execute("monitor/10000");
    bench.done("web.monitor", 7);
    bench.execute("start", { resource: "webby" });
    bench.done("webby.start", 1);
    expect(bench.step({ kind: "forget", resource: "web", key: "k", term: 1 })).toEqual([
      "result web.lrm_delete/0 rc=0 status=0",
    ]);
    expect(bench.history()).toEqual([]);
    expect(bench.pass(60_000)).toEqual([]);
    expect(Object.keys(bench.attributes())).toEqual([
      "fail-count-webby#start_0",
      "last-failure-webby#start_0",
    ]);
  });
});
