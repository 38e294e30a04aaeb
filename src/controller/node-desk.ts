import type { Instant } from "../core/units.ts";
import type { Cib, CibCommand, CibResult } from "../model/cib.ts";
import type { ControlReply, ControlRequest } from "../model/control.ts";
import type { Plan } from "../model/plan.ts";
import type {
  PendingOperation,
  StatusReport,
  StatusWarning,
  TransitionReport,
} from "../model/status-report.ts";
import { type ControlDesk, type DeskOffice, readConfig } from "./control-desk.ts";
import { newerElsewhere } from "./definition-news.ts";
import { fencingReport, fencingWarnings } from "./fencing-reports.ts";
import { fenceByHand } from "./fencing-requests.ts";
import { unfencedAttributes } from "./fencing-unfence.ts";
import { leaveWarnings } from "./leave-reports.ts";
import { coordinatorAttribute } from "./node-attributes.ts";
import type { NodeCore } from "./node-core.ts";
import { namesakeWarning } from "./node-namesake.ts";
import { letsGo } from "./node-takeover.ts";
import { distrustDetail, trustWarnings } from "./node-trust.ts";
import { planFailure } from "./plan-words.ts";
import { ok } from "./replies.ts";
import { buildReport } from "./status-report-builder.ts";

/** What the desk needs of the rules of a node. */
export interface DeskRules {
  follows(): string | undefined;
  propose(command: CibCommand, done: (result: CibResult) => void): void;
}

export function deskOffice(node: NodeCore, rules: DeskRules): DeskOffice {
  const { coordinator, force } = node;
  return {
    get quorate() {
      return coordinator.by?.acting === false;
    },
    wall: () => node.wall(),
    cib: () => node.store.cib,
    definition: () => force.definition,
    report: (plan) => report(node, rules.follows(), plan),
    timeline: () => node.incidents.timeline,
    whatIf: (question, answer) => {
      const input = coordinator.inputFor(question);
      if (input === undefined) answer(undefined);
      else node.questions.ask(node.now, input, answer);
    },
    dropQuestions: () => node.questions.drop(),
    withOverride: (override) => force.withOverride(node.store.cib, override, node.wall()),
    settled: () => coordinator.settled,
    propose: (command, done) => rules.propose(command, done),
    cleanup: (resource, target) => cleanup(node, resource, target),
    fence: (request, respond) => fenceByHand(node, request, respond),
    attribute: (request, respond) => coordinatorAttribute(node, rules, request, respond),
  };
}

/** What a node answers by itself while no coordinator does. */
export function answerAlone(
  desk: ControlDesk,
  now: Instant,
  cib: Cib,
  request: ControlRequest,
): ControlReply | undefined {
  switch (request.method) {
    case "config-show":
    case "config-history":
      return readConfig(cib, request);
    case "attribute":
      if (request.action !== "get" || request.scope === "transient") return undefined;
      return atDesk(desk, now, request);
    case "status":
      return desk.statusWithoutPlan();
    case "timeline":
    case "fence-history":
      return atDesk(desk, now, request);
    default:
      return undefined;
  }
}

function atDesk(desk: ControlDesk, now: Instant, request: ControlRequest): ControlReply {
  let reply: ControlReply = ok({});
  desk.handle(now, request, (answer) => {
    reply = answer;
  });
  return reply;
}

function report(
  node: NodeCore,
  coordinatorName: string | undefined,
  plan: Plan | undefined,
): StatusReport {
  const { coordinator, force } = node;
  const definition = force.definition;
  const quorate = node.view?.quorum.quorate === true;
  const active = coordinator.by !== undefined;
  return buildReport({
    self: node.self,
    version: node.options.version,
    wall: node.wall(),
    now: node.now,
    definition,
    policy: force.policy(node.store.cib, node.wall()).policy,
    cib: node.store.cib,
    dc: quorate ? (coordinatorName ?? null) : null,
    acting: quorate ? null : (coordinatorName ?? null),
    term: node.election.term,
    quorum: quorumReport(node),
    members: node.members(),
    links: node.links.reports(definition.nodes),
    awaited: node.restarts.awaited,
    collected: active ? coordinator.status : undefined,
    attributes: (name) => unfencedAttributes(node, name),
    distrust: (name) => distrustDetail(node, name),
    plan,
    activeHere: node.member.activeResources(),
    transition: transitionReport(node),
    warnings: [...warnings(node, coordinatorName), ...leaveWarnings(node, plan)],
    fencing: fencingReport(node),
    behind: behind(node),
  });
}

/** Members that say they run an earlier definition than the committed one. */
function behind(node: NodeCore): string[] {
  const committed = node.store.cib.definition?.version ?? 0;
  const versions = node.membership.definitionVersions();
  const isBehind = (name: string): boolean => (versions.get(name) ?? committed) < committed;
  return [...node.members().keys()].filter(isBehind).sort();
}

function quorumReport(node: NodeCore): StatusReport["quorum"] {
  const verdict = node.view?.quorum;
  const { quorum, choices } = node.force.definition;
  const options: string[] = [];
  if (quorum.twoNode) options.push("two-node");
  if (quorum.waitForAll) options.push("wait-for-all");
  if (quorum.autoTieBreaker) options.push("auto-tie-breaker");
  if (quorum.lastManStanding) options.push("last-man-standing");
  return {
    quorate: verdict?.quorate ?? false,
    votes: verdict?.votes ?? 0,
    expected: verdict?.expected ?? 0,
    needed: verdict?.needed ?? 0,
    options,
    waitingFor:
      verdict === undefined || verdict.waitingFor.length === 0 ? null : verdict.explanation,
    policy: choices.noQuorumPolicy,
    tieBreaker: tieBreakerReport(node),
  };
}

function tieBreakerReport(node: NodeCore): StatusReport["quorum"]["tieBreaker"] {
  const report = node.arbitration.report();
  if (report === undefined) return null;
  const { answeredAt, writers, ...known } = report;
  const ageMs = answeredAt === undefined ? null : Math.round(node.now - answeredAt);
  const seenOnDisk = writers.filter((name) => node.view?.members.includes(name) === false);
  return { ...known, ageMs, seenOnDisk };
}

function transitionReport(node: NodeCore): TransitionReport {
  const { coordinator } = node;
  const inFlight = coordinator.runner.inFlight();
  const running = inFlight.map(
    (flight): PendingOperation & { readonly resource: string | null } => ({
      operation: flight.action.operation,
      node: flight.action.node ?? "",
      resource: flight.action.resource ?? null,
      since: node.wall() - (node.now - flight.since),
      timeoutMs: flight.action.timeoutMs,
    }),
  );
  const waitingFor = coordinator.by === undefined ? null : awaitedBy(node);
  const total = coordinator.plan?.actions.length ?? 0;
  return {
    state:
      coordinator.settled || coordinator.by === undefined
        ? "idle"
        : waitingFor !== null
          ? "waiting"
          : "running",
    id: coordinator.transitionId === 0 ? null : coordinator.transitionId,
    startedAt: coordinator.settled ? null : (node.incidents.startedAt ?? null),
    done: coordinator.settled ? total : Math.max(0, total - running.length),
    total,
    running,
    waitingFor,
  };
}

/** What planning waits for, in words; null: for nothing. */
function awaitedBy(node: NodeCore): string | null {
  const { restarts, coordinator } = node;
  const restarting = [...restarts.awaited.keys()].sort();
  if (restarting.length > 0) return `the daemon of ${restarting.join(", ")} to be back`;
  const lost = letsGo(node);
  if (lost.length > 0) return `${lost.join(", ")} to let go of what runs there`;
  const missing = coordinator.status.missing();
  return missing.length > 0 ? `the status of ${missing.join(", ")}` : null;
}

function warnings(node: NodeCore, coordinatorName: string | undefined): StatusWarning[] {
  const found: StatusWarning[] = [];
  if (coordinatorName === undefined) {
    found.push({
      code: "NO_DC",
      severity: "error",
      message: "there is no coordinator: nothing is decided, nothing is started",
      hint: node.view?.quorum.explanation ?? "the view of the cluster has not formed yet",
    });
  }
  const { leftOutBy } = node.force;
  if (leftOutBy !== undefined) {
    found.push({
      code: "LEFT_OUT",
      severity: "error",
      message: `definition ${leftOutBy} of the cluster does not name this node: it runs nothing here`,
      hint: "apply a definition that names it on a node of the cluster; or, if it is meant: systemctl disable --now paceline",
      node: node.self,
    });
  }
  const newer = node.view?.quorum.quorate === true ? [] : newerElsewhere(node);
  if (newer.length > 0) {
    found.push({
      code: "OUTDATED",
      severity: "error",
      message: `a newer definition is in force on ${newer.join(", ")}, and this node has not got it`,
      hint: "see whether it names this node: `paceline config show` there; if not, apply one that does, or here: systemctl disable --now paceline",
      node: node.self,
    });
  }
  found.push(...trustWarnings(node));
  const namesake = namesakeWarning(node);
  if (namesake !== undefined) found.push(namesake);
  const { planProblem } = node.coordinator;
  if (planProblem !== undefined) {
    found.push({
      code: "PLAN_FAILED",
      severity: "error",
      message: planFailure(planProblem),
      hint: "please report it, with the log of this node; take back the last change if there was one",
    });
  }
  found.push(...fencingWarnings(node));
  return found;
}

/** Forgets failures and histories, so that the resources are looked at anew. */
function cleanup(
  core: NodeCore,
  resource: string | undefined,
  node: string | undefined,
): { resource: string; node: string }[] {
  const by = core.coordinator.by;
  const cleaned: { resource: string; node: string }[] = [];
  if (by === undefined) return cleaned;
  const { status } = core.coordinator;
  const wanted = resource === undefined ? undefined : core.force.expand(resource);
  for (const member of status.memberNames()) {
    if (node !== undefined && member !== node) continue;
    for (const history of status.get(member)?.history ?? []) {
      const base = history.resource.replace(/:\d+$/, "");
      if (wanted !== undefined && !wanted.has(base) && !wanted.has(history.resource)) continue;
      const order = {
        kind: "forget",
        key: "cleanup",
        term: by.term,
        resource: history.resource,
      } as const;
      core.tell(member, { t: "order", by, order });
      cleaned.push({ resource: history.resource, node: member });
    }
  }
  return cleaned;
}
