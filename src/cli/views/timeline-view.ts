import type { WallTime } from "../../core/units.ts";
import type { TimelineEntry } from "../../model/control.ts";
import { columns } from "./columns.ts";
import { type Paint, plain, type Style } from "./paint.ts";
import { clockText, spanText } from "./time-text.ts";

/**
 * Incidents and changes, oldest first, as one reads a log. An incident is one block: fault,
 * detection, decision, fencing, recovery, stable, each with the time since its beginning.
 */
export function timelineView(
  entries: readonly TimelineEntry[],
  now: WallTime,
  paint: Paint,
): string {
  if (entries.length === 0) return "nothing has happened since this daemon started\n";
  const blocks: string[] = [];
  for (const block of groupByIncident(entries)) {
    const [first] = block;
    if (first === undefined) continue;
    const lines =
      first.incident === undefined
        ? columns([[paint("dim", clockText(first.at, now)), entryText(first)]])
        : incidentLines(block, first, now, paint);
    blocks.push(lines.join("\n"));
  }
  return `${blocks.join("\n")}\n`;
}

function groupByIncident(entries: readonly TimelineEntry[]): TimelineEntry[][] {
  const sorted = [...entries].sort((a, b) => a.at - b.at);
  const blocks: TimelineEntry[][] = [];
  const byIncident = new Map<string, TimelineEntry[]>();
  for (const entry of sorted) {
    const block = entry.incident === undefined ? undefined : byIncident.get(entry.incident);
    if (block !== undefined) block.push(entry);
    else {
      const started = [entry];
      blocks.push(started);
      if (entry.incident !== undefined) byIncident.set(entry.incident, started);
    }
  }
  return blocks;
}

function incidentLines(
  block: readonly TimelineEntry[],
  first: TimelineEntry,
  now: WallTime,
  paint: Paint,
): string[] {
  const last = block.at(-1) ?? first;
  // How it began may be more entries ago than are shown.
  const isWhole = first.phase === "fault";
  const span = isWhole ? ` after ${spanText(last.at - first.at)}` : "; its beginning is not shown";
  const end =
    last.phase !== "stable"
      ? paint("yellow", "not over yet")
      : last.left === true
        ? paint("red", `at rest${span}, but not all is well`)
        : paint("green", `stable${span}`);
  const head = `${paint("dim", clockText(first.at, now))}  ${paint("bold", `incident ${plain(first.incident ?? "")}`)}  ${end}`;
  const rows = block.map((entry) => [
    paint("dim", `+${spanText(entry.at - first.at)}`),
    paint(PHASE_STYLE[entry.phase], entry.phase),
    entryText(entry),
  ]);
  return [head, ...columns(rows, "    ")];
}

function entryText(entry: TimelineEntry): string {
  return plain(entry.message);
}

const PHASE_STYLE: Readonly<Record<TimelineEntry["phase"], Style>> = {
  fault: "red",
  detection: "yellow",
  decision: "cyan",
  fencing: "red",
  recovery: "cyan",
  stable: "green",
  change: "bold",
  note: "dim",
};
