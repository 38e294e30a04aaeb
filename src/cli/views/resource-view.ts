import type { ResourceReport, StatusReport } from "../../model/status-report.ts";
import { columns } from "./columns.ts";
import { type Paint, plain, type Style } from "./paint.ts";
import { isGone } from "./problems.ts";
import { spanText } from "./time-text.ts";

/** The resources as a tree: a clone or group, then what is in it. */
export function resourceLines(report: StatusReport, paint: Paint): string[] {
  const lines: Line[] = [];
  const done = new Set<ResourceReport>();
  const shown = report.resources.filter((each) => !isGone(each));
  for (const resource of shown) {
    if (done.has(resource)) continue;
    const family = shown.filter((each) => sameFamily(each, resource));
    for (const each of family) done.add(each);
    lines.push(...familyLines(family, resource, report, paint));
  }
  return columns(
    lines.map((line) => [`${"  ".repeat(line.depth)}${line.cells[0]}`, ...line.cells.slice(1)]),
    "  ",
  );
}

interface Line {
  readonly depth: number;
  readonly cells: readonly string[];
}

function sameFamily(a: ResourceReport, b: ResourceReport): boolean {
  if (b.clone !== null) return a.clone === b.clone;
  if (b.group !== null) return a.clone === null && a.group === b.group;
  return a === b;
}

function familyLines(
  family: readonly ResourceReport[],
  first: ResourceReport,
  report: StatusReport,
  paint: Paint,
): Line[] {
  if (first.clone !== null) return cloneLines(family, first, report, paint);
  if (first.group === null) return [{ depth: 0, cells: resourceCells(first, report, paint) }];
  return groupLines(family, first.group, 0, report, paint);
}

function groupLines(
  members: readonly ResourceReport[],
  group: string,
  depth: number,
  report: StatusReport,
  paint: Paint,
): Line[] {
  const head = { depth, cells: [`${paint("bold", plain(group))} ${paint("dim", "group")}`] };
  const rows = members.map((member) => ({
    depth: depth + 1,
    cells: resourceCells(member, report, paint),
  }));
  return [head, ...rows];
}

/** Instances of a clone; those that are stopped on purpose are one line together. */
function cloneLines(
  family: readonly ResourceReport[],
  first: ResourceReport,
  report: StatusReport,
  paint: Paint,
): Line[] {
  const kind = first.promotable ? "clone, promotable" : "clone";
  const lines: Line[] = [
    { depth: 0, cells: [`${paint("bold", plain(first.clone ?? ""))} ${paint("dim", kind)}`] },
  ];
  const groups = new Set(family.map((each) => each.group));
  for (const group of groups) {
    const rows = family.filter((each) => each.group === group);
    if (group !== null) lines.push(...groupLines(rows, group, 1, report, paint));
    else {
      for (const row of rows.filter((each) => !isQuiet(each))) {
        lines.push({ depth: 1, cells: resourceCells(row, report, paint) });
      }
      const quiet = rows.filter(isQuiet).length;
      const text = `${quiet} ${quiet === 1 ? "instance" : "instances"} stopped`;
      if (quiet > 0) lines.push({ depth: 1, cells: [paint("dim", text)] });
    }
  }
  return lines;
}

/** Stopped, and nobody wants it otherwise. */
export function isQuiet(resource: ResourceReport): boolean {
  const { role, failed, blocked, stoppedReason, pending } = resource;
  return role === "Stopped" && !failed && !blocked && stoppedReason === null && pending === null;
}

/** It may run already, and is counted as running by whoever must be careful; it is of no use yet. */
export function isStarting({ role, pending }: ResourceReport): boolean {
  return role === "Started" && pending?.operation === "start";
}

function resourceCells(resource: ResourceReport, report: StatusReport, paint: Paint): string[] {
  const { role, nodes } = resource;
  return [
    plain(resource.id),
    paint(roleStyle(resource), isStarting(resource) ? "Starting" : role),
    nodes.map(plain).join(", ") || "-",
    paint("dim", plain(resource.agent)),
    notes(resource, report).map(plain).join(", "),
  ];
}

function roleStyle(resource: ResourceReport): Style {
  if (resource.failed || resource.blocked !== null) return "red";
  if (resource.role !== "Stopped") return resource.role === "Unpromoted" ? "cyan" : "green";
  return resource.targetRole === "Stopped" ? "dim" : "yellow";
}

function notes(resource: ResourceReport, report: StatusReport): string[] {
  const { pending } = resource;
  const found: string[] = [];
  if (pending !== null) {
    const span = spanText(report.at - pending.since);
    found.push(`${pending.operation} on ${pending.node} for ${span}`);
  }
  if (resource.blocked !== null) found.push("BLOCKED");
  if (resource.failed) found.push("FAILED");
  if (resource.orphan) found.push(resource.clone === null ? "orphan" : "one too many");
  if (!resource.managed) found.push("unmanaged");
  if (resource.targetRole === "Stopped") found.push("stopped on purpose");
  for (const { node, count } of resource.failcounts) {
    const text =
      count >= 1_000_000 ? "fatal failure" : count === 1 ? "1 failure" : `${count} failures`;
    if (count > 0) found.push(`${text} on ${node}`);
  }
  return found;
}
