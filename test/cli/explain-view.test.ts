import { expect, test } from "vitest";
import { explainView } from "../../src/cli/views/explain-view.ts";
import { createPaint } from "../../src/cli/views/paint.ts";
import type { ExplainReport } from "../../src/model/control.ts";
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
