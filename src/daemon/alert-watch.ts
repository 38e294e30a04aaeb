import { loadDefinition } from "../config/load-definition.ts";
import type { NodeInput, NodeOutput } from "../controller/node-io.ts";
import type { NodeBelief } from "../controller/node-machine.ts";
import type { Machine } from "../core/machine.ts";
import type { Instant } from "../core/units.ts";
import { isAbout } from "../model/alert-selection.ts";
import type { Cib, FencingRecord } from "../model/cib.ts";
import type { TimelineEntry } from "../model/control.ts";
import type { AlertSettings } from "../model/definition.ts";
import { describeExitCode } from "../model/exit-code.ts";
import type { AgentCommand, AgentOutcome } from "../model/operation.ts";

/** Something to tell of. The variables are Pacemaker's (Pacemaker Explained, "Alerts"). */
export interface AlertEvent {
  readonly subject: "nodes" | "fencing" | "resources" | "attributes" | "incidents";
  /** `CRM_alert_*` without that prefix. */
  readonly variables: Readonly<Record<string, string>>;
}

export type AlertListener = (alerts: readonly AlertSettings[], event: AlertEvent) => void;

/** What is watched: a node's machine. */
export interface WatchedNode extends Machine<NodeInput, NodeOutput> {
  observe(): Pick<NodeBelief, "view" | "cib">;
  /** Its own transient attributes. */
  attributes(): Readonly<Record<string, string>>;
}

const META_INTERVAL = "OCF_RESKEY_CRM_meta_interval";

/** Runs that look at things and change nothing. */
const SILENT: ReadonlySet<string> = new Set(["meta-data", "validate-all", "announce", "notify"]);

/** Fencings of which nothing has come: nobody is to be woken. */
const NOT_TOLD: readonly FencingRecord["outcome"][] = ["pending", "withdrawn"];

/** Timeline phases that begin and end an incident. */
const PHASES: ReadonlySet<string> = new Set(["fault", "stable"]);

/**
 * A node's machine, overheard for alerts: it decides nothing and changes nothing. As in Pacemaker a
 * node tells of the operations that it ran itself, and of every node that comes or goes and every
 * fencing that it sees; so with several nodes the latter are told several times. Of an attribute the
 * node tells that has it.
 */
export class AlertWatch implements Machine<NodeInput, NodeOutput> {
  readonly #node: WatchedNode;
  readonly #self: string;
  readonly #tell: AlertListener;
  readonly #runs = new Map<number, AgentCommand>();
  /** The last exit code of each recurring monitor: the same again is no news. */
  readonly #monitored = new Map<string, number | undefined>();
  #alerts: readonly AlertSettings[];
  #members: ReadonlySet<string>;
  #fenced: ReadonlySet<FencingRecord>;
  /** As they were last told, transient or kept; undefined: nobody wanted to know. */
  #attributes: ReadonlyMap<string, string> | undefined;

  constructor(
    node: WatchedNode,
    self: string,
    alerts: readonly AlertSettings[],
    tell: AlertListener,
  ) {
    this.#node = node;
    this.#self = self;
    this.#alerts = alerts;
    this.#tell = tell;
    this.#members = new Set([self]);
    const { cib } = node.observe();
    this.#fenced = new Set(cib.fencing);
    this.#attributes = this.#attributesNow(cib);
  }

  nextDeadline(): Instant | undefined {
    return this.#node.nextDeadline();
  }

  step(now: Instant, input: NodeInput): readonly NodeOutput[] {
    const outputs = this.#node.step(now, input);
    for (const output of outputs) this.#overhear(output);
    // Nobody to be told: nothing to look for.
    if (this.#alerts.length > 0) this.#look(input, outputs);
    return outputs;
  }

  #overhear(output: NodeOutput): void {
    if (output.kind === "run") this.#runs.set(output.command.runId, output.command);
    if (output.kind !== "definition") return;
    const alerts = loadDefinition(output.text).definition?.alerts;
    if (alerts !== undefined) this.#alerts = alerts;
  }

  #look(input: NodeInput, outputs: readonly NodeOutput[]): void {
    if (input.kind === "agent-done") this.#ended(input.runId, input.outcome);
    for (const output of outputs) if (output.kind === "timeline") this.#incident(output.entry);
    const { view, cib } = this.#node.observe();
    if (view !== undefined) this.#nodes(view.members);
    this.#fencing(cib.fencing);
    this.#attributeChanges(cib);
  }

  /** Nothing where nobody is told of them: that costs something with every step. */
  #attributesNow(cib: Cib): ReadonlyMap<string, string> | undefined {
    if (!this.#alerts.some((alert) => isAbout(alert, "attributes"))) return undefined;
    const kept = (cib.attributes ?? []).flatMap(({ node, name, value }) =>
      node === this.#self ? [[name, value] as const] : [],
    );
    return new Map([...kept, ...Object.entries(this.#node.attributes())]);
  }

  #attributeChanges(cib: Cib): void {
    const before = this.#attributes;
    const now = this.#attributesNow(cib);
    this.#attributes = now;
    if (before === undefined || now === undefined) return;
    for (const name of new Set([...before.keys(), ...now.keys()])) {
      const value = now.get(name) ?? "";
      if (value === (before.get(name) ?? "")) continue;
      const variables = { attribute_name: name, attribute_value: value };
      this.#say("attributes", { kind: "attribute", node: this.#self, ...variables });
    }
  }

  #ended(runId: number, outcome: AgentOutcome): void {
    const command = this.#runs.get(runId);
    this.#runs.delete(runId);
    if (command === undefined || SILENT.has(command.action) || outcome.reason === "cancelled")
      return;
    const interval = command.env[META_INTERVAL] ?? "0";
    if (command.action === "monitor") {
      // A probe asks what is so; only an answer that changed is news.
      const key = `${command.resource} ${interval}`;
      const known = this.#monitored.get(key);
      this.#monitored.set(key, outcome.rc);
      if (interval === "0" || known === outcome.rc || (known === undefined && outcome.rc === 0)) {
        return;
      }
    }
    this.#say("resources", resourceVariables(this.#self, command, outcome, interval));
  }

  #nodes(members: readonly string[]): void {
    const before = this.#members;
    this.#members = new Set(members);
    for (const name of members) if (!before.has(name)) this.#nodeChanged(name, "member");
    for (const name of before) if (!this.#members.has(name)) this.#nodeChanged(name, "lost");
  }

  #nodeChanged(node: string, desc: string): void {
    this.#say("nodes", { kind: "node", node, desc });
  }

  #fencing(records: readonly FencingRecord[]): void {
    if (records.every((record) => this.#fenced.has(record))) return;
    for (const record of records) {
      if (this.#fenced.has(record) || NOT_TOLD.includes(record.outcome) || record.over) continue;
      this.#say("fencing", fencingVariables(record));
    }
    this.#fenced = new Set(records);
  }

  #incident(entry: TimelineEntry): void {
    if (!PHASES.has(entry.phase) || entry.origin?.split("/")[0] !== this.#self) return;
    const { phase, message, node = this.#self, resource } = entry;
    const rsc = resource === undefined ? {} : { rsc: resource };
    this.#say("incidents", { kind: "incident", node, desc: message, task: phase, ...rsc });
  }

  #say(subject: AlertEvent["subject"], variables: AlertEvent["variables"]): void {
    this.#tell(this.#alerts, { subject, variables });
  }
}

function resourceVariables(
  node: string,
  { action, resource }: AgentCommand,
  { rc, durationMs, message }: AgentOutcome,
  interval: string,
): Record<string, string> {
  const code = rc ?? 1;
  return {
    kind: "resource",
    node,
    rsc: resource,
    task: action,
    interval,
    target_rc: "0",
    rc: String(code),
    // Pacemaker's execution status: done, or in error.
    status: rc === undefined ? "4" : "0",
    desc: message ?? describeExitCode(code),
    exec_time: String(Math.round(durationMs)),
  };
}

function fencingVariables(record: FencingRecord): Record<string, string> {
  const done = record.outcome !== "failed";
  const how =
    record.outcome === "confirmed-by-operator" ? "confirmed by the operator" : record.outcome;
  const detail = record.detail === undefined ? "" : `: ${record.detail}`;
  return {
    kind: "fencing",
    node: record.target,
    task: record.action,
    rc: done ? "0" : "1",
    desc: `${record.action} of ${record.target} for ${record.requestedBy} (${record.reason}) ${how}${detail}`,
  };
}
