import type { ExplainReport } from "../../model/control.ts";
import { placementWords } from "../../model/placement-words.ts";
import type { Placement } from "../../model/plan.ts";
import type { FailureReport, ResourceReport, StatusReport } from "../../model/status-report.ts";
import { changesView } from "./changes-view.ts";
import { failureResult, overrideRemoval, overrideText } from "./memory-view.ts";
import { type Paint, plain } from "./paint.ts";
import { scoreLines } from "./score-lines.ts";
import { agoText, clockText } from "./time-text.ts";
import { waitLines } from "./wait-lines.ts";

export interface Explained {
  readonly report: ExplainReport;
  readonly status: StatusReport;
  readonly rows: readonly ResourceReport[];
  /** Only this node is asked about. */
  readonly node?: string | undefined;
}

/** Why here, why not there, why not at all: in words first, then score by score. */
export function explainView(explained: Explained, paint: Paint): string {
  const { report, status, rows } = explained;
  const lines: string[] = [];
  for (const row of rows) lines.push(...rowLines(row, status, paint));
  lines.push(...overrideLines(explained, paint));
  for (const placement of report.placements) {
    lines.push("", ...placementLines(placement, explained, paint));
  }
  lines.push(...waitLines(report.actions), ...fencingLines(explained, paint));
  const changes = changesView(report.changes, paint);
  if (changes.length > 0) lines.push("", paint("bold", "What is planned"), ...changes);
  // Why something is blocked is said above.
  const said = new Set(rows.map(({ blocked }) => blocked?.reason));
  const notices = report.notices.filter(({ message }) => !said.has(message));
  if (notices.length > 0) {
    lines.push("", paint("bold", "What the policy engine says"));
    lines.push(...notices.map((notice) => `  ${notice.level}: ${plain(notice.message)}`));
  }
  return `${lines.join("\n")}\n`;
}

/** What waits for a fencing waits for ever where that is held back, or fails. */
function fencingLines({ report, status }: Explained, paint: Paint): string[] {
  const awaited = report.actions.flatMap(({ waitsFor }) => waitsFor);
  if (!awaited.some((each) => each.startsWith("fencing "))) return [];
  const failed = status.warnings.filter(({ code }) => code === "FENCING_FAILED");
  const said = [status.fencing.held ?? [], failed.map(({ message }) => message)].flat();
  return said.map((text) => `  ${paint("red", plain(text))}`);
}

function rowLines(row: ResourceReport, status: StatusReport, paint: Paint): string[] {
  const where = row.nodes.length === 0 ? "" : ` on ${row.nodes.map(plain).join(", ")}`;
  const since = row.since === null ? "" : `, since ${clockText(row.since, status.at)}`;
  const lines = [`${paint("bold", plain(row.id))} is ${row.role}${where}${since}`];
  if (row.targetRole === "Stopped") lines.push("  it is to be stopped (target-role: Stopped)");
  if (!row.managed && row.blocked === null)
    lines.push("  it is unmanaged: paceline neither starts nor stops it");
  if (row.stoppedReason !== null) lines.push(`  ${plain(row.stoppedReason)}`);
  const failures = status.failures.filter((each) => each.resource === row.id);
  const cause = blockingFailure(row, failures);
  lines.push(...blockedLines(row, cause, status, paint));
  for (const failure of failures) {
    if (failure !== cause) lines.push(`  ${failureLine(failure, status)}`);
  }
  return lines;
}

/** The failure for which nothing more is done with a resource; undefined: it is another reason. */
function blockingFailure(
  { blocked, failed, nodes }: ResourceReport,
  failures: readonly FailureReport[],
): FailureReport | undefined {
  if (blocked === null || !failed) return undefined;
  const here = failures.filter((each) => nodes.includes(each.node));
  return here.find((each) => each.operation === "stop") ?? here[0];
}

function blockedLines(
  { id, blocked }: ResourceReport,
  cause: FailureReport | undefined,
  status: StatusReport,
  paint: Paint,
): string[] {
  if (blocked === null) return [];
  const reason = plain(blocked.reason.replace(`${id} is blocked: `, ""));
  const why = cause === undefined ? reason : failureLine(cause, status);
  const lines = [`  ${paint("red", "blocked")}: ${why}`];
  if (blocked.command === null) return lines;
  const once = cause === undefined ? "" : ", once it is well";
  return [...lines, `  ${paint("cyan", `→ ${plain(blocked.command)}`)}${once}`];
}

function failureLine(failure: FailureReport, status: StatusReport): string {
  const { operation, node, at, exitReason } = failure;
  const said = exitReason === null ? "" : ` (${exitReason})`;
  const when = `${clockText(at, status.at)}, ${agoText(at, status.at)}`;
  return plain(`${operation} on ${node} failed at ${when}: ${failureResult(failure)}${said}`);
}

function overrideLines({ status, rows }: Explained, paint: Paint): string[] {
  const names = new Set(rows.flatMap((row) => [row.id, row.resource, row.group, row.clone]));
  return status.overrides
    .filter((each) => names.has(each.target))
    .map(
      (each) =>
        `  ${overrideText(each)} (by ${plain(each.author)})  ${paint("cyan", `→ ${overrideRemoval(each, status)}`)}`,
    );
}

function placementLines(placement: Placement, explained: Explained, paint: Paint): string[] {
  const scores = placement.scores.filter(
    (score) => explained.node === undefined || score.node === explained.node,
  );
  const { status, node } = explained;
  const stateOf = (name: string) => status.nodes.find((each) => each.name === name)?.state;
  const { reason } =
    explained.report.changes.find(
      (row) => row.resource === placement.resource && row.blocked === true,
    ) ?? {};
  const words = placementWords(placement, stateOf, node, reason).map((line) => `  ${plain(line)}`);
  const why = [paint("bold", `Why ${plain(placement.resource)} is where it is`), ...words];
  const title = paint("bold", `Nodes for ${plain(placement.resource)}, best first`);
  if (scores.length === 0) return [...why, title, "  no node is considered"];
  return [...why, title, ...scores.flatMap((each) => scoreLines(each, placement, stateOf, paint))];
}
