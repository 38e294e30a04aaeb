import type { RaftCore } from "./raft-core.ts";
import { ABSENT_VOTES, findVoter, isQuorum, type VoterSet, votersOf } from "./voters.ts";

/**
 * Which voters the leader wants now: those of the definition, except the excused. Excused are
 *  1. voters that came back without their disk (they promise nothing until admitted again);
 *  2. nodes of weight 0 that are not alive or have not caught up (new, or excused earlier);
 *  3. with `last-man-standing`: voters missing for longer than the window;
 *  4. nodes of weight 0 that the tie-breaker does not count yet;
 *  5. dismissed voters, if there is no quorum but by doing without them: from then on the smaller
 *     set is in the log, and survives a restart of this node.
 */
export function wantedVoters(core: RaftCore): VoterSet {
  const excused = new Set<string>();
  const disks = new Map<string, string>([[core.self, core.disk]]);
  const needsDismissal = !hasPlainQuorum(core);
  for (const { name } of core.rules.nodes) {
    if (name === core.self) continue;
    const voter = findVoter(core.voters, name);
    const disk = core.progress.get(name)?.disk;
    if (voter === undefined || voter.weight === 0) {
      const isAdmitted = core.admitted?.has(name) !== false;
      if (!isAdmitted || !hasCaughtUp(core, name)) excused.add(name);
      else if (disk !== undefined) disks.set(name, disk);
    } else if (isExcused(core, name, needsDismissal)) excused.add(name);
    // Only the first disk may be learnt while the voter weighs something.
    else if (voter.disk === "") disks.set(name, disk ?? "");
    else disks.set(name, voter.disk);
    if (excused.has(name) && voter !== undefined) disks.set(name, voter.disk);
  }
  return votersOf(core.rules, excused, disks);
}

function isExcused(core: RaftCore, name: string, needsDismissal: boolean): boolean {
  if (core.hasLostDisk(name)) return true;
  if (core.dismissed.has(name) && needsDismissal) return true;
  const { lastManStanding, lastManStandingWindowMs } = core.rules.quorum;
  const since = core.lostSince.get(name);
  if (!lastManStanding || since === undefined) return false;
  return core.now >= since + lastManStandingWindowMs;
}

function hasPlainQuorum(core: RaftCore): boolean {
  const living = core.voters.map((v) => v.name).filter((n) => n === core.self || core.isAlive(n));
  return isQuorum(core.voters, new Set(living), new Set());
}

/** Alive, and everything committed is durable there. */
function hasCaughtUp(core: RaftCore, name: string): boolean {
  const progress = core.progress.get(name);
  if (!core.isAlive(name) || progress?.disk === undefined) return false;
  return progress.match >= core.commit;
}

/**
 * For a leader whose voters are committed and all here: the nodes whose votes count, and those that
 * could get theirs (back) now. Undefined otherwise.
 */
export function possibleElectorate(core: RaftCore): readonly string[] | undefined {
  if (core.role !== "leader" || !core.ready) return undefined;
  if (core.log.latestVoters().index > core.commit) return undefined;
  const counting = core.voters
    .filter((v) => v.weight > 0 && v.name !== ABSENT_VOTES)
    .map((v) => v.name);
  if (counting.some((name) => name !== core.self && !core.isAlive(name))) return undefined;
  const others = core.rules.nodes
    .filter((node) => node.votes > 0 && !counting.includes(node.name))
    .map((node) => node.name);
  return [...counting, ...others.filter((name) => hasCaughtUp(core, name))].sort();
}
