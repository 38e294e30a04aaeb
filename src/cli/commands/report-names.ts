import { didYouMean } from "../../core/suggestion.ts";
import type { ResourceReport, StatusReport } from "../../model/status-report.ts";
import { CliError } from "../cli-error.ts";

/** The rows that a name means: a resource, all of a group, all instances of a clone. */
export function rowsOf(report: StatusReport, name: string): readonly ResourceReport[] {
  return report.resources.filter((each) =>
    [each.id, each.resource, each.group, each.clone].includes(name),
  );
}

/** As `rowsOf`, but a name that nothing has is an error with the name that was meant. */
export function knownRows(report: StatusReport, name: string): readonly ResourceReport[] {
  const rows = rowsOf(report, name);
  if (rows.length > 0) return rows;
  throw unknownResource(report, name);
}

/** That nothing is called so, with the name that was meant. */
export function unknownResource(report: StatusReport, name: string): CliError {
  const isNode = report.nodes.some((node) => node.name === name);
  return new CliError(
    "UNKNOWN_RESOURCE",
    `there is no resource ${name}`,
    isNode
      ? `${name} is a node; the resource comes first`
      : didYouMean(name, resourceNames(report)),
  );
}

/** The node that is meant: without a name the one whose daemon was asked. */
export function knownNode(report: StatusReport, name: string | undefined): string {
  if (name === undefined) return report.node;
  const known = report.nodes.map((node) => node.name);
  if (known.includes(name)) return name;
  const hint = rowsOf(report, name).length > 0 ? `${name} is a resource` : didYouMean(name, known);
  throw new CliError("UNKNOWN_NODE", `there is no node ${name}`, hint);
}

/** All names that a resource command takes, collectives included. */
export function resourceNames(report: StatusReport): string[] {
  const names = report.resources.flatMap((each) => [each.resource, each.group, each.clone]);
  return [...new Set(names.filter((name) => name !== null))].sort();
}

/** Where the rows are active; with a role, those in that role only. */
export function activeNodes(rows: readonly ResourceReport[], role?: string): string[] {
  const counted = role === "Promoted" ? rows.filter((row) => row.role === role) : rows;
  return [...new Set(counted.flatMap((row) => row.nodes))].sort();
}
