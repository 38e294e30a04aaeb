import type { Plan, PlanAction, SummaryRow } from "../../model/plan.ts";
import type { ClusterReport, NodeReport, ResourceReport } from "../../policy/outcome/report.ts";
import type { Simulation } from "../../policy/outcome/simulation.ts";
import { columns } from "./columns.ts";
import { type Paint, plain } from "./paint.ts";

/** A simulation for people: how it stands, what would be done and why, what comes of it. */
export function simulationText(simulation: Simulation, paint: Paint): string {
  const { before, plan, after } = simulation;
  const parts = [
    section(paint, "Now", reportLines(before, paint)),
    section(paint, "Plan", planLines(plan, paint)),
    section(paint, "Outcome", outcomeLines(before, after, paint)),
  ];
  const notices = plan.notices.filter((each) => each.level !== "info");
  if (notices.length > 0) {
    const lines = notices.map((each) => `  ${paint("yellow", "!")} ${plain(each.message)}`);
    parts.push(section(paint, "Notices", [...new Set(lines)]));
  }
  return `${parts.join("\n\n")}\n`;
}

function section(paint: Paint, title: string, lines: readonly string[]): string {
  return [paint("bold", title), ...lines].join("\n");
}

/** The state of a node in one word, two where it is down besides. */
export function nodeState(node: NodeReport): string {
  if (node.unclean) return node.online ? "unclean (online)" : "unclean";
  if (node.pending) return "pending";
  const flag = node.standby ? "standby" : node.maintenance ? "maintenance" : undefined;
  if (node.online) return flag ?? "online";
  return flag === undefined ? "offline" : `offline (${flag})`;
}

function reportLines(report: ClusterReport, paint: Paint): string[] {
  const nodes = report.nodes.map((node) => [plain(node.name), stateCell(node, paint)]);
  const resources = report.resources.map((each) => resourceCells(each, paint));
  return [...columns(nodes, "  "), "", ...columns(resources, "  ")];
}

function stateCell(node: NodeReport, paint: Paint): string {
  const state = nodeState(node);
  if (node.unclean) return paint("red", state);
  return state === "online" ? paint("green", state) : paint("yellow", state);
}

function resourceCells(resource: ResourceReport, paint: Paint): string[] {
  const { role, failed } = resource;
  const style = failed ? "red" : role === "Stopped" ? "yellow" : "green";
  return [
    plain(resource.id),
    paint(style, role),
    plain(resource.nodes.join(", ")),
    paint("dim", remarks(resource)),
  ];
}

function remarks(resource: ResourceReport): string {
  const found = [
    resource.clone !== null ? `in ${resource.clone}` : undefined,
    resource.bundle !== undefined ? `in ${resource.bundle}` : undefined,
    resource.group !== undefined ? `in ${resource.group}` : undefined,
    resource.failed ? "failed" : undefined,
    resource.blocked ? "blocked" : undefined,
    resource.maintenance ? "maintenance" : resource.managed ? undefined : "unmanaged",
    resource.orphan ? "no longer defined" : undefined,
    resource.pending === undefined ? undefined : `${resource.pending} under way`,
  ];
  return plain(found.filter((each) => each !== undefined).join(", "));
}

function planLines(plan: Plan, paint: Paint): string[] {
  if (plan.summary.length === 0 && plan.actions.length === 0) return ["  nothing to do"];
  const rows = plan.summary.map((row) => summaryCells(row, paint));
  const real = plan.actions.filter((each) => each.kind !== "pseudo").length;
  const count = `${real} ${real === 1 ? "action" : "actions"} in all`;
  return [...columns(rows, "  "), ...(rows.length > 0 ? [""] : []), `  ${count}`];
}

function summaryCells(row: SummaryRow, paint: Paint): string[] {
  const what = row.action === "fence" ? row.node : row.resource;
  const reason = row.reason === undefined ? "" : `because: ${row.reason}`;
  const blocked = row.blocked ? paint("red", "blocked") : "";
  const style = row.action === "fence" ? "red" : row.action === "stop" ? "yellow" : "cyan";
  return [
    paint(style, row.action),
    plain(what ?? ""),
    plain(place(row)),
    [blocked, paint("dim", plain(reason))].filter((each) => each !== "").join(" "),
  ];
}

function place(row: SummaryRow): string {
  if (row.action === "fence") return row.method ?? "";
  const from = row.from ?? (row.to === undefined ? row.node : undefined);
  const roles = row.fromRole !== row.toRole ? `${row.fromRole ?? ""} → ${row.toRole ?? ""}` : "";
  if (from !== undefined && row.to !== undefined && from !== row.to) {
    return `${from} → ${row.to}`;
  }
  const node = row.to ?? from ?? row.node ?? "";
  const changes = row.action === "promote" || row.action === "demote";
  return changes && roles.trim() !== "→" ? `${node}  ${roles}` : node;
}

/** Only what is otherwise than before; all is there in --json. */
function outcomeLines(before: ClusterReport, after: ClusterReport, paint: Paint): string[] {
  const rows: string[][] = [];
  for (const node of after.nodes) {
    const old = before.nodes.find((each) => each.name === node.name);
    const state = old === undefined ? "unknown" : nodeState(old);
    if (state !== nodeState(node))
      rows.push([plain(node.name), state, "→", stateCell(node, paint)]);
  }
  const [was, is] = [placesByName(before), placesByName(after)];
  for (const name of new Set([...was.keys(), ...is.keys()])) {
    const [old, next] = [was.get(name) ?? "Stopped", is.get(name) ?? "Stopped"];
    if (old !== next) rows.push([plain(name), plain(old), "→", plain(next)]);
  }
  return rows.length === 0 ? ["  as it is now"] : columns(rows, "  ");
}

/** Where each resource is; instances that are all alike are taken together. */
function placesByName(report: ClusterReport): Map<string, string> {
  const places = new Map<string, string[]>();
  for (const { id, clone, unique, role, nodes } of report.resources) {
    const name = clone !== null && !unique ? id.replace(/:\d+$/, "") : id;
    const list = places.get(name) ?? [];
    places.set(name, list);
    if (role !== "Stopped") list.push(...nodes.map((node) => `${role} on ${node}`));
  }
  const text = (list: readonly string[]) => (list.length === 0 ? "Stopped" : joinPlaces(list));
  return new Map([...places].map(([name, list]) => [name, text(list)]));
}

/** `Promoted on a, Unpromoted on b, c` */
function joinPlaces(places: readonly string[]): string {
  let last = "";
  const words = [...places].sort().map((place) => {
    const [role, node] = place.split(" on ") as [string, string];
    const word = role === last ? node : place;
    last = role;
    return word;
  });
  return words.join(", ");
}

/** The transition graph for Graphviz: `paceline simulate --dot | dot -Tsvg`. */
export function planDot(plan: Plan): string {
  const ids = new Set(plan.actions.map((each) => each.id));
  const nodes = plan.actions.map((each) => {
    const style = each.kind === "pseudo" ? "dashed" : each.kind === "fence" ? "bold" : "solid";
    return `  ${each.id} [label="${dotLabel(each)}" style=${style} shape=box];`;
  });
  const edges = plan.actions.flatMap(({ id, after }) =>
    after.filter((before) => ids.has(before)).map((before) => `  ${before} -> ${id};`),
  );
  return `digraph plan {\n${[...nodes, ...edges].join("\n")}\n}\n`;
}

/** What is done, and below it where. */
function dotLabel({ resource, operation, intervalMs, node }: PlanAction): string {
  const interval = intervalMs > 0 ? `${intervalMs}ms` : undefined;
  const what = [resource, operation, interval].filter((part) => part !== undefined).join(" ");
  return [what, ...(node === undefined ? [] : [node])].map(quoted).join("\\n");
}

/** Within quotes Graphviz knows these two characters only. */
function quoted(text: string): string {
  return plain(text).replaceAll("\\", "\\\\").replaceAll('"', '\\"');
}
