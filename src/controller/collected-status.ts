import type { TicketRecord } from "../model/cib.ts";
import type { ClusterStatus, NodeStatus, TicketStatus } from "../model/cluster-status.ts";
import type { LocalStatus } from "../model/operation.ts";
import type { PolicyDefinition } from "../model/policy-definition.ts";
import type { InFlightAction, RunnerInput } from "../transition/transition-events.ts";
import { applyDelta, type StatusDelta } from "./status-delta.ts";

/** The tickets as the policy engine takes them: its times are in seconds. */
export function ticketsOf(tickets: readonly TicketRecord[]): TicketStatus[] {
  return tickets.map(({ id, granted, standby, lastGranted }) => ({
    id,
    granted,
    standby,
    ...(lastGranted === undefined ? {} : { lastGranted: Math.floor(lastGranted / 1000) }),
  }));
}

/** Nodes that one definition has and the other one has not. */
export function newNodes(next: PolicyDefinition, before: PolicyDefinition): string[] {
  const known = new Set(before.nodes.map((node) => node.name));
  return next.nodes.map((node) => node.name).filter((name) => !known.has(name));
}

type Failure = Extract<RunnerInput, { kind: "done" }>;

/** How a node that is not in the view went away. */
export type Departure = "lost" | "left" | "fenced";

/**
 * What the coordinator knows of every node. A node owns its own status; the coordinator keeps what
 * it was last told. The status of a lost node is kept, because it says what may still run there.
 */
export class CollectedStatus {
  readonly #statuses = new Map<string, LocalStatus>();
  readonly #members = new Map<string, number>();
  readonly #departures = new Map<string, Departure>();
  /** The lives that said goodbye, and of which no later one has been a member since. */
  readonly #goodbyes = new Map<string, number>();
  readonly #leaving = new Set<string>();
  readonly #released = new Set<string>();
  /** Keys of what each node had been ordered and not answered when it was asked for its status. */
  readonly #asked = new Map<string, readonly string[]>();

  /**
   * The view: node to incarnation. What was known of a node that comes (back) is forgotten: while
   * it was away it may have stopped or started anything, though it be the same incarnation.
   */
  setMembers(members: ReadonlyMap<string, number>): void {
    for (const [name, incarnation] of members) {
      if (this.#members.get(name) === incarnation) continue;
      this.#statuses.delete(name);
      this.#released.delete(name);
    }
    for (const name of this.#members.keys()) {
      if (!members.has(name) && !this.#departures.has(name)) this.#departures.set(name, "lost");
    }
    this.#members.clear();
    for (const [name, incarnation] of members) {
      this.#members.set(name, incarnation);
      this.#departures.delete(name);
      this.#goodbyes.delete(name);
    }
    for (const name of this.#leaving) {
      if (!members.has(name)) this.#leaving.delete(name);
    }
  }

  /** Tells how a node went: one that left or was fenced runs nothing. */
  setDeparture(node: string, how: Departure): void {
    if (this.#members.has(node)) return;
    this.#departures.set(node, how);
    if (how !== "lost") this.#statuses.delete(node);
  }

  /** A member of that incarnation has said goodbye. */
  setGoodbye(node: string, incarnation: number): void {
    if (this.#members.has(node)) return;
    this.#goodbyes.set(node, incarnation);
    this.setDeparture(node, "left");
  }

  /**
   * It was a member again after that life, though not here: that it left holds no more. A goodbye of
   * a later life does.
   */
  endLeave(node: string, incarnation: number): void {
    if ((this.#goodbyes.get(node) ?? 0) > incarnation) return;
    this.#goodbyes.delete(node);
    if (this.#departures.get(node) === "left") this.setDeparture(node, "lost");
  }

  /** The life in which a node said goodbye; undefined: it has not, or is a member again. */
  goodbye(node: string): number | undefined {
    return this.#goodbyes.get(node);
  }

  departure(node: string): Departure | undefined {
    return this.#departures.get(node);
  }

  /** True: that is news. */
  setLeaving(node: string): boolean {
    if (!this.#members.has(node) || this.#leaving.has(node)) return false;
    this.#leaving.add(node);
    return true;
  }

  /** The node was told that nothing is left on it and that it may go. */
  setReleased(node: string): void {
    this.#released.add(node);
  }

  isReleased(node: string): boolean {
    return this.#released.has(node);
  }

  isLeaving(node: string): boolean {
    return this.#leaving.has(node);
  }

  /** The node is asked for its status. Of several questions without an answer the first counts. */
  asked(node: string, inFlight: readonly InFlightAction[]): void {
    if (!this.#asked.has(node)) this.#asked.set(node, keysOn(node, inFlight));
  }

  /**
   * Orders to a node whose answers it gave to somebody else, or to nobody: it was asked after they were
   * given, and now neither has answered them nor knows of them.
   */
  lostAnswers(status: LocalStatus, inFlight: readonly InFlightAction[]): Failure[] {
    const { node } = status;
    const asked = this.#asked.get(node) ?? [];
    this.#asked.delete(node);
    const open = keysOn(node, inFlight).filter((key) => !status.inFlight.includes(key));
    const lost = asked.filter((key) => open.includes(key));
    const detail = "its answer was lost";
    return lost.map((key) => ({ kind: "done", key, node, ok: false, detail }));
  }

  /** Takes a full status; false if it is of another incarnation or older than what is known. */
  accept(status: LocalStatus): boolean {
    if (this.#members.get(status.node) !== status.incarnation) return false;
    const known = this.#statuses.get(status.node);
    if (known !== undefined && known.revision > status.revision) return false;
    this.#statuses.set(status.node, status);
    return true;
  }

  /** Takes a change; false if it does not follow on what is known, and all must be asked for. */
  acceptDelta(delta: StatusDelta): boolean {
    const known = this.#statuses.get(delta.node);
    const next = known === undefined ? undefined : applyDelta(known, delta);
    if (next === undefined) return false;
    this.#statuses.set(delta.node, next);
    return true;
  }

  /** What is known of a node is void: it is missing until it reports anew. */
  forget(node: string): void {
    this.#statuses.delete(node);
  }

  get(node: string): LocalStatus | undefined {
    return this.#statuses.get(node);
  }

  isMember(node: string): boolean {
    return this.#members.has(node);
  }

  memberNames(): string[] {
    return [...this.#members.keys()].sort();
  }

  /** Members whose status of this incarnation has not arrived. Planning waits for them. */
  missing(): string[] {
    return this.memberNames().filter((name) => !this.#statuses.has(name));
  }

  forgetAll(): void {
    this.#asked.clear();
    this.#released.clear();
    this.#statuses.clear();
  }

  /** The input of the policy engine. */
  toClusterStatus(options: {
    readonly nodes: readonly string[];
    readonly quorate: boolean;
    readonly coordinator: string;
    readonly tickets: readonly TicketStatus[];
    /** Would be new in the definition: they have run nothing. */
    readonly newcomers?: readonly string[];
    /** Beside those that a node tells of itself. */
    readonly attributes?: (node: string) => Readonly<Record<string, string>>;
  }): ClusterStatus {
    const nodes: NodeStatus[] = [];
    for (const name of options.nodes) {
      const isNew = options.newcomers?.includes(name) === true;
      const node = this.#nodeStatus(name, options.attributes?.(name) ?? {}, isNew);
      if (node !== undefined) nodes.push(node);
    }
    return {
      quorate: options.quorate,
      dcNode: options.coordinator,
      nodes,
      tickets: options.tickets,
    };
  }

  #nodeStatus(
    name: string,
    more: Readonly<Record<string, string>>,
    isNew: boolean,
  ): NodeStatus | undefined {
    const status = this.#statuses.get(name);
    const facts = {
      attributes: new Map(Object.entries({ ...status?.attributes, ...more })),
      history: status?.history ?? [],
    };
    if (this.#members.has(name)) {
      const joined = status !== undefined;
      return {
        name,
        member: true,
        daemonOnline: true,
        join: joined ? "member" : "pending",
        expected: "member",
        ...facts,
        attributes: this.#leaving.has(name)
          ? facts.attributes.set("shutdown", "1")
          : facts.attributes,
      };
    }
    const departure = this.#departures.get(name) ?? (isNew ? "left" : undefined);
    // A node that was never seen has no status at all: whether it is fenced is startup-fencing's say.
    if (departure === undefined) return undefined;
    return {
      name,
      member: false,
      daemonOnline: false,
      join: "down",
      expected: departure === "lost" ? "member" : "down",
      ...facts,
    };
  }
}

function keysOn(node: string, inFlight: readonly InFlightAction[]): string[] {
  const there = ({ action }: InFlightAction) => action.kind !== "fence" && action.node === node;
  return inFlight.filter(there).map(({ key }) => key);
}
