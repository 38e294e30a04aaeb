import type { NodeReport, NodeState, StatusReport } from "../../model/status-report.ts";
import { columns } from "./columns.ts";
import { failureRows, overrideRows } from "./memory-view.ts";
import { type Paint, plain, type Style } from "./paint.ts";
import { findProblems, isGone, type Problem } from "./problems.ts";
import { isQuiet, isStarting, resourceLines } from "./resource-view.ts";
import { ticketRows } from "./ticket-rows.ts";
import { clockText, spanText } from "./time-text.ts";

/**
 * The status for people, written for the one who was woken at 3 a.m.: first what is wrong and the
 * command that helps, then the nodes, the resources, and what was set by hand.
 */
export function statusView(report: StatusReport, paint: Paint): string {
  const problems = findProblems(report);
  const lines = [
    ...headline(report, problems, paint),
    ...section("What is wrong", problemLines(problems, "error", "warn", paint), paint),
    ...transitionLines(report, paint),
    ...section("Nodes", columns(nodeRows(report, paint), "  "), paint),
    ...section("Resources", resourceLines(report, paint), paint),
    ...section("Tickets", columns(ticketRows(report, paint), "  "), paint),
    ...section("Set by hand", columns(overrideRows(report, paint), "  "), paint),
    ...section("Recent failures", columns(failureRows(report, paint), "  "), paint),
    ...section("Worth knowing", problemLines(problems, "info", "info", paint), paint),
  ];
  return `${lines.join("\n")}\n`;
}

function section(title: string, lines: readonly string[], paint: Paint): string[] {
  return lines.length === 0 ? [] : ["", paint("bold", title), ...lines];
}

/** One line that says whether there is anything to do at all. */
export function summaryLine(report: StatusReport, problems: readonly Problem[]): string {
  const errors = problems.filter((each) => each.severity === "error").length;
  const warnings = problems.filter((each) => each.severity === "warn").length;
  const up = report.nodes.filter((node) => UP.has(node.state)).length;
  const known = report.resources.filter((each) => !isGone(each));
  const running = known.filter((each) => each.role !== "Stopped" && !isStarting(each)).length;
  const meant = known.filter((each) => !isQuiet(each)).length;
  const onPurpose = known.filter((each) => isQuiet(each) && each.clone === null).length;
  const rest = onPurpose === 0 ? "" : `, ${onPurpose} stopped on purpose`;
  const facts = `${up} of ${count(report.nodes.length, "node")} up, ${running} of ${count(meant, "resource")} running${rest}`;
  if (errors > 0) return `${count(errors, "problem")}; ${facts}`;
  if (warnings > 0) return `working, with ${count(warnings, "warning")}; ${facts}`;
  return `all is well; ${facts}`;
}

const UP: ReadonlySet<NodeState> = new Set(["online", "standby", "maintenance"]);

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

function headline(report: StatusReport, problems: readonly Problem[], paint: Paint): string[] {
  const worst = problems[0]?.severity ?? "info";
  const style: Style = worst === "error" ? "red" : worst === "warn" ? "yellow" : "green";
  const { quorum } = report;
  const facts = [
    `seen by ${report.node} at ${clockText(report.at, report.at)}`,
    decider(report),
    `${quorum.quorate ? "quorate" : "NOT quorate"}, ${quorum.votes} of ${quorum.expected} votes`,
    ...tieBreakerFact(quorum.tieBreaker),
    report.definition === null ? "no definition yet" : `definition ${report.definition.version}`,
  ];
  return [
    `${paint("bold", plain(report.cluster))}: ${paint(style, summaryLine(report, problems))}`,
    paint("dim", facts.map(plain).join(" · ")),
  ];
}

/** Without quorum nobody is the DC: somebody only sees to it that this side follows no-quorum-policy. */
function decider({ dc, acting, term }: StatusReport): string {
  if (dc !== null) return `DC ${dc} (term ${term})`;
  return acting === null ? "no DC" : `no DC, ${acting} acts for this side`;
}

/** `arbiter ok`, with the age of its last answer. */
function tieBreakerFact(breaker: StatusReport["quorum"]["tieBreaker"]): string[] {
  if (breaker === null || breaker === undefined) return [];
  const { means, state, ageMs } = breaker;
  return [`${means} ${state}${ageMs === null ? "" : ` (${spanText(ageMs)} ago)`}`];
}

function problemLines(
  problems: readonly Problem[],
  from: Problem["severity"],
  to: Problem["severity"],
  paint: Paint,
): string[] {
  return problems
    .filter((each) => each.severity === from || each.severity === to)
    .flatMap((each) => {
      const mark = MARKS[each.severity];
      const head = `  ${paint(mark.style, mark.sign)} ${plain(each.text)}`;
      return each.help === undefined
        ? [head]
        : [head, `      ${paint("cyan", `→ ${plain(each.help)}`)}`];
    });
}

const MARKS = {
  error: { sign: "✗", style: "red" },
  warn: { sign: "!", style: "yellow" },
  info: { sign: "·", style: "dim" },
} as const;

function transitionLines(report: StatusReport, paint: Paint): string[] {
  const { transition, at } = report;
  if (transition.state !== "running") return [];
  // What a plan before this one has begun goes on in it.
  const began = [transition.startedAt ?? at, ...transition.running.map((each) => each.since)];
  const since = transition.startedAt === null ? "" : `, for ${spanText(at - Math.min(...began))}`;
  const head = `Under way: ${transition.done} of ${transition.total} actions done${since}`;
  const rows = transition.running.map((each) => [
    plain(each.operation),
    plain(each.resource ?? ""),
    `on ${plain(each.node)}`,
    `for ${spanText(at - each.since)} of at most ${spanText(each.timeoutMs)}`,
  ]);
  return ["", paint("bold", head), ...columns(rows, "  ")];
}

const STATE_STYLE: Readonly<Record<NodeState, Style>> = {
  online: "green",
  standby: "yellow",
  maintenance: "yellow",
  pending: "yellow",
  offline: "red",
  unclean: "red",
};

function nodeRows(report: StatusReport, paint: Paint): string[][] {
  return report.nodes.map((node) => [
    paint("bold", plain(node.name)),
    paint(STATE_STYLE[node.state], node.state),
    [
      node.isDc ? "DC" : "",
      node.role === "witness" ? "witness" : "",
      node.votes === 1 ? "" : `${node.votes} votes`,
      linkText(node),
      node.detail === null || isSetByHand(node, report) ? "" : plain(node.detail),
    ]
      .filter((part) => part !== "")
      .join(", "),
  ]);
}

/** Who did it and until when is said below, with the command that takes it back. */
function isSetByHand(node: NodeReport, report: StatusReport): boolean {
  return report.overrides.some((each) => each.kind === node.state && each.target === node.name);
}

function linkText(node: NodeReport): string {
  const up = node.links.filter((link) => link.up).length;
  if (node.links.length < 2 || !UP.has(node.state)) return "";
  return up === node.links.length ? `${up} links` : `${up} of ${node.links.length} links`;
}
