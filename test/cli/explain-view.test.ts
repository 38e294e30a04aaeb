import { expect, test } from "vitest";
import { explainView } from "../../src/cli/views/explain-view.ts";
import { createPaint } from "../../src/cli/views/paint.ts";
import type { ExplainReport } from "../../src/model/control.ts";
import type { Placement } from "../../src/model/plan.ts";
import type { StatusReport } from "../../src/model/status-report.ts";
import { report, resource, STOPPED } from "./report-fixture.ts";

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

test("what gives a score nothing is not told", () => {
  const parts = [
    { source: "location odd", score: 0 },
    { source: "location some", score: 7 },
  ];
  const placement: Placement = {
    resource: "db",
    current: { role: "Stopped", nodes: [] },
    next: { role: "Started", nodes: ["node1"] },
    managed: true,
    blocked: false,
    failed: false,
    orphan: false,
    scores: [{ node: "node1", score: 7, parts }],
  };
  const told = explainView(
    { report: { ...WAITS, placements: [placement] }, status: report(), rows: [] },
    createPaint(false),
  );
  expect(told).toContain("  node1  7  (chosen)\n            7  location some\n");
  expect(told).not.toContain("odd");
});
