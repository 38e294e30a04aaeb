import { type NoteLevel, note } from "../core/note.ts";
import { Timers } from "../core/timers.ts";
import type { Instant } from "../core/units.ts";
import { compareRank } from "./acting-coordinator.ts";
import { Outbox } from "./outbox.ts";
import { entryWrite, hardWrite } from "./raft-codec.ts";
import { RaftLog } from "./raft-log.ts";
import type {
  DismissReason,
  Entry,
  EntryBody,
  LoadedRaft,
  Peer,
  ProposalFailure,
  RaftMessage,
  RaftMessageBody,
  RaftOptions,
  RaftOutput,
  RaftRole,
  Write,
} from "./raft-types.ts";
import { ABSENT_VOTES, findVoter, isQuorum, type VoterSet, votersOf } from "./voters.ts";

/** What a leader knows of another replica. */
export interface Progress {
  /** Everything up to here is durable there. */
  match: number;
  /** First entry not sent yet. */
  next: number;
  /** Disk that the replica last answered from. */
  disk: string | undefined;
  /** When the last frame was sent that it answered: the lease counts from there. */
  ackAt: Instant;
  /** A snapshot is under way, sent at that time. */
  snapshotAt: Instant | undefined;
}

interface Dismissal {
  readonly why: DismissReason;
}

/** A node's word that it has lost the leader too, and how its log ends. */
export interface EarlyGrant {
  readonly term: number;
  readonly lastIndex: number;
  readonly lastTerm: number;
}

export type RaftTimer =
  | "election"
  | "heartbeat"
  | "lease"
  | "silence"
  | "commit-flush"
  | "window"
  | "transfer"
  | "leave";

/**
 * The state of one replica and what all parts of the machine do with it. Outputs and writes are
 * collected during a step; `finish` turns the writes into one persist.
 */
export class RaftCore {
  readonly options: RaftOptions;
  readonly self: string;
  readonly disk: string;
  readonly log: RaftLog;
  readonly timers = new Timers<RaftTimer>();
  readonly isFresh: boolean;

  now: Instant = 0;
  role: RaftRole = "follower";
  term: number;
  vote: string | undefined;
  leader: string | undefined;
  commit: number;
  applied: number;
  /** The commit index that the last hard state written said. */
  savedCommit: number;
  rules: RaftOptions["rules"];
  priority: number;

  alive = new Map<string, Peer>();
  /** Names dismissed; see the head of `raft.ts`. */
  readonly dismissed = new Map<string, Dismissal>();
  /** Which disk each living peer answered from last. */
  readonly seenDisks = new Map<string, string>();
  inSync = false;
  /** See `Raft.isCurrent`. */
  isCurrent = false;
  /** Who may get votes back; undefined: all. */
  admitted: ReadonlySet<string> | undefined;
  muted = false;
  storageTrouble = false;
  leaving = false;

  /** Candidates: who granted. */
  readonly granted = new Set<string>();
  readonly grantDisks = new Map<string, string>();
  readonly earlyGrants = new Map<string, EarlyGrant>();
  /** A pre-vote refused only because the leader seemed alive: answered when it is lost. */
  deferredPreVote: { readonly from: string; readonly term: number } | undefined;

  /** A leader that gave up by itself: it is not waited for in the next election. */
  resigned: string | undefined;

  /** Leader only. */
  readonly progress = new Map<string, Progress>();
  readonly proposals = new Map<number, { readonly id: string; readonly term: number }>();
  readonly lostSince = new Map<string, Instant>();
  ready = false;
  termStart = 0;
  transferTo: string | undefined;

  durableIndex: number;
  snapshotAsked = false;

  readonly #outbox = new Outbox();
  readonly #noted = new Set<string>();
  #hardDirty = false;
  #votedNow: number | undefined;
  #toldVoters: VoterSet;

  constructor(options: RaftOptions, loaded: LoadedRaft) {
    this.options = options;
    this.self = options.self;
    this.rules = options.rules;
    this.priority = options.priority;
    this.isFresh = loaded.hard === undefined;
    this.term = loaded.hard?.term ?? 0;
    this.vote = loaded.hard?.vote;
    this.disk = loaded.hard?.disk ?? `${options.self}:${options.incarnation}`;
    this.log = new RaftLog(loaded.snapshot, loaded.entries, votersOf(options.rules));
    const base = this.log.baseIndex;
    this.commit = Math.min(Math.max(loaded.hard?.commit ?? 0, base), this.log.lastIndex);
    this.savedCommit = this.commit;
    this.applied = base;
    this.durableIndex = this.log.lastIndex;
    this.#toldVoters = this.voters;
    if (this.isFresh) this.#hardDirty = true;
  }

  // --- What is known of the cluster.

  get voters(): VoterSet {
    return this.log.latestVoters().voters;
  }

  /** The founding this replica certainly belongs to; "" before anything is committed. */
  get founding(): string {
    return this.commit > 0 ? this.log.latestVoters().founding : "";
  }

  /** Whether a vote or acknowledgement of that node from that disk counts. */
  countsFrom(name: string, disk: string | undefined): boolean {
    const voter = findVoter(this.voters, name);
    if (voter === undefined || voter.weight === 0 || disk === undefined) return false;
    return voter.disk === "" || voter.disk === disk;
  }

  /**
   * A voter may stand; and so may who is none any more by an entry that is not known to be committed
   * (thesis §4.2.2): the leader that took its vote may have lost that entry, and then nobody else can
   * be elected against this log. It wins by the votes of the others alone.
   */
  get canStand(): boolean {
    if (this.muted || this.storageTrouble) return false;
    if (this.countsFrom(this.self, this.disk)) return true;
    const own = findVoter(this.log.votersAt(this.commit).voters, this.self);
    return (own?.weight ?? 0) > 0 && (own?.disk === "" || own?.disk === this.disk);
  }

  /** Voters that half of the votes may do without: see rule 6 in `raft.ts`. */
  absentees(): ReadonlySet<string> {
    const names = new Set([...this.seenDisks.keys()].filter((name) => this.hasLostDisk(name)));
    for (const [name, { why }] of this.dismissed) {
      if (this.inSync || why === "operator") names.add(name);
    }
    return names;
  }

  isQuorumOf(counted: ReadonlySet<string>): boolean {
    return isQuorum(this.voters, counted, this.absentees());
  }

  /** Whether the nodes alive could elect and commit. */
  hasLiveQuorum(): boolean {
    const counted = new Set<string>();
    if (this.countsFrom(this.self, this.disk)) counted.add(this.self);
    for (const name of this.alive.keys()) {
      if (!this.dismissed.has(name) && !this.hasLostDisk(name)) counted.add(name);
    }
    return this.isQuorumOf(counted);
  }

  /** A living voter that answers from another disk than the one admitted has lost that. */
  hasLostDisk(name: string): boolean {
    const admitted = findVoter(this.voters, name)?.disk ?? "";
    const seen = this.seenDisks.get(name);
    return admitted !== "" && seen !== undefined && seen !== admitted;
  }

  learnDisk(name: string, disk: string): void {
    if (this.seenDisks.get(name) === disk) return;
    this.seenDisks.set(name, disk);
    if (!this.hasLostDisk(name)) return;
    this.note("warn", "disk-lost", `${name} came back without the state it had; its vote waits.`);
  }

  hasLiveLeader(): boolean {
    if (this.leader === undefined) return false;
    return this.leader === this.self || this.isAlive(this.leader);
  }

  isAlive(name: string): boolean {
    return this.alive.has(name) && !this.dismissed.has(name);
  }

  /** Living voters, this node among them if it counts, best first. */
  electorate(): readonly string[] {
    const peers = [...this.alive.values()].filter((peer) => this.isAlive(peer.name));
    const self = { name: this.self, priority: this.priority };
    const counts = (name: string) => (findVoter(this.voters, name)?.weight ?? 0) > 0;
    return [...peers, self]
      .filter((p) => (p.name === this.self ? this.canStand : counts(p.name)))
      .sort(compareRank)
      .map((p) => p.name);
  }

  /** Those of them that may lead next, in the order in which they stand. */
  candidates(): readonly string[] {
    return this.electorate().filter((name) => name !== this.resigned);
  }

  /** All replicas but this one: of the voter set and of the definition. */
  replicas(): readonly string[] {
    const names = new Set([...this.voters, ...this.rules.nodes].map((node) => node.name));
    names.delete(this.self);
    names.delete(ABSENT_VOTES);
    return [...names].sort();
  }

  // --- Outputs.

  emit(output: RaftOutput): void {
    this.#outbox.emit(output);
  }

  note(level: NoteLevel, event: string, message: string, fields?: Record<string, unknown>): void {
    this.emit(note(level, event, message, fields));
  }

  /** For what would be said again with every frame of that peer. */
  noteOnce(level: NoteLevel, event: string, peer: string, message: string): void {
    const key = `${event} ${peer}`;
    if (this.#noted.has(key)) return;
    this.#noted.add(key);
    this.note(level, event, message, { peer });
  }

  /** Sends at once: for what promises nothing. */
  send(to: string, body: RaftMessageBody): void {
    this.emit({ kind: "send", to, body: this.#addressed(body) });
  }

  /** Sends once everything known now is durable: for votes and acknowledgements. */
  promise(to: string, body: RaftMessageBody): void {
    this.#outbox.promise({ kind: "send", to, body: this.#addressed(body) });
  }

  #addressed(body: RaftMessageBody): RaftMessage {
    return { ...body, founding: this.founding } as RaftMessage;
  }

  emitRole(): void {
    const { role, term, leader, ready } = this;
    this.emit({ kind: "role", role, term, leader, ready: role === "leader" && ready });
  }

  // --- Durable state.

  write(write: Write): void {
    this.#outbox.write(write);
  }

  /** The hard state changed: it goes with this step's persist. */
  touchHard(): void {
    this.#hardDirty = true;
  }

  setTerm(term: number, vote: string | undefined): void {
    this.term = term;
    this.vote = vote;
    this.#hardDirty = true;
  }

  /** Votes for itself in the current term; counts when stored. */
  voteForSelf(): void {
    this.vote = this.self;
    this.#votedNow = this.term;
    this.#hardDirty = true;
  }

  appendOwn(body: EntryBody): Entry {
    const entry = { ...body, index: this.log.lastIndex + 1, term: this.term } as Entry;
    this.appendEntry(entry);
    return entry;
  }

  appendEntry(entry: Entry): void {
    this.log.append(entry);
    this.write(entryWrite(entry));
  }

  /** Marks the write as done; returns whether this node's own vote in the current term is durable. */
  stored(id: number): { readonly ownVote: boolean } {
    let ownVote = false;
    for (const done of this.#outbox.stored(id)) {
      if (done.voteTerm === this.term) ownVote = true;
      // What was replaced meanwhile is not durable in its new form yet.
      const same = this.log.termAt(done.lastIndex) === done.lastTerm;
      if (same && done.lastIndex > this.durableIndex) this.durableIndex = done.lastIndex;
    }
    return { ownVote };
  }

  /** Ends a step: one persist for all writes, with the promises that depend on it. */
  finish(): readonly RaftOutput[] {
    if (this.#hardDirty) {
      const { term, vote, disk, commit } = this;
      this.write(hardWrite({ term, vote, disk, commit }));
      this.savedCommit = commit;
    }
    if (this.voters !== this.#toldVoters) {
      this.#toldVoters = this.voters;
      this.emit({ kind: "voters", voters: this.voters });
    }
    const { lastIndex, lastTerm } = this.log;
    const voteTerm = this.#votedNow;
    this.#hardDirty = false;
    this.#votedNow = undefined;
    return this.#outbox.flush({ lastIndex, lastTerm, voteTerm });
  }

  // --- Roles.

  /** Follows `leader` (or nobody yet) in `term`. */
  becomeFollower(term: number, leader: string | undefined): void {
    const before = `${this.role} ${this.term} ${this.leader}`;
    if (this.role === "leader") this.#abandonLeadership();
    if (term > this.term) {
      this.setTerm(term, undefined);
      this.earlyGrants.clear();
    }
    this.role = "follower";
    this.leader = leader;
    this.granted.clear();
    this.timers.clear("election");
    if (leader !== undefined) {
      this.earlyGrants.clear();
      this.resigned = undefined;
      this.timers.set("silence", this.now + this.options.leaderSilenceMs);
    } else this.timers.clear("silence");
    if (`follower ${term} ${leader}` !== before) this.emitRole();
  }

  #abandonLeadership(): void {
    this.ready = false;
    this.transferTo = undefined;
    this.progress.clear();
    this.lostSince.clear();
    for (const timer of ["heartbeat", "lease", "window", "transfer"] as const) {
      this.timers.clear(timer);
    }
    const waiting = [...this.proposals.values()];
    this.proposals.clear();
    // They may yet be committed by the next leader.
    for (const { id } of waiting) this.refuseProposal(id, "unknown");
  }

  refuseProposal(id: string, reason: ProposalFailure): void {
    const isOver = this.leader === this.self && (this.role !== "leader" || reason === "unknown");
    const leader = isOver ? undefined : this.leader;
    this.emit({ kind: "proposal-result", id, result: { ok: false, reason, leader } });
  }
}
