import { becomeLeader } from "./leadership.ts";
import type { RaftCore } from "./raft-core.ts";
import type { RaftMessage } from "./raft-types.ts";
import { votersDigest } from "./voters.ts";

/**
 * Elections (Raft §5.2, pre-vote: thesis §9.6). The failure detector starts them, not a random
 * timer: of the living voters the first by rank stands at once, the k-th k steps later, so that in
 * a quiet network there is one candidate. The others send it their pre-vote unasked the moment they
 * lose the leader themselves, and a pre-vote that came too early is answered then, so a pre-vote
 * costs no waiting.
 */

type PreVote = Extract<RaftMessage, { kind: "pre-vote" }>;
type PreVoteReply = Extract<RaftMessage, { kind: "pre-vote-reply" }>;
type Vote = Extract<RaftMessage, { kind: "vote" }>;
type VoteReply = Extract<RaftMessage, { kind: "vote-reply" }>;

/** Called whenever something changed that may call for an election, or end one. */
export function considerElection(core: RaftCore): void {
  if (core.role === "leader") return;
  if (!core.canStand || core.leaving || !core.hasLiveQuorum()) {
    if (core.role !== "follower") core.becomeFollower(core.term, undefined);
    core.timers.clear("election");
    return;
  }
  if (core.hasLiveLeader() || core.role !== "follower" || core.timers.isSet("election")) return;
  const rank = core.candidates().indexOf(core.self);
  if (rank === 0) startPreVote(core);
  else core.timers.set("election", core.now + rank * core.options.rankStepMs);
}

/** The leader is gone: tell the first in rank, answer who asked too early, stand if it is us. */
export function onLeaderLost(core: RaftCore): void {
  const deferred = core.deferredPreVote;
  core.deferredPreVote = undefined;
  core.becomeFollower(core.term, undefined);
  if (core.muted || core.leaving) return;
  const first = core.candidates()[0];
  const told = new Set<string>();
  if (deferred !== undefined && deferred.term > core.term) told.add(deferred.from);
  if (first !== undefined && first !== core.self) told.add(first);
  for (const name of told) grantPreVote(core, name, core.term + 1);
  considerElection(core);
}

function grantPreVote(core: RaftCore, to: string, term: number): void {
  core.send(to, {
    kind: "pre-vote-reply",
    term,
    granted: true,
    disk: core.disk,
    leader: "",
    lastIndex: core.log.lastIndex,
    lastTerm: core.log.lastTerm,
  });
}

/** The election timer: stand, or stand again. */
export function onElectionTimer(core: RaftCore): void {
  if (core.role === "leader" || core.hasLiveLeader()) return;
  if (core.role !== "follower") core.becomeFollower(core.term, undefined);
  if (!core.canStand || core.leaving || !core.hasLiveQuorum()) return;
  startPreVote(core);
}

function armRetry(core: RaftCore): void {
  const rank = Math.max(0, core.candidates().indexOf(core.self));
  const { electionTimeoutMs, rankStepMs } = core.options;
  core.timers.set("election", core.now + electionTimeoutMs + rank * rankStepMs);
}

export function startPreVote(core: RaftCore): void {
  core.role = "pre-candidate";
  core.leader = undefined;
  core.timers.clear("silence");
  core.granted.clear();
  core.grantDisks.clear();
  core.granted.add(core.self);
  core.emitRole();
  armRetry(core);
  for (const [name, early] of [...core.earlyGrants].sort(byName)) {
    if (early.term === core.term + 1 && isBehindUs(core, early)) core.granted.add(name);
  }
  if (hasWon(core)) {
    startVote(core, false);
    return;
  }
  const { lastIndex, lastTerm } = core.log;
  const term = core.term + 1;
  const digest = votersDigest(core.voters);
  for (const name of core.electorate()) {
    if (name === core.self || core.granted.has(name)) continue;
    core.send(name, { kind: "pre-vote", term, digest, lastIndex, lastTerm });
  }
}

function byName(a: readonly [string, unknown], b: readonly [string, unknown]): number {
  return a[0] < b[0] ? -1 : 1;
}

function isBehindUs(core: RaftCore, end: { lastIndex: number; lastTerm: number }): boolean {
  const { lastIndex, lastTerm } = core.log;
  return lastTerm > end.lastTerm || (lastTerm === end.lastTerm && lastIndex >= end.lastIndex);
}

function hasWon(core: RaftCore): boolean {
  const founding = core.log.lastIndex === 0;
  if (founding && core.options.foundingNeedsAll) {
    return core.voters.every((voter) => voter.weight === 0 || core.granted.has(voter.name));
  }
  return core.isQuorumOf(core.granted);
}

export function startVote(core: RaftCore, transfer: boolean): void {
  core.role = "candidate";
  core.leader = undefined;
  core.setTerm(core.term + 1, core.self);
  core.earlyGrants.clear();
  // Asking promises nothing, so it need not wait for our own vote to be durable; that is counted
  // only once stored (see `onOwnVoteStored`).
  core.voteForSelf();
  core.granted.clear();
  core.emitRole();
  armRetry(core);
  const { lastIndex, lastTerm } = core.log;
  const digest = votersDigest(core.voters);
  for (const name of core.electorate()) {
    if (name === core.self) continue;
    core.send(name, { kind: "vote", term: core.term, digest, transfer, lastIndex, lastTerm });
  }
}

export function onOwnVoteStored(core: RaftCore): void {
  if (core.role !== "candidate" || core.vote !== core.self) return;
  core.granted.add(core.self);
  countVotes(core);
}

function countVotes(core: RaftCore): void {
  if (core.role === "candidate" && core.canStand && hasWon(core)) becomeLeader(core);
}

/** Founding: logs are empty on both sides, so the voter sets must be the same. */
function isStranger(core: RaftCore, digest: string): boolean {
  return core.log.lastIndex === 0 && digest !== votersDigest(core.voters);
}

export function onPreVote(core: RaftCore, from: string, m: PreVote): void {
  if (core.muted) return;
  const upToDate = core.log.isUpToDate(m.lastIndex, m.lastTerm);
  const founding = m.lastIndex === 0;
  if (founding && isStranger(core, m.digest)) {
    core.noteOnce("warn", "voters-differ", from, `${from} was started with other voters than we.`);
    return;
  }
  if (core.hasLiveLeader()) {
    // It may be about to die for us as well.
    if (m.term > core.term && upToDate) core.deferredPreVote = { from, term: m.term };
    refusePreVote(core, from);
  } else if (m.term > core.term && upToDate) grantPreVote(core, from, m.term);
  else {
    refusePreVote(core, from);
    // The asker cannot win our vote, but we may have its.
    const free = core.role === "follower" && core.canStand && !core.leaving;
    if (!upToDate && free && core.hasLiveQuorum()) startPreVote(core);
  }
}

function refusePreVote(core: RaftCore, to: string): void {
  core.send(to, {
    kind: "pre-vote-reply",
    term: core.term,
    granted: false,
    disk: core.disk,
    leader: core.hasLiveLeader() ? (core.leader ?? "") : "",
    lastIndex: core.log.lastIndex,
    lastTerm: core.log.lastTerm,
  });
}

export function onPreVoteReply(core: RaftCore, from: string, m: PreVoteReply): void {
  core.learnDisk(from, m.disk);
  if (!m.granted) {
    const late = m.term > core.term;
    const wasAsking = core.role === "pre-candidate";
    if (!late || core.role === "leader") return;
    core.becomeFollower(m.term, core.hasLiveLeader() ? core.leader : undefined);
    // Only our term was too low: ask again with the right one.
    if (wasAsking && m.leader === "") onElectionTimer(core);
    else considerElection(core);
    return;
  }
  if (m.term !== core.term + 1 || !core.countsFrom(from, m.disk)) return;
  if (core.role === "pre-candidate") {
    if (!isBehindUs(core, m)) return;
    core.granted.add(from);
    if (hasWon(core)) startVote(core, false);
  } else if (core.role === "follower") {
    const { term, lastIndex, lastTerm } = m;
    core.earlyGrants.set(from, { term, lastIndex, lastTerm });
  }
}

export function onVote(core: RaftCore, from: string, m: Vote): void {
  if (core.muted || core.storageTrouble) return;
  if (m.lastIndex === 0 && isStranger(core, m.digest)) return;
  // A living leader is an objection, and then the higher term is not taken over either.
  if (core.hasLiveLeader() && !m.transfer && m.term > core.term) return;
  if (m.term > core.term) core.becomeFollower(m.term, undefined);
  const free = core.vote === undefined || core.vote === from;
  const granted =
    m.term === core.term &&
    free &&
    core.role !== "leader" &&
    core.log.isUpToDate(m.lastIndex, m.lastTerm);
  const reply = { kind: "vote-reply", term: core.term, granted, disk: core.disk } as const;
  if (!granted) {
    core.send(from, reply);
    considerElection(core);
    return;
  }
  if (core.role !== "follower") core.becomeFollower(core.term, undefined);
  if (core.vote === undefined) core.setTerm(core.term, from);
  // Whom we vote for deserves its chance before we stand.
  armRetry(core);
  core.promise(from, reply);
}

export function onVoteReply(core: RaftCore, from: string, m: VoteReply): void {
  core.learnDisk(from, m.disk);
  if (m.term > core.term) {
    core.becomeFollower(m.term, undefined);
    considerElection(core);
    return;
  }
  if (core.role !== "candidate" || m.term !== core.term || !m.granted) return;
  if (!core.countsFrom(from, m.disk)) return;
  core.granted.add(from);
  core.grantDisks.set(from, m.disk);
  countVotes(core);
}
