import { expect, test } from "vitest";
import type { NodeInput, NodeOutput } from "../../src/controller/node-io.ts";
import { type AlertEvent, AlertWatch, type WatchedNode } from "../../src/daemon/alert-watch.ts";
import type { AttributeRecord, Cib, FencingRecord } from "../../src/model/cib.ts";
import type { AlertSettings } from "../../src/model/definition.ts";
import type { AgentOutcome } from "../../src/model/operation.ts";

const TELL: AlertSettings = { name: "tell", command: "true", options: new Map() };

/** A node that does as it is told, and what is told of it. */
class Overheard {
  readonly told: Record<string, string>[] = [];
  readonly subjects: AlertEvent["subject"][] = [];
  members: string[] = ["n1", "n2"];
  fencing: FencingRecord[] = [];
  kept: AttributeRecord[] = [];
  attributes: Record<string, string> = {};
  #next: NodeOutput[] = [];
  readonly #watch: AlertWatch;

  constructor(alerts: readonly AlertSettings[] = [TELL]) {
    const node: WatchedNode = {
      step: () => this.#next,
      nextDeadline: () => undefined,
      attributes: () => this.attributes,
      observe: () =>
        ({
          view: { members: this.members },
          cib: { fencing: this.fencing, attributes: this.kept },
        }) as unknown as { view: undefined; cib: Cib },
    };
    this.#watch = new AlertWatch(node, "n1", alerts, (_, event) => {
      this.subjects.push(event.subject);
      this.told.push({ ...event.variables });
    });
  }

  step(input: NodeInput, ...outputs: NodeOutput[]): void {
    this.#next = outputs;
    this.#watch.step(0, input);
  }

  run(runId: number, action: string, interval: string, outcome: Partial<AgentOutcome>): void {
    const command = {
      runId,
      action,
      resource: "db",
      agent: { class: "ocf", type: "x" },
      env: { OCF_RESKEY_CRM_meta_interval: interval },
      params: {},
      timeoutMs: 1000,
    };
    this.step({ kind: "tick" }, { kind: "run", command });
    const whole = { rc: 0, reason: "exited", stdout: "", stderr: "", durationMs: 12, ...outcome };
    this.step({ kind: "agent-done", runId, outcome: whole as AgentOutcome });
  }
}

test("nodes that come and go", () => {
  const node = new Overheard();
  node.step({ kind: "tick" });
  node.members = ["n1"];
  node.step({ kind: "tick" });
  node.step({ kind: "tick" });
  expect(node.told).toEqual([
    { kind: "node", node: "n2", desc: "member" },
    { kind: "node", node: "n2", desc: "lost" },
  ]);
});

test("what this node ran: changes always, probes never, monitors when their answer changes", () => {
  const node = new Overheard();
  node.members = ["n1"];
  node.run(1, "monitor", "0", { rc: 7 });
  node.run(2, "start", "0", {});
  for (const [runId, rc] of [
    [3, 0],
    [4, 0],
    [5, 7],
    [6, 7],
    [7, 0],
  ] as const) {
    node.run(runId, "monitor", "10000", { rc });
  }
  node.run(8, "stop", "0", { rc: undefined, reason: "timeout", message: "did not end in time" });
  node.run(9, "stop", "0", { rc: undefined, reason: "cancelled" });
  const rows = node.told.map(({ task, rc, status, desc }) => `${task} ${rc} ${status} ${desc}`);
  expect(rows).toEqual([
    "start 0 0 ok",
    "monitor 7 0 not running",
    "monitor 0 0 ok",
    "stop 1 4 did not end in time",
  ]);
  expect(node.told[0]).toMatchObject({ kind: "resource", node: "n1", rsc: "db", exec_time: "12" });
});

test("fencing, once it has ended", () => {
  const record: FencingRecord = {
    id: "1",
    target: "n2",
    action: "off",
    requestedBy: "n1",
    reason: "lost",
    startedAt: 1,
    outcome: "pending",
  };
  const node = new Overheard();
  node.members = ["n1"];
  node.fencing = [record];
  node.step({ kind: "tick" });
  expect(node.told).toEqual([]);
  node.fencing = [{ ...record, outcome: "failed", detail: "no answer" }];
  node.step({ kind: "tick" });
  node.step({ kind: "tick" });
  expect(node.told).toEqual([
    {
      kind: "fencing",
      node: "n2",
      task: "off",
      rc: "1",
      desc: "off of n2 for n1 (lost) failed: no answer",
    },
  ]);
});

test("attributes of this node, transient and kept, when they change; only where they are selected", () => {
  const select = new Map([["select", "attributes"]]);
  for (const alerts of [[TELL], [TELL, { ...TELL, options: select }]]) {
    const node = new Overheard(alerts);
    node.members = ["n1"];
    node.step({ kind: "tick" });
    node.attributes = { ping: "100" };
    node.step({ kind: "tick" });
    node.step({ kind: "tick" });
    node.kept = [
      { node: "n1", name: "rack", value: "a" },
      { node: "n2", name: "rack", value: "b" },
      { name: "cluster-wide", value: "c" },
    ];
    node.attributes = { ping: "0" };
    node.step({ kind: "tick" });
    node.attributes = {};
    node.step({ kind: "tick" });
    const rows = node.told.map((told) => `${told["attribute_name"]}=${told["attribute_value"]}`);
    expect(rows).toEqual(alerts.length === 1 ? [] : ["ping=100", "ping=0", "rack=a", "ping="]);
    for (const told of node.told) expect(told).toMatchObject({ kind: "attribute", node: "n1" });
  }
});

test("incidents that this node recorded, at their begin and their end", () => {
  const node = new Overheard();
  node.members = ["n1"];
  const entry = { at: 1, message: "db failed", resource: "db" };
  for (const phase of ["fault", "decision", "stable"] as const) {
    node.step(
      { kind: "tick" },
      { kind: "timeline", entry: { ...entry, phase, origin: "n1/5" } },
      { kind: "timeline", entry: { ...entry, phase, origin: "n2/7" } },
    );
  }
  expect(node.told.map(({ kind, task, rsc }) => [kind, task, rsc])).toEqual([
    ["incident", "fault", "db"],
    ["incident", "stable", "db"],
  ]);
});

test("a new definition may add an alert, and take the last one away", () => {
  const node = new Overheard([]);
  const text = (alerts: string): string =>
    `cluster: c\nnodes: { n1: 10.0.0.1, n2: 10.0.0.2 }\nresources: { ip: { agent: vip, params: { ip: 10.0.0.9/24 } } }\n${alerts}`;
  node.step({ kind: "tick" });
  expect(node.told).toEqual([]);
  node.step(
    { kind: "tick" },
    {
      kind: "definition",
      text: text("alerts: { a: { command: /bin/true } }\n"),
      version: 2,
      isCurrent: true,
    },
  );
  expect(node.subjects).toEqual(["nodes"]);
  node.step({ kind: "tick" }, { kind: "definition", text: text(""), version: 3, isCurrent: true });
  node.members = ["n1"];
  node.step({ kind: "tick" });
  expect(node.subjects).toEqual(["nodes"]);
});
