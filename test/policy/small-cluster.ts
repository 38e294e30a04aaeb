import type { ClusterStatus, NodeStatus, OperationRecord } from "../../src/model/cluster-status.ts";
import type {
  AgentName,
  CloneDefinition,
  Constraint,
  GroupDefinition,
  PolicyDefinition,
  PolicyNode,
  PrimitiveDefinition,
  ResourceDefinition,
} from "../../src/model/policy-definition.ts";
import type { AttributeSet, Rule } from "../../src/model/rule.ts";
import { parseScore } from "../../src/model/score.ts";
import {
  location,
  primitive,
  ruledSets,
  ruleOf,
  set,
  setsConstraint,
  take,
  type Words,
  withPrefix,
} from "./small-cluster-lines.ts";

/** The time at which the small clusters live. */
export const NOW_SECONDS = 1_800_000_000;

/** Of no parameters at all, and of a monitor that has the default timeout. */
const DIGEST = "f2317cad3d54cec5d7d7aa7d0bf35cf8";
const MONITOR_DIGEST = "4811cef7f7f94e3a35a70be7916cb2fd";

interface NodeDraft {
  permanent: AttributeSet[];
  utilization: AttributeSet[];
  transient: Map<string, string>;
  state: Partial<NodeStatus>;
}

/** A cluster put down in a few lines, see line by line in the scenarios. */
export class SmallCluster {
  private readonly options: Record<string, string> = { "fencing-enabled": "false" };
  private readonly ruledOptions: AttributeSet[] = [];
  private readonly nodes = new Map<string, NodeDraft>();
  private readonly primitives = new Map<string, PrimitiveDefinition>();
  private readonly groups = new Map<string, GroupDefinition>();
  private readonly clones = new Map<string, CloneDefinition>();
  private readonly constraints: Constraint[] = [];
  private readonly tickets = new Map<string, boolean>();
  /** Operations by node and resource, oldest first. */
  private readonly records = new Map<string, Map<string, OperationRecord[]>>();
  /** Of resources that are no longer defined. */
  private readonly agents = new Map<string, AgentName>();
  private probed = true;
  private quorate = true;
  private hadQuorum = false;
  private calls = 0;

  /** One line of a cluster: what it is about, names, `name=value` words, perhaps `when` and a rule. */
  line(text: string): void {
    const [facts = "", condition] = text.split(" when ");
    const rule = condition === undefined ? undefined : ruleOf(condition);
    const words = facts.split(/\s+/);
    const named = words.filter((word) => word.includes("="));
    const [what, ...args] = words.filter((word) => !word.includes("="));
    const values = Object.fromEntries(
      named.map((word) => [word.slice(0, word.indexOf("=")), word.slice(word.indexOf("=") + 1)]),
    );
    const understood =
      rule === undefined
        ? this.define(what!, args, values) || this.observe(what!, args, values)
        : this.defineRuled(what!, args, values, rule);
    if (!understood) {
      throw new Error(`not understood: ${text}`);
    }
  }

  private define(what: string, args: readonly string[], values: Words): boolean {
    const [first = "", second = "", third = "", fourth] = args;
    const id = `${what}-${this.constraints.length + 1}`;
    if (what === "options") Object.assign(this.options, values);
    else if (what === "nodes") for (const name of args) this.addNode(name, values);
    else if (what === "fencing") this.addFencing();
    else if (what === "primitive") this.primitives.set(first, primitive(first, values));
    else if (what === "group") this.groups.set(first, this.group(args, values));
    else if (what === "clone") this.clones.set(first, this.clone(first, second, values));
    else if (what === "location") this.constraints.push(location(id, args, values, undefined));
    else if (what === "sets") this.constraints.push(setsConstraint(id, args, values));
    else if (what === "colocation") {
      const score = parseScore(fourth ?? "INFINITY")!;
      this.constraints.push({ kind: what, id, resource: first, with: third, score, ...values });
    } else if (what === "order") {
      // biome-ignore lint/suspicious/noThenProperty: the name of the constraint's field
      this.constraints.push({ kind: what, id, first, then: third, ...values });
    } else if (what === "needs") {
      this.constraints.push({ kind: "ticket", id, resource: first, ticket: second, ...values });
    } else return false;
    return true;
  }

  /** What holds only by a rule; of nodes and primitives it is said after they are there. */
  private defineRuled(what: string, args: readonly string[], values: Words, rule: Rule): boolean {
    const id = `${what}-${this.constraints.length + 1}`;
    if (what === "options") this.ruledOptions.push(...ruledSets(what, values, rule));
    else if (what === "location") this.constraints.push(location(id, args, values, rule));
    else if (what === "nodes") {
      for (const name of args) {
        const [utilization, permanent] = withPrefix("has.", values);
        this.nodes.get(name)!.permanent.push(...ruledSets(name, permanent, rule));
        this.nodes.get(name)!.utilization.push(...ruledSets(`${name}-u`, utilization, rule));
      }
    } else return false;
    return true;
  }

  private observe(what: string, args: readonly string[], values: Words): boolean {
    const [first = "", second = ""] = args;
    if (what === "unprobed") this.probed = false;
    else if (what === "forget") {
      this.agents.set(first, this.find(first).agent!);
      this.primitives.delete(first);
    } else if (what === "quorum") {
      this.quorate = first !== "lost";
      this.hadQuorum = values["had"] === "yes";
    } else if (what === "ticket") this.tickets.set(first, second === "granted");
    else if (what === "attributes") {
      for (const [name, value] of Object.entries(values)) {
        this.nodes.get(first)!.transient.set(name, value);
      }
    } else if (what === "offline" || what === "lost") {
      const expected = what === "lost" ? "member" : "down";
      this.nodes.get(first)!.state = { member: false, daemonOnline: false, join: "down", expected };
    } else if (what === "joining") {
      this.nodes.get(first)!.state = {
        member: true,
        daemonOnline: true,
        join: "pending",
        expected: "member",
      };
    } else if (what === "failed") {
      this.nodes
        .get(second)!
        .transient.set(`fail-count-${first}#monitor_10000`, values["times"] ?? "1");
      const beside = values["beside"] === "yes" ? `${first}_last_failure_0` : undefined;
      this.record(first, second, "monitor", 10_000, Number(values["rc"] ?? 1), 0, beside);
    } else if (what === "is") {
      for (const node of args.slice(2)) this.history(first, second, node);
    } else return false;
    return true;
  }

  private addNode(name: string, values: Words): void {
    const [utilization, permanent] = withPrefix("has.", values);
    this.nodes.set(name, {
      permanent: set(name, permanent),
      utilization: set(`${name}-u`, utilization),
      transient: new Map(),
      state: { member: true, daemonOnline: true, join: "member", expected: "member" },
    });
  }

  private addFencing(): void {
    delete this.options["fencing-enabled"];
    const agent = { class: "stonith", type: "fence_x" };
    this.primitives.set("fencer", { ...primitive("fencer", {}), agent });
  }

  private group(args: readonly string[], values: Words): GroupDefinition {
    const members = args.slice(1).map((id) => take(this.primitives, id));
    return { kind: "group", id: args[0]!, members, meta: set(args[0]!, values), params: [] };
  }

  private clone(id: string, of: string, values: Words): CloneDefinition {
    const child = this.groups.has(of) ? take(this.groups, of) : take(this.primitives, of);
    return { kind: "clone", id, child, meta: set(id, values), params: [] };
  }

  private history(resource: string, state: string, node: string): void {
    if (state === "stopped") this.record(resource, node, "monitor", 0, 7, 7);
    if (state === "halted") this.record(resource, node, "stop", 0, 0);
    if (state === "doubtful") this.record(resource, node, "monitor", 0, 1, 7);
    if (state === "stuck") {
      this.record(resource, node, "stop", 0, 1);
      this.nodes.get(node)!.transient.set(`fail-count-${resource}#stop_0`, "INFINITY");
    }
    if (state === "started" || state === "promoted") {
      this.record(resource, node, "start", 0, 0);
    }
    if (state === "promoted") this.record(resource, node, "promote", 0, 0);
    const [operation] = this.find(resource).operations.filter((each) => {
      const role = each.options.get("role");
      return state === "promoted" ? role === "Promoted" : role !== "Promoted";
    });
    if (operation === undefined || (state !== "started" && state !== "promoted")) return;
    const interval = Number.parseInt(operation.interval, 10) * 1000;
    this.record(resource, node, "monitor", interval, state === "promoted" ? 8 : 0);
  }

  private record(
    resource: string,
    node: string,
    operation: string,
    intervalMs: number,
    rc: number,
    expected = operation === "monitor" && rc === 8 ? 8 : 0,
    id = `${resource}_${operation}_${intervalMs}`,
  ): void {
    let records = this.records.get(node);
    if (records === undefined) {
      records = new Map();
      this.records.set(node, records);
    }
    this.calls++;
    const list = records.get(resource) ?? [];
    const record: OperationRecord = {
      id,
      operation,
      intervalMs,
      callId: this.calls,
      rc,
      status: rc === expected || rc === 7 ? 0 : 4,
      expectedRc: expected,
      digest: intervalMs === 0 ? DIGEST : MONITOR_DIGEST,
      transitionKey: `1:${this.calls}:${expected}:x`,
      onNode: node,
      lastRcChange: NOW_SECONDS - 1000,
    };
    records.set(resource, [...list.filter((each) => each.id !== record.id), record]);
  }

  /** By id; instances of unique clones have a number (`web:0`). */
  private find(instance: string): PrimitiveDefinition {
    const id = instance.replace(/:\d+$/, "");
    const groups = [...this.groups.values()];
    for (const { child } of this.clones.values()) {
      if (child.kind === "group") groups.push(child);
      else if (child.id === id) return child;
    }
    const member = groups.flatMap((group) => group.members).find((each) => each.id === id);
    return this.primitives.get(id) ?? member!;
  }

  definition(): PolicyDefinition {
    const nodes = [...this.nodes].map(
      ([name, draft]): PolicyNode => ({
        id: name,
        name,
        type: "member",
        attributes: draft.permanent,
        utilization: draft.utilization,
      }),
    );
    const resources: ResourceDefinition[] = [
      ...this.primitives.values(),
      ...this.groups.values(),
      ...this.clones.values(),
    ];
    return {
      properties: [...set("options", this.options), ...this.ruledOptions],
      resourceDefaults: [],
      operationDefaults: [],
      nodes,
      resources,
      templates: [],
      tags: new Map(),
      constraints: this.constraints,
      fencingTopology: [],
    };
  }

  status(): ClusterStatus {
    const nodes = [...this.nodes].map(([name, draft]) => this.nodeStatus(name, draft));
    const tickets = [...this.tickets].map(([id, granted]) => ({ id, granted, standby: false }));
    const [dcNode] = nodes.filter((node) => node.member).map((node) => node.name);
    return {
      quorate: this.quorate,
      ...(this.hadQuorum && { hadQuorum: true }),
      featureSet: "3.19.0",
      nodes,
      tickets,
      ...(dcNode && { dcNode }),
    };
  }

  private nodeStatus(name: string, draft: NodeDraft): NodeStatus {
    const records = new Map(this.records.get(name));
    const isProbed = this.probed && draft.state.join !== "pending";
    for (const id of isProbed ? this.primitiveIds() : []) {
      if (records.has(id)) continue;
      this.record(id, name, "monitor", 0, 7, 7);
      records.set(id, this.records.get(name)!.get(id)!);
    }
    const history = [...records].map(([resource, operations]) => {
      const agent = this.agents.get(resource) ?? this.find(resource).agent;
      return {
        resource,
        agentClass: agent!.class,
        ...(agent!.provider && { agentProvider: agent!.provider }),
        agentType: agent!.type,
        operations,
      };
    });
    return { name, id: name, ...draft.state, attributes: draft.transient, history };
  }

  private primitiveIds(): string[] {
    const ids: string[] = [];
    const add = (each: ResourceDefinition) => {
      if (each.kind === "primitive") ids.push(each.id);
      else if (each.kind === "group") each.members.forEach(add);
      else if (each.kind === "clone") add(each.child);
    };
    this.definition().resources.forEach(add);
    return ids;
  }
}
