import { nowhereReason, type StateOf } from "../model/placement-words.ts";
import type { Placement, Plan, Role } from "../model/plan.ts";
import type { PrimitiveDefinition, ResourceDefinition } from "../model/policy-definition.ts";
import type { BlockedReport, ResourceReport, TransitionReport } from "../model/status-report.ts";
import { isTrue } from "../policy/unpack/booleans.ts";
import { chainTo, failcountsOf, metaValue } from "./failure-reports.ts";
import { placementsByPrimitive, spareInstances } from "./left-undone.ts";
import type { ReportSource } from "./status-report-builder.ts";

/** The part of a report's source that resources are reported from. */
export type ResourceSource = Pick<
  ReportSource,
  | "self"
  | "definition"
  | "policy"
  | "plan"
  | "dc"
  | "acting"
  | "quorum"
  | "collected"
  | "activeHere"
  | "transition"
> & { readonly stateOf: StateOf };

/** One row per primitive instance, in the order of the definition. */
export function resourceReports(source: ResourceSource): ResourceReport[] {
  const rows: ResourceReport[] = [];
  const placed = placementsByPrimitive(source.plan);
  for (const primitive of primitivesOf(source.definition.policy.resources)) {
    const placements = placed.get(primitive.id);
    placed.delete(primitive.id);
    if (placements === undefined) rows.push(row(source, primitive, undefined));
    else {
      const spare = spareInstances(placements);
      for (const placement of placements) {
        rows.push(row(source, primitive, placement, spare.has(placement)));
      }
    }
  }
  for (const placements of placed.values()) {
    for (const placement of placements) rows.push(row(source, undefined, placement));
  }
  return rows;
}

/** All primitives of a tree of resources, in order. */
export function primitivesOf(resources: readonly ResourceDefinition[]): PrimitiveDefinition[] {
  return resources.flatMap((resource) => {
    switch (resource.kind) {
      case "primitive":
        return [resource];
      case "group":
        return [...resource.members];
      case "clone":
        return primitivesOf([resource.child]);
      default:
        return resource.child === undefined ? [] : [resource.child];
    }
  });
}

function row(
  source: ResourceSource,
  primitive: PrimitiveDefinition | undefined,
  placement: Placement | undefined,
  spare = false,
): ResourceReport {
  const id = placement?.resource ?? primitive?.id ?? "";
  const base = primitive?.id ?? id.replace(/:\d+$/, "");
  const chain = chainTo(source.definition.policy.resources, base);
  const clone = chain.find((entry) => entry.kind === "clone");
  const hereOnly = placement === undefined && source.activeHere.includes(id);
  const role = placement?.current.role ?? (hereOnly ? "Started" : "Stopped");
  const pending = pendingOf(source.transition, id);
  const targetRole = targetRoleOf(source, base);
  const idle = role === "Stopped" && pending === null && targetRole !== "Stopped";
  return {
    id,
    resource: base,
    agent: agentText(source, primitive),
    role,
    nodes: placement?.current.nodes ?? (hereOnly ? [source.self] : []),
    managed: placement?.managed ?? true,
    failed: placement?.failed ?? false,
    orphan: placement?.orphan ?? false,
    group: chain.find((entry) => entry.kind === "group")?.id ?? null,
    clone: clone?.id ?? null,
    promotable:
      clone !== undefined && isTrue(metaValue(source.definition.policy, clone.id, "promotable")),
    targetRole,
    blocked: placement?.blocked === true ? blockedReport(source.plan, id, base) : null,
    stoppedReason: idle && !spare ? stoppedReason(source, placement) : null,
    pending,
    failcounts: failcountsOf(source, id),
    since: sinceOf(source, id, role, placement?.current.nodes ?? []),
  };
}

/** Operations that bring an instance into a role. */
const ENTERED_BY: Readonly<Record<Role, readonly string[]>> = {
  Stopped: ["stop", "migrate_to"],
  Started: ["start", "migrate_from"],
  Unpromoted: ["start", "demote"],
  Promoted: ["promote"],
};

/** When it came into its role: the last such operation that went well; null where none is on record. */
function sinceOf(
  source: ResourceSource,
  id: string,
  role: Role,
  nodes: readonly string[],
): number | null {
  let latest = 0;
  for (const name of role === "Stopped" ? (source.collected?.memberNames() ?? []) : nodes) {
    const history = source.collected?.get(name)?.history.find((entry) => entry.resource === id);
    for (const { operation, rc, status, lastRcChange = 0 } of history?.operations ?? []) {
      if (rc !== 0 || status !== 0 || !ENTERED_BY[role].includes(operation)) continue;
      latest = Math.max(latest, lastRcChange);
    }
  }
  return latest === 0 ? null : latest * 1000;
}

/** What it is wanted to be by the definition and what was set by hand, if they say so. */
function targetRoleOf(source: ResourceSource, id: string): Role | null {
  const value = metaValue(source.policy, id, "target-role")?.toLowerCase();
  return ROLES.find((role) => role.toLowerCase() === value) ?? null;
}

const ROLES: readonly Role[] = ["Stopped", "Started", "Unpromoted", "Promoted"];

function agentText(source: ResourceSource, primitive: PrimitiveDefinition | undefined): string {
  const template = source.definition.policy.templates.find((t) => t.id === primitive?.template);
  const agent = primitive?.agent ?? template?.agent;
  if (agent === undefined) return "";
  return [agent.class, ...(agent.provider === undefined ? [] : [agent.provider]), agent.type].join(
    ":",
  );
}

function pendingOf(transition: TransitionReport, id: string): ResourceReport["pending"] {
  const running = transition.running.find((entry) => entry.resource === id);
  if (running === undefined) return null;
  const { operation, node, since, timeoutMs } = running;
  return { operation, node, since, timeoutMs };
}

function blockedReport(plan: Plan | undefined, id: string, base: string): BlockedReport {
  const notice = plan?.notices.find((entry) => entry.resource === id || entry.resource === base);
  return {
    code: notice?.code ?? "BLOCKED",
    reason: notice?.message ?? "a failure that must be looked at before anything is done with it",
    command: `paceline resource cleanup ${base}`,
  };
}

/** Why something that has no place is stopped. */
function stoppedReason(source: ResourceSource, placement: Placement | undefined): string | null {
  if (source.dc === null && source.acting === null)
    return "there is no coordinator: nothing is decided";
  if (placement === undefined) return null;
  if (!source.quorum.quorate && source.quorum.policy !== "ignore") {
    return "this partition has no quorum";
  }
  if (placement.next.nodes.length > 0) return `is to start on ${placement.next.nodes.join(", ")}`;
  return nowhereReason(placement, source.stateOf);
}
