import { describe, expect, test } from "vitest";
import type { LocalStatus } from "../../src/model/operation.ts";
import { Bench, request } from "./bench.ts";

describe("one operation at a time per instance", () => {
  test("a stop waits for the start in progress, and two starts never overlap", () => {
    const bench = new Bench();
    expect(bench.execute("start")).toEqual(["guard web", "run web.start"]);
    expect(bench.execute("start")).toEqual([]);
    expect(bench.execute("stop")).toEqual([]);
    expect(bench.done("web.start", 0)).toEqual([
      "run web.start",
      "result web.start/0 rc=0 status=0",
    ]);
    expect(bench.done("web.start", 0)).toEqual([
      "run web.stop",
      "result web.start/0 rc=0 status=0",
    ]);
    expect(bench.done("web.stop", 0)).toEqual(["guard -", "result web.stop/0 rc=0 status=0"]);
  });

  test("instances do not wait for one another", () => {
    const bench = new Bench();
    bench.execute("start", { resource: "a" });
    expect(bench.execute("start", { resource: "b" })).toEqual(["guard b,a", "run b.start"]);
  });

  test("a start-delay holds its own operation back, and no other", () => {
    const bench = new Bench();
    expect(bench.execute("monitor", { startDelayMs: 3000, expectedRc: 7 })).toEqual([]);
    expect(bench.execute("start")).toEqual(["guard web", "run web.start"]);
    bench.done("web.start", 0);
    expect(bench.pass(2999)).toEqual([]);
    expect(bench.pass(1)).toEqual(["run web.monitor"]);
  });

  test("monitors are bounded in number, state changes are not", () => {
    const bench = new Bench({ limits: { monitorsAtOnce: 2 } });
    for (const resource of ["a", "b", "c"]) bench.execute("monitor", { resource, expectedRc: 7 });
    expect(bench.runs.map((run) => run.label)).toEqual(["a.monitor", "b.monitor"]);
    expect(bench.pass(10)).toEqual([]);
    expect(bench.execute("start", { resource: "d" })).toEqual(["guard d", "run d.start"]);
    expect(bench.done("a.monitor", 7)).toContain("run c.monitor");
  });
});

describe("terms and keys", () => {
  test("a request of an older term is refused and nothing is run", () => {
    const bench = new Bench();
    bench.step({ kind: "term", term: 5 });
    expect(bench.execute("start", { term: 4 })).toEqual([
      "result web.start/0 rc=1 status=9 refused=stale-term",
    ]);
    expect(bench.execute("start", { term: 5 })).toEqual(["guard web", "run web.start"]);
  });

  test("a newer term drops what waits, not what runs", () => {
    const bench = new Bench();
    bench.execute("start", { term: 1 });
    bench.execute("promote", { term: 1 });
    expect(bench.execute("stop", { term: 2 })).toEqual([
      "result web.promote/0 rc=1 status=9 refused=superseded",
    ]);
    expect(bench.done("web.start", 0)).toEqual([
      "run web.stop",
      "result web.start/0 rc=0 status=0",
    ]);
  });

  test("the same key twice: once while it runs, once after, runs once", () => {
    const bench = new Bench();
    const start = request("start");
    bench.step({ kind: "execute", request: start });
    expect(bench.step({ kind: "execute", request: start })).toEqual([]);
    bench.done("web.start", 0);
    expect(bench.step({ kind: "execute", request: start })).toEqual([
      "result web.start/0 rc=0 status=0 duplicate",
    ]);
    const nextTerm = { ...start, term: 2 };
    expect(bench.step({ kind: "execute", request: nextTerm })).toEqual(["run web.start"]);
  });

  test("keys in flight are told, queued ones included", () => {
    const bench = new Bench();
    bench.execute("start", { key: "k1" });
    bench.execute("monitor/5000", { key: "k2" });
    expect(bench.manager.status().inFlight).toEqual(["k1", "k2"]);
    bench.done("web.start", 0);
    bench.done("web.monitor", 0);
    expect(bench.manager.status().inFlight).toEqual([]);
  });

  test("a queue has an end", () => {
    const bench = new Bench({ limits: { queueMax: 2 } });
    bench.execute("start");
    bench.execute("notify");
    bench.execute("notify");
    expect(bench.execute("notify")).toEqual([
      "result web.notify/0 rc=1 status=9 refused=queue-full",
    ]);
  });

  test.each([
    ["no key", { key: "" }],
    ["no resource", { resource: "" }],
    ["no operation", { operation: "" }],
    ["a timeout that is no number", { timeoutMs: Number.NaN }],
    ["a negative interval", { intervalMs: -1 }],
    ["a term that is no number", { term: "5" as unknown as number }],
    ["no agent", { agent: undefined as never }],
  ])("a malformed request is told and dropped: %s", (_, more) => {
    const bench = new Bench();
    expect(bench.execute("start", more)).toEqual([]);
    expect(bench.outputs).toMatchObject([{ kind: "note", event: "request-malformed" }]);
  });
});

describe("recurring monitors", () => {
  function monitored(): Bench {
    const bench = new Bench();
    bench.execute("start");
    bench.done("web.start", 0);
    bench.execute("monitor/10000");
    expect(bench.done("web.monitor", 0)).toEqual(["result web.monitor/10000 rc=0 status=0"]);
    return bench;
  }

  test("the first result is answered, the same again is not", () => {
    const bench = monitored();
    expect(bench.pass(10_000)).toEqual(["run web.monitor"]);
    expect(bench.done("web.monitor", 0)).toEqual([]);
    expect(bench.pass(10_000)).toEqual(["run web.monitor"]);
  });

  test("a failure is answered each time and counted once, until it changes", () => {
    const bench = monitored();
    const failures: string[] = [];
    for (let i = 0; i < 3; i++) {
      bench.pass(10_000);
      failures.push(...bench.done("web.monitor", 7));
    }
    expect(failures).toEqual(Array(3).fill("result web.monitor/10000 rc=7 status=0"));
    expect(bench.attributes()["fail-count-web#monitor_10000"]).toBe("1");
    bench.pass(10_000);
    expect(bench.done("web.monitor", 0)).toEqual(["result web.monitor/10000 rc=0 status=0"]);
    bench.pass(10_000);
    bench.done("web.monitor", 1);
    expect(bench.attributes()).toEqual({
      "fail-count-web#monitor_10000": "2",
      "last-failure-web#monitor_10000": "1000000050",
    });
  });

  test("a state change ends them; the one in progress is waited for and its result dropped", () => {
    const bench = monitored();
    bench.pass(10_000);
    expect(bench.execute("stop")).toEqual([]);
    expect(bench.done("web.monitor", 7)).toEqual(["run web.stop"]);
    bench.done("web.stop", 0);
    expect(bench.pass(60_000)).toEqual([]);
    expect(bench.attributes()).toEqual({});
    expect(bench.history()).toEqual(["last_0 stop rc=0 status=0"]);
  });

  test("a one-shot monitor and a notification do not end them", () => {
    const bench = monitored();
    bench.execute("notify");
    bench.done("web.notify", 1);
    bench.execute("monitor");
    bench.done("web.monitor", 0);
    expect(bench.pass(10_000)).toEqual(["run web.monitor"]);
  });

  test("cancel ends one of them, answers, and leaves no record", () => {
    const bench = monitored();
    const cancel = { resource: "web", operation: "monitor", intervalMs: 10_000, key: "c", term: 1 };
    expect(bench.step({ kind: "cancel", ...cancel })).toEqual([
      "result web.monitor/10000 rc=1 status=1",
    ]);
    expect(bench.pass(60_000)).toEqual([]);
    expect(bench.history()).toEqual(["last_0 start rc=0 status=0"]);
  });

  test("requested anew, it runs at once and answers the new key", () => {
    const bench = monitored();
    bench.pass(3000);
    expect(bench.execute("monitor/10000", { key: "new" })).toEqual(["run web.monitor"]);
    expect(bench.done("web.monitor", 0)).toEqual(["result web.monitor/10000 rc=0 status=0"]);
  });

  test("two of them with one interval but different names are two", () => {
    const bench = monitored();
    bench.execute("status/10000");
    bench.done("web.status", 0);
    expect(bench.pass(10_000)).toEqual(["run web.monitor"]);
    expect(bench.done("web.monitor", 0)).toEqual(["run web.status"]);
  });
});

describe("deadlines", () => {
  test("an executor that does not report in time: kill, timeout recorded, then the next may run", () => {
    const bench = new Bench();
    bench.execute("start", { timeoutMs: 10_000 });
    bench.execute("stop");
    expect(bench.pass(14_999)).toEqual([]);
    expect(bench.pass(1)).toEqual(["kill", "result web.start/0 rc=1 status=2"]);
    expect(bench.pass(4999)).toEqual([]);
    expect(bench.pass(1)).toEqual(["run web.stop"]);
  });

  test("a report that comes after all releases the instance and changes nothing more", () => {
    const bench = new Bench();
    bench.execute("start", { timeoutMs: 10_000 });
    bench.execute("stop");
    bench.pass(15_000);
    expect(bench.done("web.start", 0)).toEqual(["run web.stop"]);
    expect(bench.history()[1]).toBe("last_failure_0 start rc=1 status=2");
  });

  test("a run that nobody knows is noted", () => {
    const bench = new Bench();
    const outcome = { rc: 0, reason: "exited", stdout: "", stderr: "", durationMs: 1 } as const;
    expect(bench.step({ kind: "agent-done", runId: 99, outcome })).toEqual([]);
    expect(bench.outputs).toMatchObject([{ kind: "note", event: "run-unknown" }]);
  });
});

describe("stopping everything", () => {
  test("addresses first, then the newest; promoted ones are demoted; starts are refused", () => {
    const bench = new Bench();
    const vip = { resource: "ip", params: { ip: "10.0.0.9/24" } } as const;
    const vipAgent = { class: "ocf", provider: "paceline", type: "vip" };
    bench.execute("start", { ...vip, agent: vipAgent });
    bench.done("ip.start", 0);
    for (const resource of ["db", "web"]) {
      bench.execute("start", { resource });
      bench.done(`${resource}.start`, 0);
    }
    bench.execute("promote", { resource: "db" });
    bench.done("db.promote", 0);
    bench.execute("monitor/10000", { resource: "web" });
    bench.done("web.monitor", 0);
    expect(bench.step({ kind: "stop-all", reason: "no quorum" })).toEqual([
      "run ip.stop",
      "run web.stop",
      "run db.demote",
    ]);
    expect(bench.execute("start", { resource: "new" })).toEqual([
      "result new.start/0 rc=1 status=9 refused=stopping",
    ]);
    expect(bench.done("ip.stop", 0)).toEqual(["guard web,db"]);
    expect(bench.done("db.demote", 1)).toEqual(["run db.stop"]);
    expect(bench.done("web.stop", 1)).toEqual([]);
    expect(bench.done("db.stop", 0)).toEqual(["guard web", "all-stopped web"]);
    expect(bench.attributes()["fail-count-web#stop_0"]).toBe("INFINITY");
    expect(bench.execute("start", { resource: "new" })).toEqual(["guard new,web", "run new.start"]);
  });

  test("waits for the operation in progress, and is over at once when nothing is active", () => {
    const bench = new Bench();
    expect(bench.step({ kind: "stop-all", reason: "leaving" })).toEqual(["all-stopped -"]);
    bench.execute("start");
    bench.execute("promote");
    expect(bench.step({ kind: "stop-all", reason: "leaving" })).toEqual([
      "result web.promote/0 rc=1 status=9 refused=stopping",
    ]);
    expect(bench.done("web.start", 0)).toEqual([
      "run web.stop",
      "result web.start/0 rc=0 status=0",
    ]);
    expect(bench.done("web.stop", 0)).toEqual(["guard -", "all-stopped -"]);
  });
});

test("announcing runs on the addresses that are up, and leaves no trace in the history", () => {
  const bench = new Bench();
  const agent = { class: "ocf", provider: "paceline", type: "vip" };
  bench.execute("start", { resource: "ip", agent, params: { ip: "10.0.0.9/24" } });
  bench.done("ip.start", 0);
  bench.execute("monitor/1000", { resource: "ip", agent, params: { ip: "10.0.0.9/24" } });
  bench.done("ip.monitor", 0);
  bench.execute("start");
  bench.done("web.start", 0);
  const before = bench.history("ip");
  expect(bench.step({ kind: "announce" })).toEqual(["run ip.announce"]);
  expect(bench.done("ip.announce", 1)).toEqual([]);
  expect(bench.history("ip")).toEqual(before);
  expect(bench.attributes()).toEqual({});
  expect(bench.pass(1000)).toEqual(["run ip.monitor"]);
});

test("the status comes before the results, with a revision that grows", () => {
  const bench = new Bench();
  bench.execute("start");
  bench.done("web.start", 0);
  expect(bench.outputs.map((each) => each.kind)).toEqual(["status-changed", "result", "note"]);
  const changed = bench.outputs[0] as { status: LocalStatus };
  expect(changed.status).toMatchObject({ node: "node1", incarnation: 7, revision: 2 });
});

test("attributes that agents set are told, and removed again", () => {
  const bench = new Bench();
  bench.step({ kind: "set-attribute", name: "master-db", value: "100" });
  expect(bench.outputs.map((each) => each.kind)).toEqual(["status-changed"]);
  bench.step({ kind: "set-attribute", name: "master-db", value: "100" });
  expect(bench.outputs).toEqual([]);
  expect(bench.attributes()).toEqual({ "master-db": "100" });
  bench.step({ kind: "set-attribute", name: "master-db", value: undefined });
  expect(bench.attributes()).toEqual({});
});
