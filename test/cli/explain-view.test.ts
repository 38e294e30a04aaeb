import { describe, expect, test } from "vitest";
import { explainView } from "../../src/cli/views/explain-view.ts";
import { createPaint } from "../../src/cli/views/paint.ts";
import { clockText } from "../../src/cli/views/time-text.ts";
import type { ExplainReport } from "../../src/model/control.ts";
import type { NodeScore, Placement } from "../../src/model/plan.ts";
import type { FailureReport, ResourceReport, StatusReport } from "../../src/model/status-report.ts";
import { NOW, report, resource, STOPPED } from "./report-fixture.ts";

const WAITS: ExplainReport = {
  resource: "db",
  placements: [],
  notices: [],
  changes: [],
  actions: [
    {
      operation: "start",
      intervalMs: 0,
      resource: "db",
      node: "node1",
      waitsFor: ["fencing (reboot) of node2"],
    },
  ],
};

function explained(more: Partial<StatusReport>): string {
  const row = resource("db", STOPPED);
  const status = report(more);
  return explainView({ report: WAITS, status, rows: [row] }, createPaint(false));
}

test("what waits for a fencing says what has become of that", () => {
  expect(explained({})).toContain("start of db on node1 waits for fencing (reboot) of node2\n");
  const held = "node2 was fenced 5 times within 15min";
  const fencing = { ...report().fencing, held };
  expect(explained({ fencing })).toContain(`fencing (reboot) of node2\n  ${held}\n`);
  const message = "fencing of node2 failed 3 times: bmc2 is not reached";
  const failed = { code: "FENCING_FAILED", severity: "error", message, hint: null } as const;
  const other = { ...failed, code: "CLOCK_OFF", message: "the clock" };
  expect(explained({ warnings: [other, failed] })).toContain(
    `fencing (reboot) of node2\n  ${message}\n`,
  );
});

function scoresTold(score: number, parts: NodeScore["parts"]): string {
  const placement: Placement = {
    resource: "db",
    current: { role: "Stopped", nodes: [] },
    next: { role: "Started", nodes: ["node1"] },
    managed: true,
    blocked: false,
    failed: false,
    orphan: false,
    scores: [{ node: "node1", score, parts }],
  };
  return explainView(
    { report: { ...WAITS, placements: [placement] }, status: report(), rows: [] },
    createPaint(false),
  );
}

test("what gives a score nothing is not told", () => {
  const told = scoresTold(7, [
    { source: "location odd", score: 0 },
    { source: "location some", score: 7 },
  ]);
  expect(told).toContain("  node1  7  (chosen)\n            7  location some\n");
  expect(told).not.toContain("odd");
});

test("what forbids a node is told once, and what adds up as often as it does", () => {
  const failed = { source: "failed stop", score: -1_000_000 };
  const some = { source: "location some", score: 7 };
  const told = scoresTold(-1_000_000, [failed, some, failed, some]);
  expect(told.split("failed stop")).toHaveLength(2);
  expect(told.split("location some")).toHaveLength(3);
});

describe("a failure for which a resource is blocked", () => {
  const reason = "db is blocked: it failed on node1; clean it up once it is well";
  const blocked = { code: "blocked", reason, command: "paceline resource cleanup db" };
  const failure = {
    ...{ resource: "db", node: "node1", operation: "stop", intervalMs: 0, rc: 1 },
    ...{ result: "error", exitReason: "told to fail", at: NOW - 11_000, clearsAt: null },
  };
  const notice = { level: "error", code: "blocked", message: reason, resource: "db" } as const;

  function told(row: Partial<ResourceReport>, failures: readonly FailureReport[]): string {
    return explainView(
      {
        report: { ...WAITS, actions: [], notices: [notice] },
        status: report({ failures }),
        rows: [resource("db", { managed: false, blocked, since: null, ...row })],
      },
      createPaint(false),
    );
  }

  test("is told once, with its time, and what to do", () => {
    expect(told({ failed: true }, [failure])).toBe(
      [
        "db is Started on node1",
        `  blocked: stop on node1 failed at ${clockText(failure.at, NOW)}, 11 s ago: error (told to fail)`,
        "  → paceline resource cleanup db, once it is well",
        "",
      ].join("\n"),
    );
  });

  test("is the stop, of several; the others are told as well", () => {
    const monitor = { ...failure, operation: "monitor", result: "not running", exitReason: null };
    const elsewhere = { ...failure, node: "node2" };
    const lines = told({ failed: true }, [monitor, elsewhere, failure]).split("\n");
    expect(lines.filter((line) => line.includes("blocked"))).toEqual([
      expect.stringContaining("stop on node1 failed"),
    ]);
    expect(lines.filter((line) => line.startsWith("  monitor on node1 failed"))).toHaveLength(1);
    expect(lines.filter((line) => line.startsWith("  stop on node2 failed"))).toHaveLength(1);
  });

  test("may be none: then the reason is given as it is", () => {
    const reason = "db is blocked: ticket t is lost, and its loss-policy is freeze";
    const text = told({ blocked: { ...blocked, reason } }, [failure]);
    expect(text).toContain("  blocked: ticket t is lost, and its loss-policy is freeze\n");
    expect(text).toContain("  stop on node1 failed at");
  });
});

test("what waits for quorum is not told as if it went there", () => {
  const placement: Placement = {
    resource: "db",
    current: { role: "Stopped", nodes: [] },
    next: { role: "Started", nodes: ["node1"] },
    ...{ managed: true, blocked: false, failed: false, orphan: false },
    scores: [{ node: "node1", score: 0, parts: [] }],
  };
  const changes = [
    { action: "start", resource: "db", to: "node1", reason: "no quorum", blocked: true },
  ];
  const text = explainView(
    {
      report: { ...WAITS, placements: [placement], changes: changes as ExplainReport["changes"] },
      status: report(),
      rows: [],
    },
    createPaint(false),
  );
  expect(text).toContain("  not yet (no quorum): it goes to node1: no other node may run it\n");
});
