import type { ResourceReport, StatusReport } from "../../model/status-report.ts";
import { CliError } from "../cli-error.ts";
import type { Verify } from "./override-change.ts";
import { activeNodes, rowsOf } from "./report-names.ts";

/** After the cluster has settled: is it as the operator wanted? */

export function isOn(target: string, node: string, role?: string): Verify {
  return (report) => {
    const nodes = activeNodes(rowsOf(report, target), role);
    if (nodes.length === 1 && nodes[0] === node) return `${target} is on ${node}`;
    const where = nodes.length === 0 ? "nowhere" : `on ${nodes.join(", ")}`;
    return failed(report, target, `${target} is ${where}, not on ${node}`, `${target} ${node}`);
  };
}

export function isOff(target: string, node: string, role?: string): Verify {
  return (report) => {
    const nodes = activeNodes(rowsOf(report, target), role);
    if (nodes.includes(node)) return failed(report, target, `${target} is still on ${node}`);
    if (nodes.length === 0) {
      return failed(report, target, `${target} is off ${node}, but now runs nowhere`);
    }
    return `${target} is on ${nodes.join(", ")}`;
  };
}

export function isStopped(target: string): Verify {
  return (report) => {
    const nodes = activeNodes(rowsOf(report, target));
    if (nodes.length === 0) return `${target} is stopped`;
    return failed(report, target, `${target} still runs on ${nodes.join(", ")}`);
  };
}

export function isStarted(target: string): Verify {
  return (report) => {
    const rows = rowsOf(report, target);
    const nodes = activeNodes(rows);
    // Of a clone some instances may have no place; of a group every member must run.
    const stopped = rows.filter((row) => row.clone === null && row.role === "Stopped");
    if (nodes.length > 0 && stopped.length === 0) return `${target} runs on ${nodes.join(", ")}`;
    const names = stopped.map((row) => row.id).join(", ") || target;
    return failed(report, target, `does not run: ${names}`);
  };
}

export function isFine(target: string | undefined): Verify {
  return (report) => {
    const rows = target === undefined ? report.resources : rowsOf(report, target);
    const bad = rows.filter(
      (row) => row.failed || row.blocked !== null || (row.stoppedReason ?? null) !== null,
    );
    if (bad.length === 0) return target === undefined ? "no failures" : `${target} is fine`;
    return failed(report, bad[0]?.resource ?? "", `still not right: ${namesOf(bad)}`);
  };
}

function namesOf(rows: readonly ResourceReport[]): string {
  return rows.map((row) => row.id).join(", ");
}

function unmanagedReason({ id, managed }: ResourceReport): string | null {
  return managed ? null : `${id} is unmanaged`;
}

/** With what the report knows about the cause, and the command that tells more. */
function failed(report: StatusReport, target: string, message: string, explain = target): CliError {
  const rows = rowsOf(report, target);
  const reason = rows
    .map((row) => row.blocked?.reason ?? row.stoppedReason ?? unmanagedReason(row))
    .find((each) => each !== null && each !== undefined);
  const command = rows.map((row) => row.blocked?.command).find((each) => typeof each === "string");
  const text = reason === undefined ? message : `${message} (${reason})`;
  return new CliError("NOT_REACHED", text, command ?? `paceline explain ${explain}`);
}
