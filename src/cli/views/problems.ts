import { listed } from "../../model/placement-words.ts";
import type {
  FailcountReport,
  NodeReport,
  ResourceReport,
  StatusReport,
} from "../../model/status-report.ts";
import { failureResult } from "./memory-view.ts";
import { agoText, clockText, spanText } from "./time-text.ts";

/** One thing that is wrong or worth knowing, with the command or the advice that would help. */
export interface Problem {
  readonly severity: "error" | "warn" | "info";
  readonly text: string;
  readonly help?: string;
  /** What does not run, and why: told once where it is the same for several. */
  readonly stopped?: { readonly row: ResourceReport; readonly reason: string };
}

/** Data this old means that the coordinator is not heard, whatever the data says. */
const STALE_MS = 10_000;

/** What is wrong with the cluster, worst first: the answer to "why was I woken up". */
export function findProblems(report: StatusReport): readonly Problem[] {
  const found = [
    ...clusterProblems(report),
    ...report.nodes.flatMap((node) => nodeProblems(node, report)),
    ...oncePerReason(
      report.resources.flatMap((resource) => resourceProblems(resource, report)),
      report,
    ),
    ...unpromotedProblems(report),
    ...fencingProblems(report),
    ...otherProblems(report),
  ];
  const rank = { error: 0, warn: 1, info: 2 };
  // The order of finding is kept within a severity: sort is stable.
  return found.sort((a, b) => rank[a.severity] - rank[b.severity]);
}

function problem(severity: Problem["severity"], text: string, help?: string | null): Problem {
  return help === undefined || help === null ? { severity, text } : { severity, text, help };
}

function clusterProblems(report: StatusReport): Problem[] {
  const { quorum, at, ageMs, dc } = report;
  const found: Problem[] = [];
  if (ageMs > STALE_MS) {
    found.push(
      problem(
        "error",
        `what follows is ${spanText(ageMs)} old: the coordinator is not heard`,
        `ask another node, or look at this one: journalctl -u paceline --since "${clockText(at - ageMs, at)}"`,
      ),
    );
  }
  if (!quorum.quorate) {
    const votes = `${quorum.votes} of ${quorum.expected} votes, ${quorum.needed} needed`;
    found.push(
      problem(
        "error",
        `this side has no quorum: ${votes} (no-quorum-policy: ${quorum.policy})`,
        "bring back the nodes that are missing below, or their network",
      ),
    );
  }
  // That votes are missing was just said.
  const waits = quorum.waitingFor !== null && (quorum.quorate || /wait/.test(quorum.waitingFor));
  if (waits) found.push(problem("warn", `this side is ${quorum.waitingFor}`));
  found.push(...tieBreakerProblems(quorum.tieBreaker));
  if (dc === null && quorum.quorate) {
    const help = "this takes a moment after a start; if it stays, see journalctl -u paceline";
    found.push(problem("error", "no node coordinates the cluster", help));
  }
  if (report.transition.waitingFor !== null) {
    found.push(problem("warn", `work is held up: ${report.transition.waitingFor}`));
  }
  return found;
}

function tieBreakerProblems(breaker: StatusReport["quorum"]["tieBreaker"]): Problem[] {
  if (breaker === null || breaker === undefined) return [];
  const { means, place, state, detail, ageMs, seenOnDisk } = breaker;
  const alive = seenOnDisk.map((name) =>
    problem(
      "warn",
      `${name} is not heard on the network but still writes to ${place}: it is alive, and cut off`,
    ),
  );
  if (state !== "failing") return alive;
  const since = ageMs === null ? "has never answered" : `last answered ${spanText(ageMs)} ago`;
  const help = "while it does not answer, an even split leaves both sides without quorum";
  return [
    ...alive,
    problem("warn", `the tie-breaker (${means} ${place}) ${since}: ${detail}`, help),
  ];
}

function nodeProblems(node: NodeReport, report: StatusReport): Problem[] {
  const detail = node.detail === null ? "" : `: ${node.detail}`;
  switch (node.state) {
    case "unclean":
      return [
        problem(
          "error",
          `node ${node.name} is lost${detail.replace(/^: lost: /, ": ") || " and may still run resources"}`,
          report.fencing.enabled
            ? `if you know that it is off: paceline fence confirm ${node.name}`
            : `look at ${node.name}; nothing fences it (fencing-enabled: false)`,
        ),
      ];
    case "offline":
      // Who left on purpose is not worth an alarm.
      return node.detail?.startsWith("left") === true
        ? [problem("info", `node ${node.name} is offline${detail}`)]
        : [
            problem(
              "warn",
              `node ${node.name} is offline${detail}`,
              `on ${node.name}: systemctl status paceline`,
            ),
          ];
    case "pending":
      return [problem("warn", `node ${node.name} is joining${detail}`)];
    default:
      return linkProblems(node);
  }
}

function linkProblems(node: NodeReport): Problem[] {
  const down = node.links.filter((link) => !link.up);
  if (down.length === 0 || down.length === node.links.length) return [];
  const names = down.map((link) => `${link.link} (${link.address})`).join(", ");
  const help = "the node is reached over its other links; check cable, switch and firewall";
  return [problem("warn", `node ${node.name}: link ${names} is down`, help)];
}

function resourceProblems(resource: ResourceReport, report: StatusReport): Problem[] {
  const { id, nodes } = resource;
  const found: Problem[] = [];
  if (isGone(resource)) return found;
  const cause = causeOf(resource, report);
  if (nodes.length > 1) {
    const help = `make sure that only one is active, then: paceline resource cleanup ${resource.resource}`;
    found.push(problem("error", `${id} is active on ${nodes.join(" and ")} at once`, help));
  }
  if (resource.blocked !== null) {
    const reason = resource.blocked.reason.replace(blockedWords(id), "");
    const text = `${blockedWords(id)}${reason}${cause && `; ${cause}`}`;
    found.push(problem("error", text, resource.blocked.command));
  } else if (resource.failed) {
    const help = `when the cause is gone: paceline resource cleanup ${resource.resource}`;
    found.push(problem("error", `${id} has failed${cause && `: ${cause}`}`, help));
  } else if (resource.stoppedReason !== null && resource.role === "Stopped" && decides(report)) {
    const nowhere = resource.stoppedReason.startsWith("no node may run it") && cause !== "";
    const barred = nowhere || resource.failcounts.some(isBarred);
    const ticket = missingTicket(resource.stoppedReason, report);
    const help = barred
      ? `when the cause is gone: paceline resource cleanup ${resource.resource}`
      : (ticket ?? `paceline explain ${resource.resource}`);
    // While work goes on, most of what is stopped only waits its turn.
    const waits = report.transition.state === "running" && !barred;
    const severity = waits ? "info" : "error";
    const reason = `${resource.stoppedReason}${barred && cause !== "" ? `; ${cause}` : ""}`;
    found.push({
      ...problem(severity, `${id} does not run: ${reason}`, help),
      stopped: { row: resource, reason },
    });
  }
  if (resource.orphan && resource.clone === null) {
    const text = `${id} is still known to ${nodes.join(", ") || "a node"} but no longer defined`;
    found.push(problem("warn", text, `paceline resource cleanup ${resource.resource}`));
  }
  return [...found, ...countProblems(resource, found.length > 0, report)];
}

/** What would help where a ticket is what is wanted. */
function missingTicket(reason: string, { tickets = [] }: StatusReport): string | undefined {
  const ticket = tickets.find(({ id }) => reason.includes(`: ticket ${id} `));
  if (ticket === undefined) return undefined;
  return ticket.granted
    ? `paceline ticket activate ${ticket.id}`
    : `once no other site has it: paceline ticket grant ${ticket.id}`;
}

/** What does not run for one and the same reason is one problem, where it was found first. */
function oncePerReason(found: readonly Problem[], report: StatusReport): Problem[] {
  const keyOf = ({ severity, stopped }: Problem) => `${severity} ${stopped?.reason}`;
  const alike = new Map<string, ResourceReport[]>();
  for (const each of found) {
    if (each.stopped === undefined) continue;
    alike.set(keyOf(each), [...(alike.get(keyOf(each)) ?? []), each.stopped.row]);
  }
  const merged: Problem[] = [];
  const told = new Set<string>();
  for (const each of found) {
    const rows = each.stopped === undefined ? [] : (alike.get(keyOf(each)) ?? []);
    if (rows.length < 2) merged.push(each);
    else if (!told.has(keyOf(each))) {
      told.add(keyOf(each));
      merged.push({ ...each, text: stoppedWords(rows, each.stopped?.reason ?? "", report) });
    }
  }
  return merged;
}

function stoppedWords(rows: readonly ResourceReport[], reason: string, report: StatusReport) {
  const names = [...new Set(rows.map((row) => (isWhole(row, rows, report) ? row.clone : row.id)))];
  const verb = names.length === 1 ? "does" : "do";
  const why = names.length === 1 ? reason : reason.replace("may run it", "may run them");
  return `${listed(names.map(String))} ${verb} not run: ${why}`;
}

/** Whether all instances of its clone are among them: then the clone is meant. */
function isWhole({ clone }: ResourceReport, rows: readonly ResourceReport[], report: StatusReport) {
  if (clone === null) return false;
  const all = report.resources.filter((each) => each.clone === clone && !isGone(each));
  return all.every((each) => rows.includes(each));
}

/** Clones that run, and that nobody serves: all at rest, and no instance is promoted. */
function unpromotedProblems(report: StatusReport): Problem[] {
  if (!decides(report) || !report.quorum.quorate || report.transition.state !== "idle") return [];
  const clones = new Map<string, ResourceReport[]>();
  for (const row of report.resources) {
    if (row.clone === null || !row.promotable || isGone(row)) continue;
    clones.set(row.clone, [...(clones.get(row.clone) ?? []), row]);
  }
  return [...clones]
    .filter(([, rows]) => {
      const isWanted = rows.every(
        ({ targetRole }) => targetRole === null || targetRole === "Promoted",
      );
      const runs = rows.some(({ role, managed }) => role === "Unpromoted" && managed);
      return isWanted && runs && !rows.some(({ role }) => role === "Promoted");
    })
    .map(([id]) => problem("warn", `no instance of ${id} is promoted`, `paceline explain ${id}`));
}

function blockedWords(id: string): string {
  return `${id} is blocked: `;
}

/** Its last failure in words, or nothing. */
function causeOf(resource: ResourceReport, report: StatusReport): string {
  const failure = report.failures.find((each) => each.resource === resource.id);
  if (failure === undefined) return "";
  return `${failure.operation} on ${failure.node}: ${failureText(failure)}`;
}

/** Left over from earlier and not active: nobody need know. */
export function isGone(resource: ResourceReport): boolean {
  const { orphan, nodes, failed, blocked, pending } = resource;
  return orphan && nodes.length === 0 && !failed && blocked === null && pending === null;
}

/** INFINITY: not to be tried again. */
const FATAL = 1_000_000;

function isBarred(count: FailcountReport): boolean {
  return count.count >= Math.min(count.threshold ?? FATAL, FATAL);
}

/** Nodes that a resource is kept off. A failure that was recovered needs nobody: it is listed. */
function countProblems(resource: ResourceReport, said: boolean, report: StatusReport): Problem[] {
  const barred = resource.failcounts.filter(isBarred);
  const [first] = barred;
  if (first === undefined) return [];
  const nodes = barred.map((count) => count.node).join(", ");
  const ends = barred.map((count) => count.clearsAt).filter((at) => at !== null);
  const isForGood = ends.length < barred.length;
  // What helps was just said.
  if (said && isForGood) return [];
  const until = isForGood
    ? "until you say otherwise"
    : `until ${clockText(Math.min(...ends), report.at)}`;
  const times = barred.some((count) => count.count >= FATAL)
    ? "a fatal failure"
    : `${first.count} failures`;
  const where = barred.length === 1 ? ` --node ${first.node}` : "";
  return [
    problem(
      said ? "info" : "warn",
      `${resource.id} is kept off ${nodes} after ${times}, ${until}`,
      `to let it back at once: paceline resource cleanup ${resource.resource}${where}`,
    ),
  ];
}

/** Where nobody decides, that is the problem, not each resource that therefore does not run. */
function decides(report: StatusReport): boolean {
  return report.dc !== null || (report.acting !== null && report.quorum.policy === "ignore");
}

function failureText(failure: StatusReport["failures"][number]): string {
  const result = failureResult(failure);
  return failure.exitReason === null ? result : `${result} (${failure.exitReason})`;
}

function fencingProblems(report: StatusReport): Problem[] {
  const { fencing, at } = report;
  const found: Problem[] = [];
  if (fencing.held !== null) {
    found.push(problem("error", `fencing is held back: ${fencing.held}`));
  }
  for (const record of fencing.history) {
    if (record.outcome !== "pending") continue;
    const span = spanText(at - record.startedAt);
    const state = fencing.held === null ? "runs" : "has waited";
    const text = `fencing of ${record.target} (${record.action}) ${state} for ${span}`;
    found.push(problem("warn", text, "paceline fence history"));
  }
  for (const device of fencing.devices) {
    if (device.lastCheck === null || device.lastCheck.ok) continue;
    const when = agoText(device.lastCheck.at, at);
    const text = `fencing device ${device.name} does not answer: ${device.lastCheck.detail} (${when})`;
    found.push(problem("error", text, `paceline fence test ${device.targets[0] ?? "NODE"}`));
  }
  return found;
}

function otherProblems(report: StatusReport): Problem[] {
  const found = report.checks
    .filter((check) => !check.ok)
    .map((check) => {
      const detail = check.detail === null ? "" : `: ${check.detail}`;
      return problem("warn", `check ${check.name} fails on ${check.node}${detail}`);
    });
  const { definition } = report;
  if (definition !== null && definition.behind.length > 0) {
    const nodes = definition.behind.join(", ");
    found.push(problem("warn", `definition ${definition.version} has not reached ${nodes}`));
  }
  if (definition?.localFileDiffers === true) {
    found.push(
      problem(
        "warn",
        `the definition file on ${report.node} differs from what the cluster has committed`,
        "see the difference: paceline config diff; commit it: paceline config apply",
      ),
    );
  }
  // Said above, with the numbers.
  const said = new Set(report.resources.map(({ blocked }) => blocked?.reason));
  const warnings = report.warnings.filter(
    (each) => each.code !== "NO_DC" && !said.has(each.message),
  );
  const warned = warnings.map((each) => problem(each.severity, each.message, each.hint));
  const known = new Set(found.map((each) => each.text));
  return [...found, ...warned.filter((each) => !known.has(each.text))];
}
