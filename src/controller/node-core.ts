import { type LoadedRaft, RAFT_DEFAULTS } from "../consensus/raft-types.ts";
import type { Instant, Millis, WallTime } from "../core/units.ts";
import { HealthChecks } from "../lrm/health-checks.ts";
import { LocalManager, type LocalManagerOptions } from "../lrm/local-manager.ts";
import { Membership, type View } from "../membership/membership.ts";
import { SplitArbitration } from "../membership/split-arbitration.ts";
import type { CibResult } from "../model/cib.ts";
import type { Definition } from "../model/definition.ts";
import { AdvertWriter } from "./advert-writer.ts";
import { Coordinator } from "./coordinator.ts";
import type { Planner, SlicedPlanner } from "./coordinator-ports.ts";
import { DefinitionInForce } from "./definition-in-force.ts";
import { type FencingDuty, makeFencingDuty } from "./fencing-state.ts";
import { unfencedAttributes } from "./fencing-unfence.ts";
import { HistorySharing } from "./history-sharing.ts";
import { IncidentRecorder } from "./incident-recorder.ts";
import { LeaveSequence } from "./leave-sequence.ts";
import { LinkTable } from "./link-table.ts";
import { MemberDuty } from "./member-duty.ts";
import { Attachment } from "./node-attachment.ts";
import type { NodeOutput } from "./node-io.ts";
import { encodeMessage, type NodeMessage } from "./node-message.ts";
import { policyNow } from "./node-planning.ts";
import { Restarts } from "./node-restart.ts";
import { Takeovers } from "./node-takeover.ts";
import { arbitrationSettings } from "./node-tie-breaker.ts";
import { Trust, trustAttributes } from "./node-trust.ts";
import { OfficeChoice } from "./office-choice.ts";
import { PlanQuestions } from "./plan-questions.ts";
import { ReplicatedCib } from "./replicated-cib.ts";

export interface NodeOptions {
  readonly self: string;
  /** Grows with every start of this daemon. */
  readonly incarnation: number;
  /** What the local file says; in force until the cluster has committed something. */
  readonly definition: Definition;
  readonly stored: LoadedRaft;
  readonly planner: Planner;
  readonly slicedPlanner?: SlicedPlanner;
  readonly environment: LocalManagerOptions["environment"];
  readonly version: string;
  /** Which boot of the machine this is; default: every start of the daemon counts as one. */
  readonly boot?: string;
  readonly now: Instant;
  readonly wall: WallTime;
}

/** What this node knows of the election. */
export interface ElectionState {
  readonly leads: boolean;
  readonly ready: boolean;
  readonly term: number;
  readonly leader: string | undefined;
}

/** Longest time between a start and the first act as coordinator without quorum. */
const LISTEN_MS: Millis = 1_000;

/** How long a view may take to form once somebody was heard. */
const FORM_DELAY_MS: Millis = 20;

/**
 * The parts of a node and what they share. The rules by which they work together are in the
 * `node-*.ts` files beside this one; nothing outside of them touches it.
 */
export class NodeCore {
  readonly self: string;
  readonly options: NodeOptions;
  readonly membership: Membership;
  /** Asks the tie-breaker of the definition, where there is one. */
  readonly arbitration: SplitArbitration;
  /** The last DC that this node followed. */
  lastDc: string | undefined;
  readonly store: ReplicatedCib;
  readonly member: MemberDuty;
  readonly coordinator: Coordinator;
  readonly questions: PlanQuestions;
  readonly force: DefinitionInForce;
  readonly checks = new HealthChecks();
  readonly links = new LinkTable();
  readonly leave = new LeaveSequence();
  readonly restarts = new Restarts();
  readonly takeovers = new Takeovers();
  readonly attachment = new Attachment();
  readonly office = new OfficeChoice();
  readonly incidents: IncidentRecorder;
  readonly sharing: HistorySharing;
  readonly fencing: FencingDuty;
  readonly trust: Trust;
  readonly advert = new AdvertWriter();
  readonly proposals = new Map<string, (result: CibResult) => void>();
  /** Last incarnation heard of each peer. */
  readonly incarnations = new Map<string, number>();
  readonly toSelf: NodeMessage[] = [];
  /** Until then this node only listens, unless a quorum elects it; it ends in the first quorate view. */
  listenUntil: Instant;
  proposalCount = 0;
  /** Which definition each peer was told of that works by an older one, and in which of its lives. */
  readonly definitionsTold = new Map<string, string>();
  /** The definition in force may be older than the newest committed one: `ReplicatedCib.isCurrent`. */
  unconfirmed = false;
  view: View | undefined;
  election: ElectionState = { leads: false, ready: false, term: 0, leader: undefined };
  wallReading: { readonly wall: WallTime; readonly at: Instant };
  /** Somebody came back: addresses are announced again once all has settled. */
  announceWhenSettled = false;
  /** The view changed in this step, and these nodes fell out of it. */
  viewChanged = false;
  viewLost: string[] = [];
  now: Instant;
  out: NodeOutput[] = [];

  constructor(options: NodeOptions) {
    const { self, incarnation, definition, now } = options;
    this.self = self;
    this.options = options;
    this.now = now;
    this.wallReading = { wall: options.wall, at: now };
    this.trust = new Trust(now);
    this.listenUntil = now + LISTEN_MS + 3 * definition.messaging.advertIntervalMs;
    this.force = new DefinitionInForce(self, definition);
    const { nodes, quorum } = definition;
    this.membership = new Membership({
      self,
      incarnation,
      nodes,
      quorum,
      formDelayMs: FORM_DELAY_MS,
      graceMs: 5 * definition.messaging.advertIntervalMs,
    });
    this.arbitration = new SplitArbitration(arbitrationSettings(definition));
    this.store = new ReplicatedCib(
      { ...RAFT_DEFAULTS, self, incarnation, rules: { nodes, quorum } },
      options.stored,
    );
    this.member = new MemberDuty(
      new LocalManager({
        node: self,
        incarnation,
        wallClock: () => this.recordTime(),
        environment: options.environment,
      }),
    );
    this.coordinator = new Coordinator({
      self,
      incarnation,
      planner: options.planner,
      slicedPlanner: options.slicedPlanner,
      policy: (wall) => policyNow(this, wall),
      cib: () => this.store.cib,
      attributes: (name) => ({
        ...unfencedAttributes(this, name),
        ...trustAttributes(this, name),
      }),
    });
    const { coordinator } = this;
    this.questions = new PlanQuestions({
      planner: options.planner,
      slicedPlanner: options.slicedPlanner,
      get isPlanning() {
        return coordinator.isPlanning;
      },
    });
    this.fencing = makeFencingDuty(this);
    this.incidents = new IncidentRecorder(`${self}/${incarnation}`, (entry) =>
      this.out.push({ kind: "timeline", entry }),
    );
    this.sharing = new HistorySharing(self, this.incidents.timeline);
  }

  /** The wall clock as last read, moved on by the monotonic one. */
  wall(): WallTime {
    return Math.round(this.wallReading.wall + (this.now - this.wallReading.at));
  }

  /**
   * The time that results are dated with. Unlike the wall clock it never goes back: the engine takes
   * the result with the later date for the later one, so a failure must not look older than the success before.
   */
  recordTime(): WallTime {
    this.#recordedAt = Math.max(this.#recordedAt, this.wall());
    return this.#recordedAt;
  }
  #recordedAt: WallTime = 0;

  /** The members of the view with their incarnations, this node included. */
  members(): Map<string, number> {
    const members = new Map([[this.self, this.options.incarnation]]);
    for (const peer of this.view?.peers ?? []) members.set(peer.name, peer.incarnation);
    return members;
  }

  /** Sends a message to a node; what is meant for this node is delivered within the same step. */
  tell(node: string, message: NodeMessage): void {
    if (node === this.self) {
      this.toSelf.push(message);
      return;
    }
    const payload = encodeMessage(message);
    this.out.push({ kind: "messaging", command: { kind: "send", to: node, payload } });
  }
}
