import type { Instant, WallTime } from "../core/units.ts";
import type { Cib, Override } from "../model/cib.ts";
import type { Definition } from "../model/definition.ts";
import type { Plan } from "../model/plan.ts";
import type { PolicyDefinition } from "../model/policy-definition.ts";
import type {
  LinkReport,
  NodeReport,
  NodeState,
  QuorumReport,
  StatusReport,
  StatusWarning,
  TransitionReport,
} from "../model/status-report.ts";
import { isTrue } from "../policy/unpack/booleans.ts";
import type { CollectedStatus } from "./collected-status.ts";
import { failuresOf } from "./failure-reports.ts";
import { resourceReports } from "./resource-reports.ts";
import { ticketsKnown } from "./ticket-desk.ts";

/** What a report is made from. Everything is this node's own view of things. */
export interface ReportSource {
  readonly self: string;
  readonly version: string;
  readonly wall: WallTime;
  readonly now: Instant;
  readonly definition: Definition;
  /** The definition's policy with what was set by hand. */
  readonly policy: PolicyDefinition;
  readonly cib: Cib;
  readonly dc: string | null;
  readonly acting: string | null;
  readonly term: number;
  readonly quorum: QuorumReport;
  /** Node to incarnation. */
  readonly members: ReadonlyMap<string, number>;
  readonly links: ReadonlyMap<string, readonly LinkReport[]>;
  /** Nodes that restart their daemons, and until when they are waited for. */
  readonly awaited: ReadonlyMap<string, { readonly until: Instant }>;
  readonly collected: CollectedStatus | undefined;
  /** Attributes of a node beside those of its status. */
  readonly attributes: (node: string) => Readonly<Record<string, string>>;
  /** Why a member has to give what it runs to others; undefined: it need not. */
  readonly distrust: (node: string) => string | undefined;
  readonly plan: Plan | undefined;
  /** Active on this node by its own knowledge: all there is to say where nobody coordinates. */
  readonly activeHere: readonly string[];
  readonly transition: TransitionReport;
  readonly warnings: readonly StatusWarning[];
  readonly fencing: StatusReport["fencing"];
  readonly behind: readonly string[];
}

/** The whole report of the coordinator, or what a node can say of itself where there is none. */
export function buildReport(source: ReportSource): StatusReport {
  const { cib, definition } = source;
  const nodes = definition.nodes.map((node) => nodeReport(source, node.name));
  const stateOf = (name: string) => nodes.find((node) => node.name === name)?.state;
  return {
    cluster: definition.cluster,
    node: source.self,
    dc: source.dc,
    acting: source.acting,
    term: source.term,
    version: source.version,
    at: source.wall,
    ageMs: 0,
    definition:
      cib.definition === undefined
        ? null
        : {
            version: cib.definition.version,
            author: cib.definition.author,
            at: cib.definition.at,
            behind: source.behind,
            // The outer layer looks at the file, and says so of the node that answers.
            localFileDiffers: false,
          },
    quorum: source.quorum,
    nodes,
    resources: resourceReports({ ...source, stateOf }),
    overrides: cib.overrides,
    tickets: ticketsKnown(cib, definition.policy),
    transition: source.transition,
    failures: failuresOf(source),
    fencing: source.fencing,
    checks: checkReports(source),
    warnings: warningsOf(source),
  };
}

function nodeReport(source: ReportSource, name: string): NodeReport {
  const settings = source.definition.nodes.find((node) => node.name === name);
  const attributes: Record<string, string> = {};
  const policyNode = source.definition.policy.nodes.find((node) => node.name === name);
  for (const set of policyNode?.attributes ?? []) {
    for (const [key, value] of set.values) attributes[key] ??= value;
  }
  Object.assign(attributes, source.collected?.get(name)?.attributes, source.attributes(name));
  const { state, detail } = nodeState(source, name, attributes);
  return {
    name,
    state,
    detail,
    role: settings?.role ?? "full",
    votes: settings?.votes ?? 0,
    isDc: source.dc === name,
    incarnation: source.members.get(name) ?? null,
    version: source.members.has(name) ? source.version : null,
    links: source.links.get(name) ?? [],
    attributes,
  };
}

function nodeState(
  source: ReportSource,
  name: string,
  attributes: Readonly<Record<string, string>>,
): { state: NodeState; detail: string | null } {
  const awaited = source.awaited.get(name);
  if (awaited !== undefined) {
    const seconds = Math.max(0, Math.ceil((awaited.until - source.now) / 1000));
    const detail = `its daemon restarts, what runs there stays: waited for ${seconds} s more`;
    return { state: "pending", detail };
  }
  if (!source.members.has(name)) {
    const departure = source.collected?.departure(name);
    if (departure === "left") return { state: "offline", detail: leftDetail(source, name) };
    if (departure === "fenced") return { state: "offline", detail: "fenced" };
    const fencing = source.definition.choices.fencingEnabled;
    if (departure === "lost") {
      return fencing
        ? { state: "unclean", detail: "lost: it may still run resources until it is fenced" }
        : { state: "offline", detail: "lost: no heartbeat" };
    }
    return {
      state: "offline",
      detail: source.collected ? unseen(source) : null,
    };
  }
  const override = source.cib.overrides.find(
    (entry) =>
      entry.target === name &&
      (entry.kind === "standby" || entry.kind === "maintenance") &&
      (entry.expires === undefined || entry.expires > source.wall),
  );
  if (override !== undefined) {
    return {
      state: override.kind === "standby" ? "standby" : "maintenance",
      detail: describeOverride(override),
    };
  }
  const distrust = source.distrust(name);
  if (distrust !== undefined) return { state: "standby", detail: distrust };
  if (source.collected?.isLeaving(name)) return { state: "standby", detail: "leaving" };
  if (source.collected?.get(name) === undefined && source.collected !== undefined) {
    return { state: "pending", detail: "its status has not arrived yet" };
  }
  const mode = MODES.find((each) => isTrue(attributes[each]));
  return mode === undefined
    ? { state: "online", detail: null }
    : { state: mode, detail: `by its attribute ${mode}` };
}

/** Set by the definition's attributes of the node, or by an agent. */
const MODES = ["standby", "maintenance"] as const;

function leftDetail({ cib }: ReportSource, name: string): string {
  const isNew = cib.departures?.some((left) => left.node === name && left.incarnation === 0);
  return isNew ? "new in the definition: has not joined yet" : "left cleanly";
}

function unseen({ dc }: ReportSource): string {
  return dc === null ? "not heard on this side yet" : "not seen since this DC took over";
}

/** How every check stands on every member, by the attribute that carries it. */
function checkReports(source: ReportSource): StatusReport["checks"] {
  const nodes = source.definition.nodes.filter((node) => node.role !== "witness");
  return source.definition.checks.flatMap((check) =>
    nodes.flatMap((node) => {
      const value = source.collected?.get(node.name)?.attributes[check.attribute];
      if (value === undefined) return [];
      const full = (check.kind === "command" ? 1 : check.targets.length) * check.weight;
      const ok = Number(value) >= full;
      return [{ name: check.name, node: node.name, ok, value, detail: null }];
    }),
  );
}

function describeOverride(override: Override): string {
  const until =
    override.expires === undefined ? "" : ` until ${new Date(override.expires).toISOString()}`;
  return `by ${override.author}${override.reason ? `: ${override.reason}` : ""}${until}`;
}

function warningsOf(source: ReportSource): StatusWarning[] {
  const advice = source.definition.advice.map((entry) => ({
    code: entry.code,
    severity: entry.severity === "error" ? ("error" as const) : ("warn" as const),
    message: entry.message,
    hint: entry.hint ?? null,
  }));
  const notices = (source.plan?.notices ?? []).map((entry) => ({
    code: entry.code,
    severity: entry.level,
    message: entry.message,
    hint: null,
    ...(entry.node === undefined ? {} : { node: entry.node }),
    ...(entry.resource === undefined ? {} : { resource: entry.resource }),
  }));
  const rank = { error: 0, warn: 1, info: 2 };
  return [...source.warnings, ...advice, ...notices].sort(
    (a, b) => rank[a.severity] - rank[b.severity],
  );
}
