import type { Machine, Tick } from "../core/machine.ts";
import { type Note, note } from "../core/note.ts";
import type { Instant, Millis } from "../core/units.ts";
import {
  isSameElectorate,
  type RegisterState,
  type TieBreakerAnswer,
  type TieBreakerAsk,
  type TieBreakerMeans,
} from "../model/vote-register.ts";
import type { TieBreakVerdict } from "./quorum.ts";

/**
 * Asks the tie-breaker of the definition, and says what its answers mean for this node.
 *
 * **Arbiter and disk** keep a register with the names of those whose votes count (`RegisterState`).
 *
 *                 leader: all voters are here                one half claims it
 *     (nothing) ───────────────────────────────► {a b c d} ─────────────────────► {a b}
 *                                                    ▲                              │
 *                                                    └──────────────────────────────┘
 *                                                     leader: c, d are back and have caught up
 *
 * 1. In an even split a side claims the register by a swap from the electorate it knows to its own
 *    names. It has quorum once an answer, to a question asked after the split began, shows the
 *    register holding just its names. If the register holds anything else it is refused.
 * 2. The side that has it commits the smaller voter set (`raft.ts`, rule 6 d), so it needs no further
 *    word: not after a restart, and not if the tie-breaker goes away.
 * 3. A leader lets votes count (again) only after the register names them. The order matters: were
 *    they counted first, the other old half could claim the register against the new majority.
 *    `admit` tells Raft which nodes may get votes back; without a fresh answer, none.
 * 4. Register and voter set may so differ for a moment, and then the register is the stricter of the
 *    two: a claim whose electorate is not the register's is refused. If the leader dies in just that
 *    moment, nobody goes on before it is back: safe, and rare.
 * 5. Nothing rests on time. A register that was lost (a new disk, an arbiter's state removed) says
 *    nothing, and decides nothing until a leader with all voters here has filled it again.
 *
 * **Ping** only says whether this side reaches any target. Both sides of a split may, so a good answer
 * permits to fence the others and no more; a bad one forbids it.
 */
export interface ArbitrationSettings {
  /** Undefined: no tie-breaker. */
  readonly means: TieBreakerMeans | undefined;
  /** Where it is, for people: an address, a path. */
  readonly place: string;
  /** How often it is asked while nothing is to be decided, to know that it answers. */
  readonly pollMs: Millis;
  /** An ask without answer is repeated after so long. */
  readonly retryMs: Millis;
}

/** What the node knows that bears on it; given after every change. */
export interface Situation {
  /** Exactly half of the counting votes are here. */
  readonly split:
    | {
        readonly electorate: readonly string[];
        readonly side: readonly string[];
        /** This node's log is known to be complete enough to lead on the strength of a claim. */
        readonly mayClaim: boolean;
        /** The DC is not on this side: the other side goes first. */
        readonly lostDc: boolean;
      }
    | undefined;
  /** This node is the DC and all counting voters are here: who should count. */
  readonly wanted: readonly string[] | undefined;
}

export type ArbitrationInput =
  | Tick
  | { readonly kind: "settings"; readonly settings: ArbitrationSettings }
  | { readonly kind: "situation"; readonly situation: Situation }
  | { readonly kind: "answer"; readonly id: number; readonly answer: TieBreakerAnswer };

export type ArbitrationOutput =
  | Note
  | { readonly kind: "ask"; readonly ask: TieBreakerAsk }
  | { readonly kind: "verdict"; readonly verdict: TieBreakVerdict }
  /** Who may get votes (back) now; undefined: anybody, no register has a say. */
  | { readonly kind: "admit"; readonly names: readonly string[] | undefined }
  /** What `status` shows has changed. */
  | { readonly kind: "changed" };

/** The side without the DC waits so long before its claim, so that the DC's side is asked first. */
const COURTESY_MS: Millis = 300;

/**
 * Until then it looks so often whether the other side has claimed, so that it lets go soon; and the
 * other side counts on that (`node-takeover.ts`).
 */
export const LOOK_AGAIN_MS: Millis = 50;

/** Pings that must fail in a row before this side counts as cut off: one lost packet is nothing. */
const PINGS_FAILED = 2;

const NOTHING: Situation = { split: undefined, wanted: undefined };

/** What `status` shows of the tie-breaker. */
export interface ArbitrationReport {
  readonly means: TieBreakerMeans;
  readonly place: string;
  /** ok: it answered last time; failing: it did not; unknown: not asked yet. */
  readonly state: "ok" | "failing" | "unknown";
  /** When it answered last. */
  readonly answeredAt: Instant | undefined;
  readonly detail: string;
  /** Disk: the nodes whose slots were written lately. */
  readonly writers: readonly string[];
}

/** A slot that did not change for so many answers belongs to a node that does not write. */
const BEATS_MISSED = 3;

export class SplitArbitration implements Machine<ArbitrationInput, ArbitrationOutput> {
  #settings: ArbitrationSettings;
  #situation = NOTHING;
  #situationKey = "[null,null,null]";
  #since: Instant = 0;
  #asked: { readonly ask: TieBreakerAsk; readonly at: Instant } | undefined;
  #lastAsk = 0;
  #nextAt: Instant | undefined;
  #register: { readonly state: RegisterState | undefined; readonly askedAt: Instant } | undefined;
  #answeredAt: Instant | undefined;
  #failure: string | undefined;
  #failedSince = false;
  #wasDeciding = false;
  #pingsFailed = 0;
  #reached: readonly string[] = [];
  readonly #beats = new Map<string, { beat: number; unchanged: number }>();
  #verdict: TieBreakVerdict = "unknown";
  #admitted: string | undefined;
  #outputs: ArbitrationOutput[] = [];

  constructor(settings: ArbitrationSettings) {
    this.#settings = settings;
    if (settings.means !== undefined) this.#nextAt = 0;
  }

  nextDeadline(): Instant | undefined {
    return this.#nextAt;
  }

  /** Undefined: the definition has no tie-breaker. */
  get means(): TieBreakerMeans | undefined {
    return this.#settings.means;
  }

  /** Undefined: the definition has no tie-breaker. */
  report(): ArbitrationReport | undefined {
    const { means, place } = this.#settings;
    if (means === undefined) return undefined;
    const answeredAt = this.#answeredAt;
    const writers = this.#writers();
    if (this.#failure !== undefined) {
      return { means, place, state: "failing", answeredAt, detail: this.#failure, writers };
    }
    const state = answeredAt === undefined ? "unknown" : "ok";
    return { means, place, state, answeredAt, detail: this.#describe(), writers };
  }

  /**
   * A verdict is to be expected in a moment. Not while the tie-breaker does not answer, nor where
   * this side may not claim it.
   */
  isDeciding(): boolean {
    const { means } = this.#settings;
    const { split } = this.#situation;
    if (means === undefined || split === undefined || this.#failedSince) return false;
    if (this.#verdict !== "unknown") return false;
    if (means === "ping") return true;
    const fresh = this.#fresh();
    return split.mayClaim && (fresh === undefined || fresh.state !== undefined);
  }

  #writers(): readonly string[] {
    const writing = [...this.#beats].filter(([, { unchanged }]) => unchanged < BEATS_MISSED);
    return writing.map(([name]) => name).sort();
  }

  #onBeats(beats: Readonly<Record<string, number>>): void {
    for (const [name, beat] of Object.entries(beats)) {
      const known = this.#beats.get(name);
      // Of a slot seen for the first time it is not known whether it still changes.
      if (known === undefined) this.#beats.set(name, { beat, unchanged: BEATS_MISSED });
      else if (known.beat === beat) known.unchanged += 1;
      else this.#beats.set(name, { beat, unchanged: 0 });
    }
  }

  #describe(): string {
    if (this.#answeredAt === undefined) return "not asked yet";
    if (this.#settings.means === "ping") return `reached: ${this.#reached.join(", ") || "none"}`;
    const state = this.#register?.state;
    if (state === undefined) return "knows nothing of this cluster until all voters were here";
    return `counts ${state.electorate.join(", ")} (change ${state.number})`;
  }

  step(now: Instant, input: ArbitrationInput): readonly ArbitrationOutput[] {
    this.#outputs = [];
    if (input.kind === "settings") this.#configure(now, input.settings);
    else if (input.kind === "situation") this.#onSituation(now, input.situation);
    else if (input.kind === "answer") this.#onAnswer(now, input.id, input.answer);
    this.#decide(now);
    this.#askWhenDue(now);
    const isDeciding = this.isDeciding();
    if (isDeciding !== this.#wasDeciding) this.#outputs.push({ kind: "changed" });
    this.#wasDeciding = isDeciding;
    return this.#outputs;
  }

  #configure(now: Instant, settings: ArbitrationSettings): void {
    const before = this.#settings;
    this.#settings = settings;
    if (before.means === settings.means && before.place === settings.place) return;
    this.#register = undefined;
    this.#answeredAt = undefined;
    this.#failure = undefined;
    this.#pingsFailed = 0;
    this.#reached = [];
    this.#asked = undefined;
    this.#nextAt = settings.means === undefined ? undefined : now;
    this.#outputs.push({ kind: "changed" });
  }

  #onSituation(now: Instant, situation: Situation): void {
    const { split, wanted } = situation;
    const key = JSON.stringify([split?.electorate, split?.side, wanted]);
    this.#situation = situation;
    if (key === this.#situationKey) return;
    this.#situationKey = key;
    this.#since = now;
    this.#failedSince = false;
    this.#pingsFailed = 0;
    if (this.#settings.means === undefined) return;
    // What is under way may have been answered before this began.
    if (split !== undefined || wanted !== undefined) {
      this.#asked = undefined;
      this.#nextAt = now;
    }
  }

  #onAnswer(now: Instant, id: number, answer: TieBreakerAnswer): void {
    const asked = this.#asked;
    if (asked === undefined || asked.ask.id !== id) return;
    this.#asked = undefined;
    this.#nextAt = now + this.#settings.pollMs;
    if (answer.kind === "failed") {
      this.#failed(answer.detail);
      this.#pinged([]);
      if (this.#isPressing()) this.#nextAt = now + this.#settings.retryMs;
      return;
    }
    const { means, place } = this.#settings;
    if (this.#failure !== undefined || this.#answeredAt === undefined) {
      this.#note("info", "tie-breaker", `The tie-breaker (${means} ${place}) answers.`);
      this.#outputs.push({ kind: "changed" });
    }
    this.#failure = undefined;
    this.#answeredAt = now;
    if (answer.kind === "register") {
      this.#register = { state: answer.state, askedAt: asked.at };
      this.#onBeats(answer.beats ?? {});
      this.#fillNext(now, asked.ask);
    } else this.#pinged(answer.reached);
  }

  /** A leader whose voters the register does not name yet changes it. */
  #fillNext(now: Instant, answered: TieBreakerAsk): void {
    const { split, wanted } = this.#situation;
    if (split !== undefined || wanted === undefined || this.#isCounted(wanted)) return;
    this.#nextAt = answered.request?.kind === "read" ? now : now + this.#settings.retryMs;
  }

  #failed(detail: string): void {
    if (this.#failure === undefined) {
      const { means, place } = this.#settings;
      this.#note("warn", "tie-breaker", `The tie-breaker (${means} ${place}) fails: ${detail}.`);
      this.#outputs.push({ kind: "changed" });
    }
    this.#failure = detail;
    if (this.#situation.split !== undefined) this.#failedSince = true;
  }

  #pinged(reached: readonly string[]): void {
    this.#reached = reached;
    this.#pingsFailed = reached.length > 0 ? 0 : this.#pingsFailed + 1;
  }

  /** Something waits for an answer. */
  #isPressing(): boolean {
    const { split, wanted } = this.#situation;
    if (split !== undefined) return this.#verdict !== "granted";
    return wanted !== undefined && this.#settings.means !== "ping" && !this.#isCounted(wanted);
  }

  /** The register, if an answer to a question asked since the situation began showed it. */
  #fresh(): { readonly state: RegisterState | undefined } | undefined {
    const register = this.#register;
    return register !== undefined && register.askedAt >= this.#since ? register : undefined;
  }

  #isCounted(names: readonly string[]): boolean {
    const state = this.#fresh()?.state;
    return state !== undefined && isSameElectorate(state.electorate, names);
  }

  // --- What it means.

  #decide(now: Instant): void {
    const { means } = this.#settings;
    const { split, wanted } = this.#situation;
    const verdict = split === undefined ? "unknown" : this.#judge(now, split);
    if (verdict !== this.#verdict) {
      this.#verdict = verdict;
      this.#outputs.push({ kind: "verdict", verdict });
    }
    const isRegister = means === "arbiter" || means === "disk";
    const names = wanted !== undefined && this.#isCounted(wanted) ? wanted : [];
    const admitted = isRegister ? names : undefined;
    const key = JSON.stringify(admitted) ?? "all";
    if (key === this.#admitted) return;
    this.#admitted = key;
    this.#outputs.push({ kind: "admit", names: admitted });
  }

  #judge(now: Instant, split: NonNullable<Situation["split"]>): TieBreakVerdict {
    if (this.#settings.means === "ping") {
      if (this.#answeredAt !== undefined && this.#answeredAt >= this.#since) {
        if (this.#pingsFailed === 0) return "granted";
      }
      return this.#pingsFailed >= PINGS_FAILED ? "refused" : "unknown";
    }
    const state = this.#fresh()?.state;
    if (state === undefined) return "unknown";
    if (isSameElectorate(state.electorate, split.side)) return "granted";
    if (!isSameElectorate(state.electorate, split.electorate)) return "refused";
    if (this.#mayClaim(now, split)) this.#nextAt = now;
    else if (split.mayClaim) {
      const lookAt = (this.#register?.askedAt ?? now) + LOOK_AGAIN_MS;
      this.#nextAt = Math.min(this.#since + COURTESY_MS, lookAt);
    }
    return "unknown";
  }

  #mayClaim(now: Instant, split: NonNullable<Situation["split"]>): boolean {
    return split.mayClaim && now >= this.#since + (split.lostDc ? COURTESY_MS : 0);
  }

  // --- Asking.

  #askWhenDue(now: Instant): void {
    const { means, retryMs } = this.#settings;
    if (means === undefined) return;
    if (this.#asked !== undefined) {
      const late = this.#asked.at + retryMs * (this.#isPressing() ? 1 : 4);
      if (now < late) {
        this.#nextAt = late;
        return;
      }
      this.#failed("no answer");
      this.#pinged([]);
      this.#decide(now);
    } else if (this.#nextAt !== undefined && now < this.#nextAt) return;
    this.#lastAsk += 1;
    const request = this.#request(now);
    const ask = { id: this.#lastAsk, means, ...(means === "ping" ? {} : { request }) };
    this.#asked = { ask, at: now };
    this.#nextAt = now + retryMs * (this.#isPressing() ? 1 : 4);
    this.#outputs.push({ kind: "ask", ask });
  }

  #request(now: Instant): NonNullable<TieBreakerAsk["request"]> {
    const { split, wanted } = this.#situation;
    const fresh = this.#fresh();
    if (fresh === undefined) return { kind: "read" };
    const number = fresh.state?.number ?? 0;
    if (split !== undefined) {
      const { electorate } = fresh.state ?? { electorate: [] };
      const claims = isSameElectorate(electorate, split.electorate) && this.#mayClaim(now, split);
      return claims ? { kind: "swap", number, electorate: split.side } : { kind: "read" };
    }
    if (wanted !== undefined && !this.#isCounted(wanted)) {
      return { kind: "swap", number, electorate: wanted };
    }
    return { kind: "read" };
  }

  #note(level: "info" | "warn", event: string, message: string): void {
    this.#outputs.push(note(level, event, message));
  }
}
