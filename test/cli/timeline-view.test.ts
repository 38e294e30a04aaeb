import { expect, test } from "vitest";
import { createPaint } from "../../src/cli/views/paint.ts";
import { timelineView } from "../../src/cli/views/timeline-view.ts";
import type { TimelineEntry } from "../../src/model/control.ts";
import { NOW } from "./report-fixture.ts";

const INCIDENT: readonly TimelineEntry[] = [
  { at: NOW, incident: "i", phase: "fault", message: "last sign of life of node1" },
  { at: NOW + 200, incident: "i", phase: "detection", message: "node1 is lost (silent)" },
  { at: NOW + 600, incident: "i", phase: "stable", message: "all is settled" },
];

const view = (entries: readonly TimelineEntry[]) => timelineView(entries, NOW, createPaint(false));

test("an incident is one block, with the time since its beginning", () => {
  expect(view(INCIDENT)).toMatch(/incident i {2}stable after 600 ms\n {4}\+0 ms .*\n {4}\+200 ms/);
  expect(view(INCIDENT.slice(0, 2))).toContain("incident i  not over yet");
});

test("of one whose first entries are not shown no span is told", () => {
  expect(view(INCIDENT.slice(1))).toContain("incident i  stable; its beginning is not shown\n");
});

test("one that ended with something left is not called stable", () => {
  const last = {
    ...INCIDENT[2]!,
    message: "nothing more can be done: db is blocked",
    left: true,
  } as const;
  const text = view([...INCIDENT.slice(0, 2), last]);
  expect(text).toContain("incident i  at rest after 600 ms, but not all is well\n");
});
