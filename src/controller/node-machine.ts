import { actingCoordinator } from "../consensus/acting-coordinator.ts";
import { parseRaftMessage } from "../consensus/raft-codec.ts";
import { type LoadedRaft, RAFT_DEFAULTS, type RaftInput } from "../consensus/raft-types.ts";
import type { Machine } from "../core/machine.ts";
import { note } from "../core/note.ts";
import type { Instant, Millis, WallTime } from "../core/units.ts";
import type { LocalManagerOptions } from "../lrm/local-manager.ts";
import { LocalManager } from "../lrm/local-manager.ts";
import { Membership, type MembershipOutput, type View } from "../membership/membership.ts";
import type { CibCommand, CibResult } from "../model/cib.ts";
import type { ControlReply, ControlRequest } from "../model/control.ts";
import type { Definition } from "../model/definition.ts";
import type { OperationResult } from "../model/operation.ts";
import type { MessagingConfig, PeerEvent } from "../model/peer.ts";
import { AdvertWriter } from "./advert-writer.ts";
import { ControlDesk } from "./control-desk.ts";
import { Coordinator, type CoordinatorOutput, type Planner } from "./coordinator.ts";
import { DefinitionInForce } from "./definition-in-force.ts";
import { IncidentRecorder } from "./incident-recorder.ts";
import { LeaveSequence, type LeaveStep } from "./leave-sequence.ts";
import { LinkTable } from "./link-table.ts";
import { MemberDuty, type MemberOutput } from "./member-duty.ts";
import { answerAlone, deskOffice } from "./node-desk.ts";
import type { NodeInput, NodeOutput } from "./node-io.ts";
import {
  type Coordination,
  decodeMessage,
  encodeMessage,
  type NodeMessage,
} from "./node-message.ts";
import { ReplicatedCib, type ReplicatedCibOutput } from "./replicated-cib.ts";
import { RequestRouter } from "./request-router.ts";

export interface NodeOptions {
  readonly self: string;
  /** Grows with every start of this daemon. */
  readonly incarnation: number;
  /** What the local file says; in force until the cluster has committed something. */
  readonly definition: Definition;
  readonly stored: LoadedRaft;
  readonly planner: Planner;
  readonly environment: LocalManagerOptions["environment"];
  readonly version: string;
  readonly now: Instant;
  readonly wall: WallTime;
}

/** Longest time between a start and the first act as coordinator without quorum. */
const LISTEN_MS: Millis = 1_000;

/** How long a view may take to form once somebody was heard. */
const FORM_DELAY_MS: Millis = 20;

/**
 * The root of a node: composes membership, the replicated CIB, the local resource manager and the
 * coordinator's duties, and routes what they say to one another.
 *
 * Who coordinates: the Raft leader that is ready, while its view has quorum (the DC). In a view
 * without quorum, the first of its members by rank (the acting coordinator), which follows
 * no-quorum-policy and never changes the CIB. A node that has just started listens for a while
 * before it acts alone.
 */
export class NodeMachine implements Machine<NodeInput, NodeOutput> {
  readonly #self: string;
  readonly #options: NodeOptions;
  readonly #membership: Membership;
  readonly #store: ReplicatedCib;
  readonly #member: MemberDuty;
  readonly #coordinator: Coordinator;
  readonly #force: DefinitionInForce;
  readonly #desk: ControlDesk;
  readonly #router: RequestRouter;
  readonly #links = new LinkTable();
  readonly #leave = new LeaveSequence();
  readonly #incidents: IncidentRecorder;
  readonly #advert: AdvertWriter;
  readonly #proposals = new Map<string, (result: CibResult) => void>();
  readonly #incarnations = new Map<string, number>();
  readonly #toSelf: NodeMessage[] = [];
  #proposalCount = 0;
  #view: View | undefined;
  #raft: { leads: boolean; ready: boolean; term: number; leader: string | undefined } = {
    leads: false,
    ready: false,
    term: 0,
    leader: undefined,
  };
  #wall: { reading: WallTime; at: Instant };
  #listenUntil: Instant;
  #announceWhenSettled = false;
  #started = false;
  #now: Instant;
  #out: NodeOutput[] = [];

  constructor(options: NodeOptions) {
    const { self, definition, now } = options;
    this.#self = self;
    this.#options = options;
    this.#now = now;
    this.#wall = { reading: options.wall, at: now };
    this.#listenUntil = now + LISTEN_MS + 3 * definition.messaging.advertIntervalMs;
    this.#force = new DefinitionInForce(definition);
    this.#membership = new Membership({
      self,
      incarnation: options.incarnation,
      nodes: definition.nodes,
      quorum: definition.quorum,
      formDelayMs: FORM_DELAY_MS,
    });
    this.#store = new ReplicatedCib(
      {
        ...RAFT_DEFAULTS,
        self,
        incarnation: options.incarnation,
        rules: { nodes: definition.nodes, quorum: definition.quorum },
      },
      options.stored,
    );
    this.#member = new MemberDuty(
      new LocalManager({
        node: self,
        incarnation: options.incarnation,
        wallClock: () => this.wall(),
        environment: options.environment,
      }),
    );
    this.#coordinator = new Coordinator({
      self,
      planner: options.planner,
      policy: (wall) =>
        this.#coordinator.by?.acting !== true && !this.#force.committed
          ? undefined
          : this.#force.policy(this.#store.cib, wall),
      cib: () => this.#store.cib,
    });
    this.#incidents = new IncidentRecorder((entry) => this.#out.push({ kind: "timeline", entry }));
    this.#advert = new AdvertWriter();
    this.#desk = new ControlDesk(
      deskOffice({
        self,
        version: options.version,
        coordinator: this.#coordinator,
        force: this.#force,
        cib: () => this.#store.cib,
        view: () => this.#view,
        term: () => this.#raft.term,
        links: this.#links,
        timeline: this.#incidents.timeline,
        wall: () => this.wall(),
        now: () => this.#now,
        follows: () => this.#follows(),
        incarnations: () => this.#members(),
        propose: (command, done) => this.#propose(command, done),
        tell: (node, message) => this.#tell(node, message),
      }),
    );
    this.#router = new RequestRouter({
      self,
      coordinator: () => this.#follows(),
      desk: (at, request, respond) => this.#desk.handle(at, request, respond),
      alone: (request) => this.#alone(request),
      send: (node, message) => this.#tell(node, message),
    });
  }

  /** The wall clock as last read, moved on by the monotonic one. */
  wall(): WallTime {
    return this.#wall.reading + (this.#now - this.#wall.at);
  }

  /** What the messaging layer starts with; later changes come as `configure` commands. */
  messagingConfig(): MessagingConfig {
    return this.#force.messagingConfig(this.#self);
  }

  nextDeadline(): Instant | undefined {
    const deadlines = [
      this.#membership.nextDeadline(),
      this.#store.nextDeadline(),
      this.#member.nextDeadline(),
      this.#coordinator.nextDeadline(),
      this.#desk.nextDeadline(),
      this.#router.nextDeadline(),
      this.#leave.nextDeadline(),
      this.#listenUntil > this.#now ? this.#listenUntil : undefined,
    ].filter((deadline) => deadline !== undefined);
    return deadlines.length === 0 ? undefined : Math.min(...deadlines);
  }

  step(now: Instant, input: NodeInput): readonly NodeOutput[] {
    this.#now = now;
    this.#out = [];
    if (!this.#started) this.#start();
    this.#handle(input);
    this.#settleOffice();
    this.#deliverToSelf();
    this.#advertise();
    return this.#out;
  }

  #start(): void {
    this.#started = true;
    this.#fromMembership(this.#membership.step(this.#now, { kind: "tick" }));
    this.#raftStep({ kind: "tick" });
  }

  #handle(input: NodeInput): void {
    const now = this.#now;
    switch (input.kind) {
      case "tick":
        this.#tick();
        break;
      case "clock":
        this.#wall = { reading: input.wall, at: now };
        this.#coordinator.setWall(input.wall);
        break;
      case "peer":
        this.#peer(input.event);
        break;
      case "stored":
        this.#fromCib(this.#store.stored(now, input.token));
        break;
      case "store-failed":
        this.#storeFailed(input.message);
        break;
      case "agent-done":
        this.#fromMember(this.#member.lrm(now, input));
        break;
      case "request":
        this.#request(input.requestId, input.request);
        break;
      case "shutdown":
        if (input.mode === "leave") this.#leaveSteps(this.#leave.begin(now));
        else this.#out.push({ kind: "exit", code: 0, reason: "stopped, resources left running" });
        break;
    }
  }

  #tick(): void {
    const now = this.#now;
    this.#fromMembership(this.#membership.step(now, { kind: "tick" }));
    this.#raftStep({ kind: "tick" });
    this.#fromMember(this.#member.lrm(now, { kind: "tick" }));
    this.#coordinator.setWall(this.wall());
    this.#fromCoordinator(this.#coordinator.tick(now));
    this.#desk.tick(now);
    this.#router.tick(now);
    this.#leaveSteps(this.#leave.tick(now));
  }

  // --- membership ---------------------------------------------------------------------------

  #peer(event: PeerEvent): void {
    switch (event.kind) {
      case "message":
        if (this.#members().get(event.node) !== event.incarnation) this.#early(event);
        else this.#message(event.node, decodeMessage(event.payload));
        break;
      case "link":
        this.#links.set(event.node, event.link, event.up, this.wall());
        this.#out.push({ kind: "changed" });
        break;
      default:
        if (event.kind === "peer-up") this.#incarnations.set(event.node, event.incarnation);
        this.#fromMembership(this.#membership.step(this.#now, { kind: "peer", event }));
    }
  }

  /** A peer may see us in its view a moment before we see it in ours: Raft needs no view. */
  #early(event: Extract<PeerEvent, { kind: "message" }>): void {
    this.#incarnations.set(event.node, event.incarnation);
    this.#message(event.node, decodeMessage(event.payload));
  }

  #fromMembership(outputs: readonly MembershipOutput[]): void {
    for (const output of outputs) {
      if (output.kind === "view") this.#newView(output.view);
      else if (output.kind === "advertise") this.#advert.setView(output.viewId, output.quorate);
      else this.#out.push(output);
    }
  }

  #newView(view: View): void {
    const before = this.#view;
    this.#view = view;
    const members = this.#members();
    for (const lost of view.lost) {
      this.#member.nodeLost(lost.node);
      this.#router.nodeLost(lost.node);
      if (lost.reason === "left") {
        this.#raftStep({ kind: "peer-dismissed", node: lost.node, why: "left" });
      }
      this.#incidents.lost(lost, this.wall(), this.#now);
    }
    this.#raftStep({ kind: "peers", alive: view.peers });
    const collected = this.#coordinator.status;
    if (this.#coordinator.by === undefined) collected.setMembers(members);
    for (const lost of view.lost) {
      if (lost.reason === "left") collected.setDeparture(lost.node, "left");
    }
    if (before !== undefined && view.joined.length > 0) this.#announceWhenSettled = true;
    this.#settleOffice(view.lost.map((lost) => lost.node));
    this.#out.push({ kind: "changed" });
  }

  /** The members of the view with their incarnations, this node included. */
  #members(): Map<string, number> {
    const members = new Map([[this.#self, this.#options.incarnation]]);
    for (const peer of this.#view?.peers ?? []) members.set(peer.name, peer.incarnation);
    return members;
  }

  // --- who coordinates ----------------------------------------------------------------------

  /** Takes up or lays down the coordinator's duties, as view and election have it. */
  #settleOffice(lost?: readonly string[]): void {
    const wanted = this.#coordination();
    const current = this.#coordinator.by;
    const view = this.#view;
    if (wanted === undefined || view === undefined) {
      if (current === undefined) return;
      this.#fromCoordinator(this.#coordinator.deactivate(this.#now));
      this.#desk.close();
      return;
    }
    const quorate = view.quorum.quorate;
    if (current?.term !== wanted.term || current.acting !== wanted.acting) {
      this.#out.push(
        note("info", "coordinator", coordinatorMessage(this.#self, wanted, view), {
          term: wanted.term,
          acting: wanted.acting,
          members: [...this.#members().keys()],
        }),
      );
      this.#coordinator.setWall(this.wall());
      this.#fromCoordinator(
        this.#coordinator.activate(this.#now, wanted, this.#members(), quorate),
      );
      if (!wanted.acting) this.#found();
    } else if (lost !== undefined) {
      this.#fromCoordinator(
        this.#coordinator.setView(this.#now, wanted, this.#members(), quorate, lost),
      );
    }
  }

  /** In what capacity this node coordinates now; undefined: it does not. */
  #coordination(): Coordination | undefined {
    const view = this.#view;
    if (view === undefined) return undefined;
    if (view.quorum.quorate) {
      return this.#raft.leads && this.#raft.ready
        ? { term: this.#raft.term, acting: false }
        : undefined;
    }
    if (this.#now < this.#listenUntil) return undefined;
    if (this.#actingCoordinator(view) !== this.#self) return undefined;
    return { term: Math.max(this.#raft.term, this.#member.term), acting: true };
  }

  #actingCoordinator(view: View): string | undefined {
    const self = { name: this.#self, priority: RAFT_DEFAULTS.priority };
    return actingCoordinator([self, ...view.peers]);
  }

  /** The coordinator this node looks to; undefined: there is none. */
  #follows(): string | undefined {
    if (this.#coordinator.by !== undefined) return this.#self;
    const view = this.#view;
    if (view === undefined) return undefined;
    const name = view.quorum.quorate ? this.#raft.leader : this.#actingCoordinator(view);
    return name !== undefined && name !== this.#self && view.members.includes(name)
      ? name
      : undefined;
  }

  /** The first DC of a new cluster commits its own file as the first definition. */
  #found(): void {
    if (this.#store.cib.definition !== undefined) return;
    const command: CibCommand = {
      kind: "apply-definition",
      text: this.#force.definition.text,
      author: `${this.#self} (founding)`,
      at: this.wall(),
    };
    this.#propose(command, (result) => {
      if (!result.ok) {
        this.#out.push(
          note("warn", "founding-failed", `cannot found the cluster: ${result.message}`),
        );
      }
    });
  }

  // --- CIB ----------------------------------------------------------------------------------

  #raftStep(input: RaftInput): void {
    this.#fromCib(this.#store.step(this.#now, input));
  }

  #propose(command: CibCommand, done: (result: CibResult) => void): void {
    this.#proposalCount += 1;
    const id = `${this.#options.incarnation}-${this.#proposalCount}`;
    this.#proposals.set(id, done);
    this.#fromCib(this.#store.propose(this.#now, id, command));
  }

  #storeFailed(message: string): void {
    this.#out.push(
      note("error", "storage", `cannot write to the state directory: ${message}`, {
        hint: "free space or mend the file system: this node promises nothing until it can",
      }),
    );
    this.#raftStep({ kind: "storage-trouble", on: true, message });
  }

  #fromCib(outputs: readonly ReplicatedCibOutput[]): void {
    for (const output of outputs) {
      switch (output.kind) {
        case "send":
          this.#tell(output.to, { t: "raft", body: output.body });
          break;
        case "role":
          this.#raft = {
            leads: output.role === "leader",
            ready: output.ready,
            term: output.term,
            leader: output.leader,
          };
          this.#fromMembership(
            this.#membership.step(this.#now, { kind: "excused", nodes: this.#store.excused() }),
          );
          this.#out.push({ kind: "changed" });
          break;
        case "cib-changed":
          this.#cibChanged();
          break;
        case "proposed": {
          const done = this.#proposals.get(output.id);
          this.#proposals.delete(output.id);
          done?.(output.result);
          break;
        }
        case "left":
          this.#leaveSteps(this.#leave.handedOver(this.#now));
          break;
        default:
          this.#out.push(output);
      }
    }
  }

  #cibChanged(): void {
    const { changed, notes } = this.#force.update(this.#store.cib);
    this.#out.push(...notes, { kind: "changed" });
    const version = this.#store.cib.definition;
    if (changed && version !== undefined) {
      const { nodes, quorum } = this.#force.definition;
      this.#out.push({ kind: "definition", text: version.text, version: version.version });
      this.#out.push({
        kind: "messaging",
        command: { kind: "configure", config: this.#force.messagingConfig(this.#self) },
      });
      this.#raftStep({ kind: "rules", rules: { nodes, quorum } });
      this.#fromMembership(this.#membership.step(this.#now, { kind: "rules", nodes, quorum }));
    }
    this.#fromCoordinator(this.#coordinator.replan(this.#now, "the CIB changed"));
  }

  // --- messages between nodes ---------------------------------------------------------------

  #tell(node: string, message: NodeMessage): void {
    if (node === this.#self) this.#toSelf.push(message);
    else {
      const payload = encodeMessage(message);
      this.#out.push({ kind: "messaging", command: { kind: "send", to: node, payload } });
    }
  }

  #deliverToSelf(): void {
    for (let next = this.#toSelf.shift(); next !== undefined; next = this.#toSelf.shift()) {
      this.#message(this.#self, next);
      this.#settleOffice();
    }
  }

  #message(from: string, message: NodeMessage | undefined): void {
    const now = this.#now;
    if (message === undefined) return;
    switch (message.t) {
      case "raft": {
        const body = parseRaftMessage(message.body);
        const incarnation = this.#incarnations.get(from) ?? 0;
        if (body !== undefined) this.#raftStep({ kind: "message", from, incarnation, body });
        break;
      }
      case "collect":
        this.#fromMember(this.#member.collect(now, from, message.by));
        if (this.#leave.active) this.#leaveSteps(["ask"]);
        break;
      case "order":
        this.#fromMember(this.#member.order(now, from, message.by, message.order));
        break;
      case "ask":
        this.#router.handleAsk(now, from, message.id, message.request);
        break;
      case "answer":
        this.#router.handleAnswer(from, message.id, message.reply);
        break;
      case "leaving":
        this.#coordinator.status.setLeaving(from);
        this.#fromCoordinator(this.#coordinator.replan(now, `${from} wants to leave`));
        break;
      default:
        if (message.by.term === this.#coordinator.by?.term) this.#reported(from, message);
    }
  }

  #reported(
    from: string,
    message: Extract<NodeMessage, { t: "status" | "delta" | "result" | "done" }>,
  ): void {
    const now = this.#now;
    switch (message.t) {
      case "status":
        if (message.status.node === from)
          this.#fromCoordinator(this.#coordinator.acceptStatus(now, message.status));
        break;
      case "delta":
        if (message.delta.node === from)
          this.#fromCoordinator(this.#coordinator.acceptDelta(now, message.delta));
        break;
      case "result":
        this.#result(from, message.result);
        break;
      case "done": {
        const { key, ok } = message;
        const detail = message.detail === undefined ? {} : { detail: message.detail };
        this.#fromCoordinator(
          this.#coordinator.acceptAnswer(now, { kind: "done", key, node: from, ok, ...detail }),
        );
      }
    }
  }

  #result(from: string, result: OperationResult): void {
    if (result.node !== from) return;
    this.#incidents.result(result, this.wall());
    this.#fromCoordinator(this.#coordinator.acceptResult(this.#now, result));
  }

  // --- member and coordinator ---------------------------------------------------------------

  #fromMember(outputs: readonly MemberOutput[]): void {
    for (const output of outputs) {
      if (output.kind === "tell") this.#tell(output.node, output.message);
      else if (output.kind === "released") this.#leaveSteps(this.#leave.released(this.#now));
      else if (output.kind === "all-stopped") {
        if (output.failed.length > 0) {
          this.#out.push(
            note(
              "error",
              "stop-failed",
              `still active after the stop: ${output.failed.join(", ")}`,
            ),
          );
        }
        this.#leaveSteps(this.#leave.released(this.#now));
      } else this.#out.push(output);
    }
  }

  #fromCoordinator(outputs: readonly CoordinatorOutput[]): void {
    for (const output of outputs) {
      switch (output.kind) {
        case "tell":
          this.#tell(output.node, output.message);
          break;
        case "fence":
          this.#fence(output);
          break;
        case "planned":
          this.#incidents.planned(output.plan, output.transitionId, this.wall());
          break;
        case "settled":
          this.#settled();
          break;
        default:
          this.#out.push(output);
      }
    }
  }

  #fence(output: Extract<CoordinatorOutput, { kind: "fence" }>): void {
    this.#out.push(
      note("error", "fencing-impossible", `${output.target} must be fenced and no device can`, {
        target: output.target,
        reason: output.reason,
      }),
    );
    this.#fromCoordinator(
      this.#coordinator.acceptAnswer(this.#now, {
        kind: "fence-result",
        key: output.key,
        ok: false,
        detail: "no fencing device",
      }),
    );
  }

  #settled(): void {
    this.#incidents.settled(this.wall());
    this.#desk.settled();
    const by = this.#coordinator.by;
    if (by !== undefined && this.#announceWhenSettled) {
      this.#announceWhenSettled = false;
      for (const node of this.#members().keys()) {
        this.#tell(node, { t: "order", by, order: { kind: "announce", term: by.term } });
      }
    }
    this.#dropExpired();
  }

  /** Overrides that have expired are taken out of the CIB, so that nobody wonders about them. */
  #dropExpired(): void {
    if (this.#coordinator.by?.acting !== false) return;
    const ids = this.#store.cib.overrides
      .filter((override) => override.expires !== undefined && override.expires <= this.wall())
      .map((override) => override.id);
    if (ids.length > 0) this.#propose({ kind: "remove-overrides", ids }, () => undefined);
  }

  // --- requests and leaving -----------------------------------------------------------------

  #request(requestId: number, request: ControlRequest): void {
    const respond = (reply: ControlReply): void => {
      this.#out.push({ kind: "reply", requestId, reply });
    };
    if (request.method === "leave") {
      respond({ ok: true, result: {} });
      this.#leaveSteps(this.#leave.begin(this.#now));
    } else this.#router.handle(this.#now, request, respond);
  }

  #alone(request: ControlRequest): ControlReply | undefined {
    return answerAlone(this.#desk, this.#now, this.#store.cib, request);
  }

  #leaveSteps(steps: readonly LeaveStep[]): void {
    for (const step of steps) {
      switch (step) {
        case "ask": {
          const coordinator = this.#follows();
          if (coordinator === undefined) break;
          this.#leave.heard();
          this.#tell(coordinator, { t: "leaving" });
          break;
        }
        case "stop-alone":
          this.#fromMember(
            this.#member.lrm(this.#now, { kind: "stop-all", reason: "leaving without a DC" }),
          );
          break;
        case "hand-over":
          this.#raftStep({ kind: "leave" });
          break;
        case "say-goodbye":
          this.#out.push({ kind: "messaging", command: { kind: "leave" } });
          break;
        case "exit":
          this.#out.push({ kind: "exit", code: 0, reason: "left the cluster" });
          break;
      }
    }
  }

  #advertise(): void {
    const body = this.#advert.write({
      dc: this.#follows() ?? "",
      term: Math.max(this.#raft.term, this.#member.term),
      definitionVersion: this.#store.cib.definition?.version ?? 0,
      active: this.#member.activeResources(),
      load: this.#member.load(),
    });
    if (body !== undefined) {
      this.#out.push({ kind: "messaging", command: { kind: "advertise", body } });
    }
  }
}

function coordinatorMessage(self: string, by: Coordination, view: View): string {
  return by.acting
    ? `${self} coordinates this partition without quorum: ${view.quorum.explanation}`
    : `${self} is the DC of term ${by.term}`;
}
