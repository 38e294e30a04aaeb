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
}

/** Data this old means that the coordinator is not heard, whatever the data says. */
const STALE_MS = 10_000;

/** What is wrong with the cluster, worst first: the answer to "why was I woken up". */
export function findProblems(report: StatusReport): readonly Problem[] {
  const found = [
    ...clusterProblems(report),
    ...report.nodes.flatMap((node) => nodeProblems(node, report)),
    ...report.resources.flatMap((resource) => resourceProblems(resource, report)),
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
  if (dc === null && quorum.quorate) {
    const help = "this takes a moment after a start; if it stays, see journalctl -u paceline";
    found.push(problem("error", "no node coordinates the cluster", help));
  }
  if (report.transition.waitingFor !== null) {
    found.push(problem("warn", `work is held up: ${report.transition.waitingFor}`));
  }
  return found;
}

function nodeProblems(node: NodeReport, report: StatusReport): Problem[] {
  const detail = node.detail === null ? "" : `: ${node.detail}`;
  switch (node.state) {
    case "unclean":
      return [
        problem(
          "error",
          `node ${node.name} is lost${detail || " and may still run resources"}`,
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
  const failure = report.failures.find((each) => each.resource === id);
  const what =
    failure === undefined
      ? ""
      : `: ${failure.operation} on ${failure.node}: ${failureText(failure)}`;
  if (nodes.length > 1) {
    const help = `make sure that only one is active, then: paceline resource cleanup ${resource.resource}`;
    found.push(problem("error", `${id} is active on ${nodes.join(" and ")} at once`, help));
  }
  if (resource.blocked !== null) {
    found.push(
      problem("error", `${id} is blocked: ${resource.blocked.reason}`, resource.blocked.command),
    );
  } else if (resource.failed) {
    const help = `when the cause is gone: paceline resource cleanup ${resource.resource}`;
    found.push(problem("error", `${id} has failed${what}`, help));
  } else if (resource.stoppedReason !== null && resource.role === "Stopped" && decides(report)) {
    const help = `paceline explain ${resource.resource}`;
    // While work goes on, most of what is stopped only waits its turn.
    const severity = report.transition.state === "running" ? "info" : "error";
    found.push(problem(severity, `${id} does not run: ${resource.stoppedReason}`, help));
  }
  if (resource.orphan) {
    const text = `${id} is still known to ${nodes.join(", ") || "a node"} but no longer defined`;
    found.push(problem("warn", text, `paceline resource cleanup ${resource.resource}`));
  }
  const said = found.length > 0;
  return [
    ...found,
    ...resource.failcounts.flatMap((count) => countProblem(id, count, said, report)),
  ];
}

/** Where nobody decides, that is the problem, not each resource that therefore does not run. */
function decides(report: StatusReport): boolean {
  return report.dc !== null && (report.quorum.quorate || report.quorum.policy === "ignore");
}

function countProblem(
  id: string,
  count: FailcountReport,
  said: boolean,
  report: StatusReport,
): Problem[] {
  const barred = count.threshold !== null && count.count >= count.threshold;
  // A failure that was recovered is in the list of recent failures; it needs nobody.
  if (!barred) return [];
  const until =
    count.clearsAt === null
      ? "until you say otherwise"
      : `until ${clockText(count.clearsAt, report.at)}`;
  const times = count.count >= 1_000_000 ? "a fatal failure" : `${count.count} failures`;
  return [
    problem(
      said ? "info" : "warn",
      `${id} is kept off ${count.node} after ${times}, ${until}`,
      `to let it back at once: paceline resource cleanup ${id.replace(/:\d+$/, "")} --node ${count.node}`,
    ),
  ];
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
    const text = `fencing of ${record.target} (${record.action}) runs for ${span}`;
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
  const warnings = report.warnings.filter((each) => each.code !== "NO_DC");
  const warned = warnings.map((each) => problem(each.severity, each.message, each.hint));
  const known = new Set(found.map((each) => each.text));
  return [...found, ...warned.filter((each) => !known.has(each.text))];
}
