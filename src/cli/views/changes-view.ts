import type { SummaryRow } from "../../model/plan.ts";
import { columns } from "./columns.ts";
import { type Paint, plain, type Style } from "./paint.ts";

/** What would change, or changes: one line per resource or node. */
export function changesView(changes: readonly SummaryRow[], paint: Paint): string[] {
  const rows = changes.map((row) => [
    paint(STYLES[row.action] ?? "cyan", row.action),
    plain(row.resource ?? row.node ?? ""),
    plain(placeText(row)),
    paint("dim", plain([row.blocked === true ? "BLOCKED" : "", row.reason ?? ""].join(" ").trim())),
  ]);
  return columns(rows, "  ");
}

const STYLES: Readonly<Record<string, Style>> = {
  start: "green",
  stop: "yellow",
  move: "cyan",
  migrate: "cyan",
  promote: "green",
  demote: "yellow",
  restart: "yellow",
  recover: "yellow",
  fence: "red",
};

function placeText(row: SummaryRow): string {
  if (row.resource === undefined) return row.method ?? "";
  const { from, to, fromRole, toRole } = row;
  if (from !== undefined && to !== undefined && from !== to) return `${from} → ${to}`;
  const place = to ?? from ?? row.node;
  // A start or stop says itself what role it leads to.
  const roles =
    row.action !== "start" &&
    row.action !== "stop" &&
    fromRole !== undefined &&
    toRole !== undefined &&
    fromRole !== toRole
      ? ` (${fromRole} → ${toRole})`
      : "";
  return place === undefined ? roles.trim() : `on ${place}${roles}`;
}
