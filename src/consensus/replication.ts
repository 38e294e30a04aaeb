import { assert } from "../core/assert.ts";
import { entryRemoval, snapshotWrite } from "./raft-codec.ts";
import type { Progress, RaftCore } from "./raft-core.ts";
import type { Entry, RaftMessage, Snapshot } from "./raft-types.ts";

/** Log replication (Raft §5.3, §7): what a leader sends and counts, what a follower accepts. */

type Append = Extract<RaftMessage, { kind: "append" }>;
type AppendReply = Extract<RaftMessage, { kind: "append-reply" }>;
type SnapshotMessage = Extract<RaftMessage, { kind: "snapshot" }>;

/** Entries per message; more follow when these are acknowledged. */
const MAX_ENTRIES = 64;
/** A snapshot that is not acknowledged for so many heartbeats is sent again. */
const SNAPSHOT_PATIENCE = 10;

/**
 * So long after a commit it is noted on the disk how far is committed: a daemon that ends before goes
 * by what was committed before, until somebody tells it.
 */
const COMMIT_FLUSH_MS = 100;

/** Sends to every living replica what it lacks, or an empty append. */
export function broadcast(core: RaftCore): void {
  for (const name of core.replicas()) if (core.isAlive(name)) replicateTo(core, name);
}

/** Leader: every living replica has said that it holds the whole log, and all of it is committed. */
export function isReplicated(core: RaftCore): boolean {
  const { lastIndex } = core.log;
  if (core.commit < lastIndex) return false;
  return core
    .replicas()
    .every((name) => !core.isAlive(name) || core.progress.get(name)?.match === lastIndex);
}

export function progressOf(core: RaftCore, name: string): Progress {
  const known = core.progress.get(name);
  if (known !== undefined) return known;
  const next = core.log.lastIndex + 1;
  const fresh = { match: 0, next, disk: undefined, ackAt: -Infinity, snapshotAt: undefined };
  core.progress.set(name, fresh);
  return fresh;
}

export function replicateTo(core: RaftCore, name: string): void {
  hasten(core);
  const progress = progressOf(core, name);
  if (progress.next <= core.log.baseIndex) {
    sendSnapshot(core, name, progress);
    return;
  }
  const prevIndex = progress.next - 1;
  const entries = core.log.entriesFrom(progress.next, MAX_ENTRIES);
  progress.next += entries.length;
  core.send(name, {
    kind: "append",
    term: core.term,
    prevIndex,
    prevTerm: core.log.termAt(prevIndex) ?? 0,
    entries,
    commit: core.commit,
    counted: core.countsFrom(name, progress.disk) && !core.dismissed.has(name),
    sentAt: core.now,
  });
}

/** What is on its way now is sent again at the next heartbeat where it is not acknowledged. */
function hasten(core: RaftCore): void {
  const at = core.now + core.options.heartbeatMs;
  if ((core.timers.deadline("heartbeat") ?? at) > at) core.timers.set("heartbeat", at);
}

function sendSnapshot(core: RaftCore, name: string, progress: Progress): void {
  const patience = SNAPSHOT_PATIENCE * core.options.heartbeatMs;
  if (progress.snapshotAt !== undefined && core.now < progress.snapshotAt + patience) return;
  const snapshot = core.log.snapshot;
  assert(snapshot !== undefined, "entries are missing only below a snapshot");
  progress.snapshotAt = core.now;
  core.send(name, { kind: "snapshot", term: core.term, snapshot, sentAt: core.now });
}

/** Forgets what was sent and not acknowledged, so that it is sent again. */
export function rewind(core: RaftCore): void {
  for (const progress of core.progress.values()) {
    if (progress.match > 0) progress.next = Math.min(progress.next, progress.match + 1);
  }
}

/** Leader: an answer to an append or a snapshot. */
export function onAppendReply(core: RaftCore, from: string, m: AppendReply): void {
  if (core.role !== "leader" || m.term !== core.term) return;
  const progress = progressOf(core, from);
  if (progress.disk !== undefined && progress.disk !== m.disk) progress.match = 0;
  progress.disk = m.disk;
  core.learnDisk(from, m.disk);
  progress.ackAt = Math.max(progress.ackAt, m.echo);
  if (m.ok) {
    progress.match = Math.max(progress.match, Math.min(m.match, core.log.lastIndex));
    progress.next = Math.max(progress.next, progress.match + 1);
    progress.snapshotAt = undefined;
    advanceCommit(core);
    if (core.role === "leader" && progress.next <= core.log.lastIndex) replicateTo(core, from);
    return;
  }
  const next = Math.max(progress.match + 1, Math.min(m.match + 1, core.log.lastIndex + 1));
  if (next >= progress.next) return; // An old refusal: a later one told more.
  progress.next = next;
  replicateTo(core, from);
}

/** Commits what a quorum has on disk, if it is of this term (Raft §5.4.2). */
export function advanceCommit(core: RaftCore): void {
  if (core.role !== "leader") return;
  const matches = new Map<string, number>();
  if (core.countsFrom(core.self, core.disk)) matches.set(core.self, core.durableIndex);
  for (const [name, progress] of core.progress) {
    if (core.dismissed.has(name) || !core.countsFrom(name, progress.disk)) continue;
    matches.set(name, progress.match);
  }
  const reached = [...new Set(matches.values())].sort((a, b) => b - a);
  for (const index of reached) {
    if (index <= core.commit || core.log.termAt(index) !== core.term) return;
    const holders = [...matches].filter(([, match]) => match >= index).map(([name]) => name);
    if (!core.isQuorumOf(new Set(holders))) continue;
    setCommit(core, index);
    broadcast(core);
    return;
  }
}

/** Applies everything up to `index`. */
export function setCommit(core: RaftCore, index: number): void {
  if (index <= core.commit) return;
  core.commit = index;
  core.timers.set("commit-flush", core.now + COMMIT_FLUSH_MS);
  applyCommitted(core);
}

export function applyCommitted(core: RaftCore): void {
  while (core.applied < core.commit) {
    const entry = core.log.entryAt(core.applied + 1);
    assert(entry !== undefined, "committed entries are in the log");
    core.applied = entry.index;
    applyEntry(core, entry);
  }
  const kept = core.applied - core.log.baseIndex;
  if (kept >= core.options.snapshotEntries && !core.snapshotAsked) {
    core.snapshotAsked = true;
    core.emit({ kind: "snapshot-wanted", index: core.applied });
  }
}

function applyEntry(core: RaftCore, entry: Entry): void {
  const { index, term } = entry;
  if (entry.kind === "command") {
    core.emit({ kind: "apply", index, term, command: entry.command });
  }
  const proposal = core.proposals.get(index);
  if (proposal === undefined) return;
  core.proposals.delete(index);
  const result = { ok: true, index, term } as const;
  core.emit({ kind: "proposal-result", id: proposal.id, result });
}

/** The state machine's snapshot: the log up to it is dropped. */
export function onSnapshotTaken(core: RaftCore, index: number, data: string): void {
  core.snapshotAsked = false;
  const term = core.log.termAt(index);
  if (index <= core.log.baseIndex || index > core.applied || term === undefined) return;
  installSnapshot(core, { index, term, ...core.log.votersAt(index), data });
}

function installSnapshot(core: RaftCore, snapshot: Snapshot): void {
  const { dropped } = core.log.installSnapshot(snapshot);
  core.write(snapshotWrite(snapshot));
  for (const index of dropped) core.write(entryRemoval(index));
  core.touchHard();
}

/** Follower: an append of the leader of this term (already followed). */
export function onAppend(core: RaftCore, from: string, m: Append): void {
  const reply = (ok: boolean, match: number) => {
    const { term, disk } = core;
    const body = { kind: "append-reply", term, ok, match, disk, echo: m.sentAt } as const;
    if (ok) core.promise(from, body);
    else core.send(from, body);
  };
  if (contradictsCommitted(core, m)) {
    const message = `${from} leads with a log that contradicts what is committed here.`;
    core.noteOnce("error", "log-conflict", from, message);
    return;
  }
  if (m.prevIndex > core.commit && core.log.termAt(m.prevIndex) !== m.prevTerm) {
    reply(false, conflictHint(core, m.prevIndex));
    return;
  }
  for (const entry of m.entries) acceptEntry(core, entry);
  // What is committed here is in the leader's log as well (leader completeness).
  const match = Math.max(m.prevIndex + m.entries.length, Math.min(core.commit, m.commit));
  setCommit(core, Math.min(m.commit, m.prevIndex + m.entries.length));
  if (m.counted && match >= m.commit) core.inSync = true;
  if (core.commit >= m.commit && core.log.termAt(core.commit) === m.term) core.isCurrent = true;
  reply(true, match);
}

/**
 * Never so while the rules are kept: it takes two sides that both led alone, because a node was
 * called dismissed that was not. Nothing may be repaired silently then.
 */
function contradictsCommitted(core: RaftCore, m: Append): boolean {
  const differs = (index: number, term: number) => {
    if (index > core.commit) return false;
    const known = core.log.termAt(index);
    return known !== undefined && known !== term;
  };
  return differs(m.prevIndex, m.prevTerm) || m.entries.some((e) => differs(e.index, e.term));
}

function acceptEntry(core: RaftCore, entry: Entry): void {
  if (entry.index <= core.commit) return;
  const term = core.log.termAt(entry.index);
  if (term === entry.term) return;
  if (term !== undefined) {
    const dropped = core.log.truncateFrom(entry.index);
    for (const index of dropped) if (index !== entry.index) core.write(entryRemoval(index));
    core.durableIndex = Math.min(core.durableIndex, entry.index - 1);
  }
  core.appendEntry(entry);
}

/** The last index that may match: before the whole term that conflicts, never below the commit. */
function conflictHint(core: RaftCore, prevIndex: number): number {
  if (prevIndex > core.log.lastIndex) return core.log.lastIndex;
  const term = core.log.termAt(prevIndex);
  let index = prevIndex - 1;
  while (index > core.commit && core.log.termAt(index) === term) index -= 1;
  return Math.max(index, core.commit);
}

/** Follower: the leader's snapshot, because its log does not reach back far enough. */
export function onSnapshot(core: RaftCore, from: string, m: SnapshotMessage): void {
  const { snapshot } = m;
  if (snapshot.index > core.commit) {
    installSnapshot(core, snapshot);
    core.commit = snapshot.index;
    core.applied = snapshot.index;
    core.durableIndex = Math.min(core.durableIndex, core.log.lastIndex);
    core.emit({ kind: "restore", index: snapshot.index, data: snapshot.data });
    core.note("info", "snapshot-installed", `Caught up by a snapshot from ${from}.`, {
      index: snapshot.index,
    });
  }
  const match = snapshot.index;
  const { term, disk } = core;
  core.promise(from, { kind: "append-reply", term, ok: true, match, disk, echo: m.sentAt });
}
