import { assert } from "../core/assert.ts";
import type { RaftCore } from "./raft-core.ts";
import { advanceCommit, broadcast, isReplicated, progressOf, rewind } from "./replication.ts";
import { wantedVoters } from "./voter-changes.ts";
import { ABSENT_VOTES, findVoter, isSafeStep, nextVoterStep, type VoterSet } from "./voters.ts";

/** What a leader does beside replicating: its first entry, lease, voter changes, handing over. */

/** A leader with nothing to replicate is silent for so many heartbeats; well below `leaderSilenceMs`. */
const QUIET_HEARTBEATS = 4;

export function becomeLeader(core: RaftCore): void {
  core.role = "leader";
  core.leader = core.self;
  core.ready = false;
  core.inSync = true; // Leader completeness (Raft §5.4): its log has everything committed.
  core.timers.clear("election");
  core.timers.clear("silence");
  core.progress.clear();
  const founding = core.log.lastIndex === 0;
  for (const name of core.replicas()) {
    progressOf(core, name).disk = core.grantDisks.get(name);
  }
  if (founding) appendFounding(core);
  else core.appendOwn({ kind: "no-op" });
  core.termStart = core.log.lastIndex;
  core.emitRole();
  for (const progress of core.progress.values()) progress.next = core.termStart;
  broadcast(core);
  armHeartbeat(core);
  armLease(core);
  onPeersChanged(core);
}

/** The first entry of a cluster names it, and the disks of those who were there. */
function appendFounding(core: RaftCore): void {
  const founding = `${core.self}:${core.options.incarnation}`;
  const voters = core.voters.map((voter) => {
    const disk = voter.name === core.self ? core.disk : core.grantDisks.get(voter.name);
    return { ...voter, disk: disk ?? "" };
  });
  core.appendOwn({ kind: "voters", voters, founding });
  core.note("info", "cluster-founded", "First start: this node founded the cluster.", { founding });
}

/** After every input that may have moved the commit index. */
export function checkReady(core: RaftCore): void {
  if (core.role !== "leader") return;
  if (!core.ready && core.commit >= core.termStart) {
    core.ready = true;
    core.isCurrent = true;
    core.emitRole();
  }
  changeVoters(core);
}

/** Gives the leadership up; followers are told so that they need not wait for the detector. */
export function stepDown(core: RaftCore, why: string): void {
  if (core.role !== "leader") return;
  core.note("warn", "leader-stepped-down", `Stopped leading: ${why}.`, { term: core.term });
  const peers = core.replicas().filter((name) => core.isAlive(name));
  const { term } = core;
  core.becomeFollower(term, undefined);
  for (const name of peers) core.send(name, { kind: "stepped-down", term });
}

export function onHeartbeatTimer(core: RaftCore): void {
  if (core.role !== "leader") return;
  rewind(core);
  broadcast(core);
  armHeartbeat(core);
}

/** Between followers that have everything a heartbeat only says who leads: it may take its time. */
function armHeartbeat(core: RaftCore): void {
  const { heartbeatMs, leaseMs } = core.options;
  const isQuiet = leaseMs === 0 && isReplicated(core);
  core.timers.set("heartbeat", core.now + (isQuiet ? QUIET_HEARTBEATS : 1) * heartbeatMs);
}

/** When the lease ends: the latest moment that a quorum is known to have heard us, plus its length. */
export function leaseEnd(core: RaftCore): number {
  if (core.options.leaseMs === 0) return Number.POSITIVE_INFINITY;
  const heard = new Map<string, number>();
  if (core.countsFrom(core.self, core.disk)) heard.set(core.self, Number.POSITIVE_INFINITY);
  for (const [name, { ackAt }] of core.progress)
    if (!core.dismissed.has(name)) heard.set(name, ackAt);
  for (const at of [...new Set(heard.values())].sort((a, b) => b - a)) {
    const since = [...heard].filter(([, when]) => when >= at).map(([name]) => name);
    if (core.isQuorumOf(new Set(since))) return at + core.options.leaseMs;
  }
  return Number.NEGATIVE_INFINITY;
}

/** A new leader has one lease's time to be heard by a quorum. */
function armLease(core: RaftCore): void {
  if (core.options.leaseMs > 0) core.timers.set("lease", core.now + core.options.leaseMs);
}

export function onLeaseTimer(core: RaftCore): void {
  if (core.role !== "leader") return;
  const end = leaseEnd(core);
  if (end <= core.now) stepDown(core, "no quorum acknowledged it within its lease");
  else core.timers.set("lease", Number.isFinite(end) ? end : core.now + core.options.leaseMs);
}

/** Leader: the set of living peers changed. */
export function onPeersChanged(core: RaftCore): void {
  if (core.role !== "leader") return;
  if (!core.hasLiveQuorum()) {
    stepDown(core, "a quorum of the voters is out of reach");
    return;
  }
  trackLost(core);
  changeVoters(core);
}

/** `last-man-standing`: since when each voter is missing. */
function trackLost(core: RaftCore): void {
  const { quorum } = core.rules;
  for (const name of core.replicas()) {
    if (core.isAlive(name)) core.lostSince.delete(name);
    else if (!core.lostSince.has(name)) core.lostSince.set(name, core.now);
  }
  core.timers.clear("window");
  if (!quorum.lastManStanding) return;
  const ends = [...core.lostSince.values()]
    .map((since) => since + quorum.lastManStandingWindowMs)
    .filter((end) => end > core.now);
  if (ends.length > 0) core.timers.set("window", Math.min(...ends));
}

/**
 * One voter step at a time, each committed before the next, and none before an entry of this term
 * is (without that, single-server changes are unsafe: the erratum to thesis §4.1).
 */
export function changeVoters(core: RaftCore): void {
  if (core.role !== "leader" || !core.ready || core.transferTo !== undefined) return;
  const current = core.log.latestVoters();
  if (current.index > core.commit) return;
  const alive = new Set([core.self, ...[...core.alive.keys()].filter((n) => core.isAlive(n))]);
  const next = nextVoterStep(current.voters, wantedVoters(core), alive);
  if (next !== undefined) {
    assert(isSafeStep(current.voters, next), "voter steps keep quorums overlapping");
    core.appendOwn({ kind: "voters", voters: next, founding: current.founding });
    tellVoters(core, current.voters, next);
    broadcast(core);
    advanceCommit(core);
    return;
  }
  // A leader that the definition no longer has hands over once it is out.
  const own = findVoter(current.voters, core.self);
  if ((own?.weight ?? 0) === 0 && core.candidates().length > 0) startTransfer(core, undefined);
}

/** Steps between weights, and disks that are learnt, are for us. */
function tellVoters(core: RaftCore, before: VoterSet, next: VoterSet): void {
  const counting = (voters: VoterSet) =>
    voters.filter((v) => v.weight > 0 && v.name !== ABSENT_VOTES).map((v) => v.name);
  const names = counting(next).join(", ");
  const level = names === counting(before).join(", ") ? "debug" : "info";
  const voters = next.map((v) => `${v.name} ${v.weight}`);
  core.note(level, "voters-change", `These have a vote from now on: ${names}.`, { voters });
}

/** Hands over to `to`, or to the living voter with the longest log (ties by rank). */
export function startTransfer(core: RaftCore, to: string | undefined): boolean {
  if (core.role !== "leader") return false;
  const able = core.candidates().filter((name) => {
    return name !== core.self && core.countsFrom(name, core.progress.get(name)?.disk);
  });
  const longest = Math.max(...able.map((name) => progressOf(core, name).match));
  const best = able.find((name) => progressOf(core, name).match === longest);
  const target = to !== undefined && able.includes(to) ? to : best;
  if (target === undefined) return false;
  core.transferTo = target;
  core.timers.set("transfer", core.now + core.options.electionTimeoutMs);
  continueTransfer(core);
  return true;
}

/** Once the target has everything it is told to stand (thesis §3.10). */
export function continueTransfer(core: RaftCore): void {
  const target = core.transferTo;
  if (core.role !== "leader" || target === undefined) return;
  if (progressOf(core, target).match < core.log.lastIndex) return;
  core.send(target, { kind: "stand-now", term: core.term });
}

export function onTransferTimer(core: RaftCore): void {
  if (core.transferTo === undefined) return;
  core.note("warn", "transfer-failed", `${core.transferTo} did not take the leadership over.`);
  core.transferTo = undefined;
}
