import type { WallTime } from "../../core/units.ts";
import type { Override } from "../../model/cib.ts";
import { overrideWords } from "../../model/override-words.ts";
import type { FailureReport, StatusReport } from "../../model/status-report.ts";
import { type Paint, plain } from "./paint.ts";
import { agoText, clockText, untilText } from "./time-text.ts";

/** What operators set by hand: what, who, when, why, until when, and how to take it back. */
export function overrideRows(report: StatusReport, paint: Paint): string[][] {
  return report.overrides.map((override) => [
    overrideText(override),
    plain(`by ${override.author} ${agoText(override.at, report.at)}`),
    override.reason === undefined ? "" : plain(`“${override.reason}”`),
    [overrideProgress(override, report), expiryText(override, report.at)]
      .filter((part) => part !== "")
      .join(", "),
    paint("cyan", `→ ${overrideRemoval(override, report)}`),
  ]);
}

/** An override in words: `node1 is in standby`, `web is banned from node2`. */
export function overrideText(override: Override): string {
  return plain(overrideWords(override));
}

/** The command that takes an override back. */
export function overrideRemoval(override: Override, report?: StatusReport): string {
  const target = plain(override.target);
  const isNode = report?.nodes.some((node) => node.name === override.target) ?? false;
  switch (override.kind) {
    case "standby":
      return `paceline node online ${target}`;
    case "maintenance":
      return isNode ? `paceline node ready ${target}` : `paceline resource manage ${target}`;
    case "unmanage":
      return `paceline resource manage ${target}`;
    case "stop":
      return `paceline resource start ${target}`;
    case "start":
      return `paceline resource stop ${target}`;
    case "migrate":
    case "ban":
      return `paceline resource clear ${target}`;
  }
}

/** A move is a wish: is it fulfilled? */
function overrideProgress(override: Override, report: StatusReport): string {
  if (override.kind !== "migrate") return "";
  const of = report.resources.filter(
    (each) =>
      [each.id, each.resource, each.group, each.clone].includes(override.target) &&
      (override.role !== "Promoted" || each.role === "Promoted"),
  );
  const there = of.length > 0 && of.every((each) => each.nodes.includes(override.node ?? ""));
  return there ? "done" : "not there yet";
}

function expiryText(override: Override, now: WallTime): string {
  return override.expires === undefined ? "" : untilText(override.expires, now);
}

/** A monitor that answers "ok" is a failure where the resource should not have been active. */
export function failureResult(failure: FailureReport): string {
  const { rc, operation, result } = failure;
  return rc === 0 && operation === "monitor" ? "was active where it should not be" : result;
}

/** Recent failures with what the agent said, and when they will be forgotten. */
export function failureRows(report: StatusReport, paint: Paint): string[][] {
  return report.failures.map((failure) => [
    clockText(failure.at, report.at),
    plain(failure.resource),
    plain(`${failure.operation} on ${failure.node}`),
    paint("red", plain(failureResult(failure))),
    failure.exitReason === null ? "" : plain(failure.exitReason),
    paint(
      "dim",
      failure.clearsAt === null
        ? "kept until cleanup"
        : failure.clearsAt <= report.at
          ? "about to be forgotten"
          : `forgotten ${untilText(failure.clearsAt, report.at).replace("until", "at")}`,
    ),
  ]);
}
