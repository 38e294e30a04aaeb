import type { Machine } from "../core/machine.ts";
import type { Instant, WallTime } from "../core/units.ts";
import type { View } from "../membership/membership.ts";
import type { Cib } from "../model/cib.ts";
import type { ControlReply, ControlRequest } from "../model/control.ts";
import type { MessagingConfig, PeerEvent } from "../model/peer.ts";
import { ControlDesk } from "./control-desk.ts";
import { fencerStep, tickFencing } from "./fencing-duty.ts";
import { agentFacts, settleUnfencing, unfencedHere } from "./fencing-unfence.ts";
import {
  answerFencer,
  nextWatchdogDeadline,
  selfFenceStep,
  settleWatchdog,
  watchdogState,
} from "./fencing-watchdog.ts";
import { settleAttachment } from "./node-attachment.ts";
import { asOf, ownAttribute } from "./node-attributes.ts";
import { fromCib, propose, raftStep, storeFailed } from "./node-cib.ts";
import { follows, fromCoordinator, settleOffice } from "./node-coordination.ts";
import { NodeCore, type NodeOptions } from "./node-core.ts";
import { answerAlone, deskOffice } from "./node-desk.ts";
import type { NodeInput, NodeOutput } from "./node-io.ts";
import { beginLeave, configureChecks, fromChecks, fromMember, leaveSteps } from "./node-leaving.ts";
import { type Coordination, decodeMessage } from "./node-message.ts";
import { receive, releaseStarts } from "./node-messages.ts";
import { beginRestart, tickRestarts } from "./node-restart.ts";
import { arbitrationStep, settleArbitration } from "./node-tie-breaker.ts";
import { clockRead, diskWorks, settleTrust, tickTrust } from "./node-trust.ts";
import { fromMembership, peerEvent } from "./node-view.ts";
import { RequestRouter } from "./request-router.ts";

export type { NodeOptions };

export interface NodeBelief {
  readonly term: number;
  /** Elected in this term, and ready to act. */
  readonly leads: boolean;
  readonly coordinates: Coordination | undefined;
  readonly follows: string | undefined;
  readonly view: View | undefined;
  readonly cib: Cib;
  /** As the coordinator: nothing is left to do. */
  readonly settled: boolean;
}

/**
 * The root of a node: routes every input to the part it is for, then sees to what follows from any
 * change: who coordinates, what this node tells itself, what it advertises.
 */
export class NodeMachine implements Machine<NodeInput, NodeOutput> {
  readonly #node: NodeCore;
  readonly #desk: ControlDesk;
  readonly #router: RequestRouter;
  #started = false;

  constructor(options: NodeOptions) {
    const node = new NodeCore(options);
    this.#node = node;
    this.#desk = new ControlDesk(
      deskOffice(node, {
        follows: () => follows(node),
        propose: (command, done) => propose(node, command, done),
      }),
    );
    this.#router = new RequestRouter({
      self: options.self,
      now: () => node.now,
      coordinator: () => follows(node),
      desk: (now, request, respond) => this.#desk.handle(now, request, respond),
      alone: (request) => answerAlone(this.#desk, node.now, node.store.cib, request),
      send: (to, message) => node.tell(to, message),
    });
  }

  /** What the messaging layer starts with; later changes come as `configure` commands. */
  messagingConfig(): MessagingConfig {
    return this.#node.force.messagingConfig(this.#node.self);
  }

  /** What this node believes. For simulations and tests: nothing is decided by it. */
  observe(): NodeBelief {
    const node = this.#node;
    return {
      term: node.election.term,
      leads: node.election.leads && node.election.ready,
      coordinates: node.coordinator.by,
      follows: follows(node),
      view: node.view,
      cib: node.store.cib,
      settled: node.coordinator.settled,
    };
  }

  /** Transient attributes of this node. */
  attributes(): Readonly<Record<string, string>> {
    return this.#node.member.attributes();
  }

  nextDeadline(): Instant | undefined {
    const node = this.#node;
    // A node speaks as soon as it runs: others may have to tell it something before it acts alone.
    if (!this.#started) return node.now;
    const deadlines: readonly (Instant | undefined)[] = [
      node.membership.nextDeadline(),
      node.store.nextDeadline(),
      node.member.nextDeadline(),
      node.coordinator.nextDeadline(),
      node.questions.nextDeadline(),
      node.leave.nextDeadline(),
      node.fencing.nextDeadline(),
      nextWatchdogDeadline(node),
      node.restarts.nextDeadline(),
      node.takeovers.nextDeadline(),
      node.attachment.nextDeadline(),
      node.office.nextDeadline(),
      node.arbitration.nextDeadline(),
      node.checks.nextDeadline(),
      node.sharing.nextDeadline(),
      node.trust.nextDeadline(),
      this.#desk.nextDeadline(),
      this.#router.nextDeadline(),
      node.listenUntil > node.now ? node.listenUntil : undefined,
    ];
    let next = Number.POSITIVE_INFINITY;
    for (const deadline of deadlines)
      if (deadline !== undefined && deadline < next) next = deadline;
    return Number.isFinite(next) ? next : undefined;
  }

  step(now: Instant, input: NodeInput): readonly NodeOutput[] {
    const node = this.#node;
    node.now = now;
    node.out = [];
    if (!this.#started) this.#start();
    this.#handle(input);
    // A reading of the clock comes before every other input: nothing follows from it alone.
    if (input.kind === "clock") return node.out;
    this.#settle();
    settleWatchdog(node);
    settleUnfencing(node);
    settleTrust(node);
    const isReleased = releaseStarts(node, this.#router);
    const isAnswered = answerFencer(node);
    if (isReleased || isAnswered || node.toSelf.length > 0) this.#settle();
    this.#advertise();
    return node.out;
  }

  #start(): void {
    this.#started = true;
    const node = this.#node;
    fromMembership(node, node.membership.step(node.now, { kind: "tick" }));
    arbitrationStep(node, { kind: "tick" });
    raftStep(node, { kind: "tick" });
    configureChecks(node);
  }

  #handle(input: NodeInput): void {
    const node = this.#node;
    switch (input.kind) {
      case "tick":
        this.#tick();
        break;
      case "clock":
        this.#clock(input.wall);
        node.coordinator.setWall(input.wall);
        break;
      case "peer":
        if (input.event.kind === "message") this.#message(input.event);
        else peerEvent(node, input.event);
        break;
      case "stored":
        diskWorks(node, input.token);
        fromCib(node, node.store.stored(node.now, input.token));
        break;
      case "store-failed":
        storeFailed(node, input.message);
        break;
      case "agent-done":
        fromMember(node, node.member.lrm(node.now, input));
        break;
      case "probed":
        fromChecks(node, node.checks.step(node.now, input));
        break;
      case "device-done":
        if (!unfencedHere(node, input.runId, input.outcome)) fencerStep(node, input);
        break;
      case "fence-agents":
        agentFacts(node, input.facts);
        break;
      case "watchdog-state":
        watchdogState(node, input.state);
        break;
      case "tie-breaker-answer":
        arbitrationStep(node, { kind: "answer", id: input.id, answer: input.answer });
        break;
      case "request":
        this.#request(input.requestId, input.request);
        break;
      case "shutdown":
        if (input.mode === "leave") beginLeave(node);
        else beginRestart(node);
        break;
    }
  }

  #clock(wall: WallTime): void {
    const node = this.#node;
    const expected = node.wall();
    node.wallReading = { wall, at: node.now };
    clockRead(node, expected);
  }

  #tick(): void {
    const node = this.#node;
    fromMembership(node, node.membership.step(node.now, { kind: "tick" }));
    raftStep(node, { kind: "tick" });
    fromMember(node, node.member.lrm(node.now, { kind: "tick" }));
    fromChecks(node, node.checks.step(node.now, { kind: "tick" }));
    node.takeovers.expire(node.now);
    node.coordinator.setWall(node.wall());
    fromCoordinator(node, node.coordinator.tick(node.now));
    node.questions.tick(node.now);
    tickFencing(node);
    tickTrust(node);
    selfFenceStep(node, { kind: "tick" });
    tickRestarts(node);
    node.office.tick(node);
    arbitrationStep(node, { kind: "tick" });
    this.#desk.tick(node.now);
    this.#router.tick(node.now);
    leaveSteps(node, node.leave.tick(node.now));
    for (const { to, entries } of node.sharing.tick(node.now, follows(node), node.members())) {
      node.tell(to, { t: "history", entries });
    }
  }

  /** A peer may see us in its view a moment before we see it in ours: Raft needs no view. */
  #message(event: Extract<PeerEvent, { kind: "message" }>): void {
    const message = decodeMessage(event.payload);
    this.#node.incarnations.set(event.node, event.incarnation);
    if (message !== undefined) receive(this.#node, this.#router, event.node, message);
  }

  /** What follows from any input, until nothing follows any more. */
  #settle(): void {
    const node = this.#node;
    this.#office();
    for (let next = node.toSelf.shift(); next !== undefined; next = node.toSelf.shift()) {
      receive(node, this.#router, node.self, next);
      this.#office();
    }
    settleAttachment(node);
    if (node.coordinator.settled) this.#desk.settled();
    node.sharing.observe(node.now);
  }

  #office(): void {
    const node = this.#node;
    settleArbitration(node);
    const lost = node.viewLost;
    const changed = node.viewChanged;
    node.viewLost = [];
    node.viewChanged = false;
    for (const name of lost) this.#router.nodeLost(name);
    if (changed) node.sharing.viewChanged(node.now);
    settleOffice(node, () => this.#desk.close(), changed ? lost : undefined);
  }

  #request(requestId: number, request: ControlRequest): void {
    const node = this.#node;
    const respond = (reply: ControlReply): void => {
      node.out.push({ kind: "reply", requestId, reply });
    };
    if (request.method === "leave") {
      respond({ ok: true, result: {} });
      beginLeave(node);
      return;
    }
    const reply = request.method === "attribute" ? ownAttribute(node, request) : undefined;
    if (reply !== undefined) respond(reply);
    else this.#router.handle(node.now, asOf(node.self, request), respond);
  }

  #advertise(): void {
    const node = this.#node;
    const body = node.advert.write({
      dc: follows(node) ?? "",
      term: Math.max(node.election.term, node.member.term),
      definitionVersion: node.store.cib.definition?.version ?? 0,
      active: node.member.activeResources(),
      load: node.member.load(),
    });
    if (body !== undefined) {
      node.out.push({ kind: "messaging", command: { kind: "advertise", body } });
    }
  }
}
