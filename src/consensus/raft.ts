import type { Machine } from "../core/machine.ts";
import type { Instant } from "../core/units.ts";
import {
  considerElection,
  onElectionTimer,
  onLeaderLost,
  onOwnVoteStored,
  onPreVote,
  onPreVoteReply,
  onVote,
  onVoteReply,
  startVote,
} from "./election.ts";
import {
  checkReady,
  continueTransfer,
  leaseEnd,
  onHeartbeatTimer,
  onLeaseTimer,
  onPeersChanged,
  onTransferTimer,
  startTransfer,
  stepDown,
} from "./leadership.ts";
import { checkLeft, haveLeft, startLeaving } from "./leaving.ts";
import { RaftCore, type RaftTimer } from "./raft-core.ts";
import type {
  Command,
  LoadedRaft,
  Peer,
  RaftInput,
  RaftMessage,
  RaftOptions,
  RaftOutput,
  RaftRole,
} from "./raft-types.ts";
import {
  advanceCommit,
  applyCommitted,
  broadcast,
  onAppend,
  onAppendReply,
  onSnapshot,
  onSnapshotTaken,
  progressOf,
  replicateTo,
} from "./replication.ts";
import { possibleElectorate } from "./voter-changes.ts";
import type { VoterSet } from "./voters.ts";

/**
 * The election of the DC and the replication of the CIB: Raft (Ongaro's thesis), with pre-vote,
 * snapshots, single-voter changes, leadership transfer and a lease.
 *
 *     follower ──leader lost, quorum alive──► pre-candidate ──quorum would vote──► candidate
 *        ▲  ▲                                      │ refused, timed out              │ quorum voted,
 *        │  └──────────────────────────────────────┴─────────────◄───────────────────┤ own vote stored
 *        └── higher term, quorum lost, lease over, storage trouble ── leader ◄───────┘
 *
 * 1. The failure detector starts elections (`peers` inputs); timers only retry. See `election.ts`.
 * 2. Promises (a vote, an acknowledgement) leave in `whenDurable` of the write that they depend on.
 *    Requests leave at once: the candidate's own vote and the leader's own log count when stored.
 *    So a takeover costs a pre-vote, a vote and an append: two sequential fsyncs, on the voter's
 *    side, while the candidate's run beside them.
 * 3. A leader is *ready* once an entry of its term is committed. Only then may it act as DC.
 * 4. A leader whose living peers are no quorum steps down at once; so does one that no quorum
 *    acknowledged within the lease. A follower votes against a leader only after its own failure
 *    detector lost it, which takes at least as long as the lease, counted from a later moment.
 * 5. Votes count by disk: see `voters.ts`. A node without the state it had (new, or lost disk)
 *    follows, and counts once the leader has admitted its disk. Limits: while a cluster is being
 *    founded (no committed entry yet) disks are not told apart, so a disk must not be lost between a
 *    node's first vote and its admission; and if a majority lost their disks at once, they found
 *    the cluster anew. Every message carries the founding's id, so survivors of the old cluster
 *    refuse the new one and say so instead of mixing both.
 * 6. **Dismissed peers.** With exactly half of the votes alive (two nodes, one left) a majority is
 *    out of reach. Half is enough if every other voter is *dismissed*: certain not to act, because
 *    fencing is confirmed, it left cleanly, an exclusive tie-breaker refused it, or an operator
 *    swears so. Why that is safe:
 *    a. Half of the votes intersects every majority, so with a majority's commits the usual vote
 *       check (log at least as complete) finds them.
 *    b. It does not intersect the other half, which may have led alone while *we* were dismissed.
 *       Then we were fenced, had left or were refused; so since then we have restarted, are mute,
 *       or were told. Hence dismissals count only while `inSync`: not after a start (or a refusal)
 *       until a leader that counts us as a voter has brought us up to its commit index, or we have
 *       been elected. From that moment nothing is committed without us until we are dismissed.
 *       (This is `wait-for-all` for the CIB: after a cold start a lone node waits for the other.)
 *    c. Both halves cannot dismiss each other while the reasons are true: fencing has one winner,
 *       a tie-breaker too. With a tie-breaker configured, nobody may be fenced by the side that it
 *       refused or before its verdict.
 *    d. The first thing a leader does that needs a dismissal is to take the dismissed voters'
 *       weight to 0 by a committed entry. From then on the log itself says who counts: this node
 *       may restart alone and lead, the other cannot lead without it. When the other is back and
 *       has caught up its votes are restored.
 *    e. A living voter that says it lost its disk counts as absent in the same way, `inSync` or not:
 *       its old self can never act again, and its new self is with us. (What only that disk held,
 *       after it had led alone, is lost with it whatever we do.)
 *    A dismissal ends when the node is seen again (`peers` with it after one without it, or with a
 *    new incarnation). An operator's word skips `inSync`: whoever gives it accepts that commits
 *    known only to the dismissed node are lost.
 * 7. `no-quorum-policy: ignore` is nothing of ours: without a quorum nobody leads, and
 *    `actingCoordinator` names who coordinates that partition.
 */
export class Raft implements Machine<RaftInput, RaftOutput> {
  readonly #core: RaftCore;
  #started = false;

  constructor(options: RaftOptions, loaded: LoadedRaft) {
    this.#core = new RaftCore(options, loaded);
  }

  nextDeadline(): Instant | undefined {
    return this.#core.timers.next();
  }

  step(now: Instant, input: RaftInput): readonly RaftOutput[] {
    const core = this.#core;
    core.now = now;
    if (!this.#started) this.#start();
    for (const timer of core.timers.takeExpired(now)) this.#onTimer(timer);
    this.#handle(input);
    checkReady(core);
    checkLeft(core);
    return core.finish();
  }

  // --- What the rest of the node may ask at any time.

  get role(): RaftRole {
    return this.#core.role;
  }

  get term(): number {
    return this.#core.term;
  }

  get leader(): string | undefined {
    return this.#core.leader;
  }

  get voters(): VoterSet {
    return this.#core.voters;
  }

  get commitIndex(): number {
    return this.#core.commit;
  }

  get lastIndex(): number {
    return this.#core.log.lastIndex;
  }

  /** Id of the founding this node belongs to; "" before its first commit. */
  get founding(): string {
    return this.#core.founding;
  }

  /** Leader with a committed entry of its term, and its lease not over at `now`. */
  isReady(now: Instant): boolean {
    const core = this.#core;
    return core.role === "leader" && core.ready && leaseEnd(core) > now;
  }

  /** Whether the living nodes, as told last, could elect a leader and commit. */
  hasLiveQuorum(): boolean {
    return this.#core.hasLiveQuorum();
  }

  /** Nodes whose votes do not count at present although the definition gives them some. */
  excused(): readonly string[] {
    const { rules, voters } = this.#core;
    const counting = new Set(voters.filter((v) => v.weight > 0).map((v) => v.name));
    return rules.nodes.filter((n) => n.votes > 0 && !counting.has(n.name)).map((n) => n.name);
  }

  /** See `possibleElectorate`. */
  electorate(): readonly string[] | undefined {
    return possibleElectorate(this.#core);
  }

  /** Its log is known to hold all that was committed: it may lead by dismissing others. */
  get inSync(): boolean {
    return this.#core.inSync && this.#core.canStand;
  }

  /**
   * It has applied all that was committed before a leader of its present life became ready. Until then
   * what it has applied may be older than what it applied in an earlier life.
   */
  get isCurrent(): boolean {
    return this.#core.isCurrent;
  }

  // --- Inside.

  /** What storage held becomes known: the snapshot, then what was known to be committed. */
  #start(): void {
    this.#started = true;
    const { snapshot } = this.#core.log;
    if (snapshot !== undefined) {
      this.#core.emit({ kind: "restore", index: snapshot.index, data: snapshot.data });
    }
    applyCommitted(this.#core);
    this.#core.emitRole();
    this.#core.emit({ kind: "voters", voters: this.#core.voters });
    considerElection(this.#core);
  }

  #onTimer(timer: RaftTimer): void {
    const core = this.#core;
    if (timer === "election") onElectionTimer(core);
    else if (timer === "heartbeat") onHeartbeatTimer(core);
    else if (timer === "lease") onLeaseTimer(core);
    else if (timer === "window") onPeersChanged(core);
    else if (timer === "transfer") onTransferTimer(core);
    else if (timer === "leave") haveLeft(core);
    else if (timer === "commit-flush") {
      if (core.savedCommit < core.commit) core.touchHard();
    } else if (timer === "silence") {
      if (core.role !== "follower") return;
      core.note("warn", "leader-silent", `${core.leader} is alive but says nothing as leader.`);
      onLeaderLost(core);
    }
  }

  #handle(input: RaftInput): void {
    const core = this.#core;
    switch (input.kind) {
      case "tick":
        return;
      case "message":
        this.#onMessage(input.from, input.incarnation, input.body);
        return;
      case "peers":
        this.#onPeers(input.alive);
        return;
      case "stored":
        if (core.storageTrouble) {
          core.storageTrouble = false;
          considerElection(core);
        }
        if (core.stored(input.id).ownVote) onOwnVoteStored(core);
        advanceCommit(core);
        return;
      case "propose":
        this.#propose(input.id, input.command);
        return;
      case "snapshot-taken":
        onSnapshotTaken(core, input.index, input.data);
        return;
      default:
        this.#onWord(input);
    }
  }

  /** Rarer inputs, from the operator, the definition, fencing and storage. */
  #onWord(input: Exclude<RaftInput, { kind: "message" | "peers" | "propose" | "stored" }>): void {
    const core = this.#core;
    if (input.kind === "rules") {
      core.rules = input.rules;
      onPeersChanged(core);
    } else if (input.kind === "priority") core.priority = input.priority;
    else if (input.kind === "peer-dismissed") this.#onDismissed(input.node, input.why);
    else if (input.kind === "tie-break-refused") {
      if (core.role !== "leader") core.inSync = false;
      onPeersChanged(core);
      considerElection(core);
    } else if (input.kind === "heard-by") {
      const progress = core.progress.get(input.node);
      if (progress !== undefined) progress.ackAt = Math.max(progress.ackAt, input.at);
    } else if (input.kind === "storage-trouble") {
      core.storageTrouble = input.on;
      if (input.on) stepDown(core, `it cannot write its state: ${input.message}`);
      considerElection(core);
    } else if (input.kind === "admit") {
      core.admitted = input.names === undefined ? undefined : new Set(input.names);
    } else if (input.kind === "transfer") startTransfer(core, input.to);
    else if (input.kind === "leave") startLeaving(core);
  }

  #propose(id: string, command: Command): void {
    const core = this.#core;
    if (core.role !== "leader") core.refuseProposal(id, "not-leader");
    else if (!core.ready || core.transferTo !== undefined) core.refuseProposal(id, "not-ready");
    else if (core.proposals.size >= core.options.maxProposals) core.refuseProposal(id, "too-many");
    else {
      const entry = core.appendOwn({ kind: "command", command });
      core.proposals.set(entry.index, { id, term: entry.term });
      broadcast(core);
    }
  }

  #onDismissed(node: string, why: "fenced" | "left" | "tie-break" | "operator"): void {
    const core = this.#core;
    if (node === core.self) return;
    core.dismissed.set(node, { why });
    core.note("debug", "peer-dismissed", `${node} counts as absent: ${why}.`);
    if (core.role === "leader") {
      onPeersChanged(core);
      advanceCommit(core);
    } else if (core.leader === node) onLeaderLost(core);
    else considerElection(core);
  }

  #onPeers(alive: readonly Peer[]): void {
    const core = this.#core;
    const before = core.alive;
    core.alive = new Map(alive.map((peer) => [peer.name, peer]));
    core.alive.delete(core.self);
    const isSame = (name: string) => {
      const now = core.alive.get(name);
      return now !== undefined && before.get(name)?.incarnation === now.incarnation;
    };
    for (const name of [...core.seenDisks.keys()]) if (!isSame(name)) core.seenDisks.delete(name);
    for (const name of [...core.earlyGrants.keys()]) {
      if (!isSame(name) && before.has(name)) core.earlyGrants.delete(name);
    }
    const arrived = [...core.alive.keys()].filter((name) => !isSame(name)).sort();
    for (const name of arrived) core.dismissed.delete(name);
    if (core.role === "leader") {
      onPeersChanged(core);
      for (const name of arrived) this.#greet(name);
    } else if (core.leader !== undefined && !isSame(core.leader) && before.has(core.leader)) {
      onLeaderLost(core);
    } else considerElection(core);
  }

  /** Leader: a replica (re)appeared; its channel starts anew, so nothing is under way to it. */
  #greet(name: string): void {
    const core = this.#core;
    if (core.role !== "leader" || !core.replicas().includes(name)) return;
    const progress = progressOf(core, name);
    progress.snapshotAt = undefined;
    progress.next = (progress.match > 0 ? progress.match : core.log.lastIndex) + 1;
    replicateTo(core, name);
  }

  #onMessage(from: string, incarnation: number, m: RaftMessage): void {
    const core = this.#core;
    const known = core.alive.get(from)?.incarnation;
    if (core.muted || from === core.self || core.dismissed.has(from)) return;
    if (known !== undefined && known !== incarnation) return;
    if (this.#isForeign(from, m)) return;
    if (m.kind === "pre-vote") onPreVote(core, from, m);
    else if (m.kind === "pre-vote-reply") onPreVoteReply(core, from, m);
    else if (m.kind === "vote") onVote(core, from, m);
    else if (m.kind === "vote-reply") onVoteReply(core, from, m);
    else this.#onOtherMessage(from, m);
  }

  #onOtherMessage(
    from: string,
    m: Exclude<RaftMessage, { kind: "pre-vote" | "pre-vote-reply" | "vote" | "vote-reply" }>,
  ): void {
    const core = this.#core;
    const fromLeader = m.kind === "append" || m.kind === "snapshot";
    if (m.term < core.term) {
      // Tells an old leader that its time is over.
      const { term, disk } = core;
      if (fromLeader) {
        core.send(from, { kind: "append-reply", term, ok: false, match: 0, disk, echo: m.sentAt });
      }
      return;
    }
    if (fromLeader) {
      if (core.role === "leader" && m.term === core.term) {
        core.note("error", "two-leaders", `${from} leads term ${m.term}, as does this node.`);
        return;
      }
      core.becomeFollower(m.term, from);
      core.deferredPreVote = undefined;
      if (m.kind === "append") onAppend(core, from, m);
      else onSnapshot(core, from, m);
      return;
    }
    if (m.term > core.term) {
      core.becomeFollower(m.term, undefined);
      considerElection(core);
    } else if (m.kind === "append-reply") {
      onAppendReply(core, from, m);
      continueTransfer(core);
    } else if (m.kind === "stepped-down" && core.leader === from) {
      core.resigned = from;
      onLeaderLost(core);
    } else if (m.kind === "stand-now" && core.leader === from && core.canStand)
      startVote(core, true);
  }

  /** A node that belongs to another founding of the cluster is not mixed with this one. */
  #isForeign(from: string, m: RaftMessage): boolean {
    const core = this.#core;
    if (m.founding === "" || core.founding === "" || m.founding === core.founding) return false;
    const advice = "clear the state directory of the one that is wrong";
    const message = `${from} belongs to another cluster of that name (${m.founding}): ${advice}.`;
    core.noteOnce("error", "foreign-founding", from, message);
    return true;
  }
}
