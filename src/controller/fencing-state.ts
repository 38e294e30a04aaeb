import { SeededRandom } from "../core/random.ts";
import type { Instant, Millis, WallTime } from "../core/units.ts";
import type {
  FenceAgentFacts,
  FenceOperation,
  FencerInput,
  FencerOutput,
} from "../fencing/fence-types.ts";
import { Fencer } from "../fencing/fencer.ts";
import { SelfFence } from "../fencing/self-fence.ts";
import type { FencingRecord } from "../model/cib.ts";
import type { WatchdogState } from "../model/watchdog.ts";
import { unspared } from "./fencing-priority.ts";
import type { WatchdogWait } from "./fencing-watchdog.ts";
import type { NodeCore } from "./node-core.ts";
import type { Coordination, NodeMessage } from "./node-message.ts";
import type { ForSuccessor } from "./office-moves.ts";

/** What whoever asked for a fencing is told once the result is committed. */
export interface FencingAnswer {
  readonly ok: boolean;
  readonly confirmed: boolean;
  readonly device?: string;
  readonly detail: string;
  readonly durationMs: Millis;
}

export interface FencingWish {
  readonly key: string;
  readonly target: string;
  readonly operation: FenceOperation;
  readonly reason: string;
  readonly requestedBy: string;
  readonly timeoutMs: Millis;
  readonly delayMs?: Millis;
  readonly byHand?: boolean;
  /** With `on`: the plan wants the node let in. */
  readonly unfence?: boolean;
  readonly answer: (answer: FencingAnswer) => void;
}

export interface AskedFencing extends FencingWish {
  /** Of its record in the CIB. */
  readonly id: string;
  readonly startedAt: WallTime;
  /** The life of the target that was known then. */
  readonly incarnation: number | undefined;
}

/** A device run for the coordinator, which is told of it under that key. */
interface OwnRun {
  readonly from: string;
  readonly by: Coordination;
  readonly key: string;
}

/** An order to start something, and whose it is. */
export interface HeldStart {
  readonly from: string;
  readonly message: Extract<NodeMessage, { t: "order" }>;
}

interface Failures {
  readonly count: number;
  readonly id: string;
  readonly since: WallTime;
  readonly detail: string;
}

/** A success that is not in the CIB yet. */
export interface Uncommitted {
  readonly record: FencingRecord;
  readonly done: () => void;
  /** Instead of `done`: the node came back before, and what is committed says nothing of it now. */
  readonly dropped: () => void;
  proposed: boolean;
  isBack: boolean;
  /** Plans that wanted the same before it was committed: they are answered with it. */
  readonly alsoAsked: ((answer: FencingAnswer) => void)[];
}

/**
 * What a node knows of fencing as the coordinator. The rules are in the functions below.
 *
 * Theory of operation: nothing is switched before it is committed that it will be. That proves that a
 * quorum is still there *after* the loss: a coordinator that was cut off itself loses the others one
 * by one, and for a moment believes that it has quorum without the first. Nothing starts on the strength of a fencing before its record is committed;
 * a later coordinator reads there that the node is off. The record holds until the node is a member
 * again in a later life, which is recorded as well (`over`). A survivor without quorum (two nodes)
 * fences first, then counts the other as absent, and so can be elected and commit the record.
 */
export class FencingDuty {
  readonly fencer: Fencer;
  readonly asked = new Map<string, AskedFencing>();
  readonly probes = new Map<string, (output: Extract<FencerOutput, { kind: "probed" }>) => void>();
  readonly uncommitted: Uncommitted[] = [];
  /** Fencings of this node that a person asked it for. */
  readonly forSuccessor: ForSuccessor[] = [];
  /** Wishes that could not be committed for the moment. */
  readonly notBegun: AskedFencing[] = [];
  /** Failures in a row by target (`on TARGET`: of letting it in): how many, since when, and the id of their one record. */
  readonly failures = new Map<string, Failures>();
  /** Records whose end was proposed. */
  readonly ending = new Set<string>();
  /** Leaves that the CIB records, as last read: node to the life that left. */
  readonly recordedLeaves = new Map<string, number>();
  /** Members that were fenced, with the life that ended so, and when. */
  readonly fencedLives = new Map<string, { readonly incarnation: number; readonly at: Instant }>();
  /** This node's own watchdog: who feeds it, and what came of arming it. */
  readonly selfFence = new SelfFence();
  watchdog: WatchdogState | undefined;
  /** What is not started before that watchdog is armed. */
  heldStarts: HeldStart[] = [];
  /** Waits for the watchdogs of others by device run, whom was told of it, and answers to give. */
  readonly waits = new Map<number, WatchdogWait>();
  readonly told = new Set<string>();
  readonly answers: FencerInput[] = [];
  /** What the metadata of the fence agents says, as far as it is known. */
  agentFacts: ReadonlyMap<string, FenceAgentFacts> = new Map();
  /** Calls that the node itself was asked to carry out, and those that were asked of this node. */
  readonly onTarget = new Map<number, string>();
  readonly ownRuns = new Map<number, OwnRun>();
  /** Nodes whose watchdogs the fencer counts on, as it was last told. */
  watchdogTargets = "";
  readonly startedAt: Instant;
  count = 0;
  retryAt: Instant | undefined;

  constructor(options: {
    readonly seed: number;
    readonly now: Instant;
    readonly guard: (target: string, busy: readonly string[]) => string | undefined;
  }) {
    this.startedAt = options.now;
    this.fencer = new Fencer({
      random: new SeededRandom(options.seed),
      guard: (target) => options.guard(target, this.fencer.busy()),
    });
  }

  nextDeadline(): Instant | undefined {
    const [first] = this.forSuccessor;
    const all = [this.fencer.nextDeadline(), this.retryAt, first?.until];
    const known = all.filter((each) => each !== undefined);
    return known.length === 0 ? undefined : Math.min(...known);
  }
}

export function makeFencingDuty(node: NodeCore): FencingDuty {
  const { self, options } = node;
  let seed = options.incarnation;
  for (const letter of self) seed = (seed * 31 + (letter.codePointAt(0) ?? 0)) % 0x1f_ffff_ffff;
  return new FencingDuty({
    seed,
    now: node.now,
    guard: (target, busy) => unspared(node.force.definition, node.view, target, busy),
  });
}
