import type { Instant, WallTime } from "../core/units.ts";
import type { View } from "../membership/membership.ts";
import type { Cib, CibCommand, CibResult } from "../model/cib.ts";
import type { ControlReply, ControlRequest } from "../model/control.ts";
import type { PolicyDefinition } from "../model/policy-definition.ts";
import type {
  PendingOperation,
  StatusReport,
  StatusWarning,
  TransitionReport,
} from "../model/status-report.ts";
import { type ControlDesk, type DeskOffice, fail, ok, readConfig } from "./control-desk.ts";
import type { Coordinator } from "./coordinator.ts";
import type { DefinitionInForce } from "./definition-in-force.ts";
import type { LinkTable } from "./link-table.ts";
import type { NodeMessage } from "./node-message.ts";
import { buildReport } from "./status-report-builder.ts";
import type { Timeline } from "./timeline.ts";

/** The parts of a node that its desk looks at. */
export interface DeskParts {
  readonly self: string;
  readonly version: string;
  readonly coordinator: Coordinator;
  readonly force: DefinitionInForce;
  readonly links: LinkTable;
  readonly timeline: Timeline;
  cib(): Cib;
  view(): View | undefined;
  term(): number;
  wall(): WallTime;
  now(): Instant;
  follows(): string | undefined;
  incarnations(): ReadonlyMap<string, number>;
  propose(command: CibCommand, done: (result: CibResult) => void): void;
  tell(node: string, message: NodeMessage): void;
}

export function deskOffice(parts: DeskParts): DeskOffice {
  const { coordinator, force } = parts;
  return {
    get quorate() {
      return coordinator.by?.acting === false;
    },
    wall: () => parts.wall(),
    cib: () => parts.cib(),
    definition: () => force.definition,
    report: () => report(parts),
    timeline: () => parts.timeline,
    whatIf: (policy?: PolicyDefinition) => coordinator.whatIf(policy),
    withOverride: (override) => force.withOverride(parts.cib(), override, parts.wall()),
    settled: () => coordinator.settled,
    propose: (command, done) => parts.propose(command, done),
    cleanup: (resource, node) => cleanup(parts, resource, node),
    fence: (_request, respond) =>
      respond(
        fail(
          "NO_FENCING",
          "this cluster has no fencing device",
          "define one under `fencing: devices:` in cluster.yaml",
        ),
      ),
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
    case "status":
    case "timeline":
    case "fence-history": {
      let reply: ControlReply = ok({});
      desk.handle(now, request, (answer) => {
        reply = answer;
      });
      return reply;
    }
    default:
      return undefined;
  }
}

function report(parts: DeskParts): StatusReport {
  const { coordinator, force } = parts;
  const definition = force.definition;
  const active = coordinator.by !== undefined;
  const plan = active ? coordinator.whatIf() : undefined;
  return buildReport({
    self: parts.self,
    version: parts.version,
    wall: parts.wall(),
    now: parts.now(),
    definition,
    cib: parts.cib(),
    coordinator: parts.follows() ?? null,
    term: parts.term(),
    quorum: quorumReport(parts),
    members: parts.incarnations(),
    links: parts.links.reports(definition.nodes),
    collected: active ? coordinator.status : undefined,
    plan,
    transition: transitionReport(parts),
    warnings: warnings(parts),
    fencing: {
      enabled: definition.choices.fencingEnabled,
      devices: definition.fencing.devices.map((device) => ({
        name: device.name,
        agent: device.agent,
        targets: device.targets,
        lastCheck: null,
      })),
      history: [...parts.cib().fencing].reverse().slice(0, 20),
      held: null,
    },
    localFileDiffers: false,
  });
}

function quorumReport(parts: DeskParts): StatusReport["quorum"] {
  const verdict = parts.view()?.quorum;
  const { quorum, choices } = parts.force.definition;
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
    waitingFor: verdict === undefined || verdict.quorate ? null : verdict.explanation,
    policy: choices.noQuorumPolicy,
  };
}

function transitionReport(parts: DeskParts): TransitionReport {
  const { coordinator } = parts;
  const inFlight = coordinator.runner.inFlight();
  const running = inFlight.map(
    (flight): PendingOperation & { readonly resource: string | null } => ({
      operation: flight.action.operation,
      node: flight.action.node ?? "",
      resource: flight.action.resource ?? null,
      since: parts.wall(),
      timeoutMs: flight.action.timeoutMs,
    }),
  );
  const missing = coordinator.by === undefined ? [] : coordinator.status.missing();
  const total = coordinator.plan?.actions.length ?? 0;
  return {
    state:
      coordinator.settled || coordinator.by === undefined
        ? "idle"
        : missing.length > 0
          ? "waiting"
          : "running",
    id: coordinator.transitionId === 0 ? null : coordinator.transitionId,
    startedAt: null,
    done: coordinator.settled ? total : Math.max(0, total - running.length),
    total,
    running,
    waitingFor: missing.length > 0 ? `the status of ${missing.join(", ")}` : null,
  };
}

function warnings(parts: DeskParts): StatusWarning[] {
  const found: StatusWarning[] = [];
  if (parts.follows() === undefined) {
    found.push({
      code: "NO_DC",
      severity: "error",
      message: "there is no coordinator: nothing is decided, nothing is started",
      hint: parts.view()?.quorum.explanation ?? "the view of the cluster has not formed yet",
    });
  }
  return found;
}

/** Forgets failures and histories, so that the resources are looked at anew. */
function cleanup(
  parts: DeskParts,
  resource: string | undefined,
  node: string | undefined,
): { resource: string; node: string }[] {
  const by = parts.coordinator.by;
  const cleaned: { resource: string; node: string }[] = [];
  if (by === undefined) return cleaned;
  const { status } = parts.coordinator;
  const wanted = resource === undefined ? undefined : parts.force.expand(resource);
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
      parts.tell(member, { t: "order", by, order });
      cleaned.push({ resource: history.resource, node: member });
    }
  }
  return cleaned;
}
