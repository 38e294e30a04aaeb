import type { QuorumSettings } from "../model/definition.ts";
import { tieBreakerOf } from "../model/tie-breaker.ts";

/**
 * The set of voters and its arithmetic.
 *
 * Weights are counted in **half votes**, so that `auto-tie-breaker` is plain arithmetic: the
 * tie-breaker weighs one half vote more, and an exact half of the votes with it is a majority.
 * Every quorum is a majority of the weights, so that two quorums always share a voter.
 *
 * A change from one set to the next keeps that property only if it is small (Raft thesis §4.1,
 * where one voter of one vote is added or removed). With weights the same proof holds for a change
 * of one unit of weight in one voter: for disjoint Q1 (old, total T) and Q2 (new, total T+d) the
 * sum of both is at least floor(T/2) + floor((T+d)/2) + 2, which exceeds max(T, T+d) for |d| = 1,
 * while disjoint sets cannot weigh more than that. For |d| = 2 it fails when T is odd, so a change
 * of a whole vote (two units) is one step only where all weights are even, that is whole votes.
 * Voters of many votes therefore come and go in several steps; see `nextVoterStep`.
 *
 * **Disks.** A voter's promises (votes, acknowledged entries) live on its disk. Each state directory
 * has an id, made at its first start; a vote or an acknowledgement counts only from the disk that
 * the set names. A node that lost its disk comes back with another id, so nothing it says counts
 * until the leader has taken its weight to 0 (committed by the others alone) and admitted the new
 * disk. A voter that was never heard of has disk "" and may be given its id directly: nothing was
 * ever counted for it.
 */
export interface Voter {
  readonly name: string;
  /** Half votes, 0 or more. A voter of weight 0 follows the log and is not counted. */
  readonly weight: number;
  /** Id of the disk whose promises count; "" if none was admitted yet. */
  readonly disk: string;
}

/** Voters, sorted by name. */
export type VoterSet = readonly Voter[];

/**
 * Stands for votes that nobody has: `expected-votes` above the sum of the votes. It never answers.
 * The name cannot be a node's name.
 */
export const ABSENT_VOTES = "*";

/** Half votes per vote. */
export const HALVES = 2;

export function totalWeight(voters: VoterSet): number {
  return voters.reduce((sum, voter) => sum + voter.weight, 0);
}

export function weightOf(voters: VoterSet, counted: ReadonlySet<string>): number {
  return voters.reduce((sum, voter) => sum + (counted.has(voter.name) ? voter.weight : 0), 0);
}

/**
 * Whether the nodes counted are a quorum: more than half of all weight; or exactly half while every
 * other voter is dismissed (see the head of `raft.ts` for why that is safe, and when it is allowed).
 */
export function isQuorum(
  voters: VoterSet,
  counted: ReadonlySet<string>,
  dismissed: ReadonlySet<string>,
): boolean {
  const twice = 2 * weightOf(voters, counted);
  const total = totalWeight(voters);
  if (twice > total) return true;
  if (twice < total || total === 0) return false;
  return voters.every((v) => v.weight === 0 || counted.has(v.name) || dismissed.has(v.name));
}

export function findVoter(voters: VoterSet, name: string): Voter | undefined {
  return voters.find((voter) => voter.name === name);
}

/** A set with one voter replaced or added, still sorted. */
export function withVoter(voters: VoterSet, voter: Voter): VoterSet {
  return sortVoters([...voters.filter((other) => other.name !== voter.name), voter]);
}

export function sortVoters(voters: readonly Voter[]): VoterSet {
  return [...voters].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

/** Whether quorums of both sets are certain to share a voter, so that one may follow the other. */
export function isSafeStep(from: VoterSet, to: VoterSet): boolean {
  const names = new Set([...from, ...to].map((voter) => voter.name));
  let changed = 0;
  let size = 0;
  for (const name of names) {
    const before = findVoter(from, name);
    const after = findVoter(to, name);
    const difference = Math.abs((after?.weight ?? 0) - (before?.weight ?? 0));
    if (difference > 0) {
      changed += 1;
      size = difference;
    }
    // Another disk may take a voter's place only at weight 0; the first one may take it at any time.
    const replaced = before !== undefined && before.disk !== "" && after !== undefined;
    if (replaced && before.disk !== after.disk && before.weight > 0) return false;
  }
  if (changed === 0) return true;
  if (changed > 1) return false;
  const whole = [...from, ...to].every((voter) => voter.weight % HALVES === 0);
  return size === 1 || (size === HALVES && whole);
}

/**
 * The next set on the way from `current` to `wanted`, or undefined when there is nothing to do.
 * First goes the weight of voters that cannot answer (each step makes a quorum easier), then come
 * additions, then removals of living ones; ties by name. A voter that is not wanted leaves the set
 * once its weight is 0.
 */
export function nextVoterStep(
  current: VoterSet,
  wanted: VoterSet,
  alive: ReadonlySet<string>,
): VoterSet | undefined {
  const gone = current.filter((v) => v.weight === 0 && findVoter(wanted, v.name) === undefined);
  const changes = weightChanges(current, wanted, alive);
  const change = changes[0];
  const kept = current.filter((voter) => !gone.includes(voter));
  if (change === undefined) return settle(current, kept, wanted);
  const whole = [...current, change.to].every((voter) => voter.weight % HALVES === 0);
  const from = change.from;
  const unit = Math.abs(change.to.weight - from) >= HALVES && whole ? HALVES : 1;
  const weight = change.to.weight > from ? from + unit : from - unit;
  return withVoter(kept, { ...change.to, weight });
}

interface WeightChange {
  readonly from: number;
  readonly to: Voter;
  readonly order: number;
}

function weightChanges(
  current: VoterSet,
  wanted: VoterSet,
  alive: ReadonlySet<string>,
): readonly WeightChange[] {
  const changes: WeightChange[] = [];
  for (const name of new Set([...current, ...wanted].map((voter) => voter.name))) {
    const before = findVoter(current, name) ?? { name, weight: 0, disk: "" };
    const after = findVoter(wanted, name) ?? { ...before, weight: 0 };
    // A disk is replaced only at weight 0, so the way there comes first.
    const blocked = before.disk !== "" && after.disk !== before.disk && before.weight > 0;
    const to = blocked ? { ...before, weight: 0 } : after;
    if (to.weight === before.weight) continue;
    const order = to.weight > before.weight ? 1 : alive.has(name) ? 2 : 0;
    changes.push({ from: before.weight, to, order });
  }
  return changes.sort((a, b) => a.order - b.order || (a.to.name < b.to.name ? -1 : 1));
}

/** Weights agree: newly learnt disks and voters that have left are settled in one entry. */
function settle(current: VoterSet, kept: VoterSet, wanted: VoterSet): VoterSet | undefined {
  let result = kept;
  for (const voter of wanted) {
    const before = findVoter(current, voter.name);
    if (before === undefined || before.disk !== voter.disk) result = withVoter(result, voter);
  }
  return sameVoters(result, current) ? undefined : result;
}

export function sameVoters(a: VoterSet, b: VoterSet): boolean {
  return votersText(a) === votersText(b);
}

function votersText(voters: VoterSet): string {
  return JSON.stringify(voters.map((voter) => [voter.name, voter.weight, voter.disk]));
}

/**
 * Short digest of names and weights: nodes that found a cluster together must have the same.
 * FNV-1a; it guards against mistakes, not against malice (frames are authenticated).
 */
export function votersDigest(voters: VoterSet): string {
  let hash = 0x811c9dc5;
  for (const char of JSON.stringify(voters.map((voter) => [voter.name, voter.weight]))) {
    hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  }
  return hash.toString(16).padStart(8, "0");
}

/** What the definition says of voting: names, votes and the options that change weights. */
export interface VotingRules {
  readonly nodes: readonly { readonly name: string; readonly votes: number }[];
  readonly quorum: Pick<
    QuorumSettings,
    | "expectedVotes"
    | "twoNode"
    | "autoTieBreaker"
    | "autoTieBreakerNode"
    | "lastManStanding"
    | "lastManStandingWindowMs"
  >;
}

/**
 * The voters that a definition asks for, with `excused` ones at weight 0. `expected-votes` below the
 * sum of the votes is raised to the sum (votequorum does so too as nodes join): a smaller majority
 * would let two leaders be elected.
 */
export function votersOf(
  rules: VotingRules,
  excused: ReadonlySet<string> = new Set(),
  disks: ReadonlyMap<string, string> = new Map(),
): VoterSet {
  const counting = rules.nodes.filter((n) => n.votes > 0 && !excused.has(n.name));
  const breaker = tieBreakerOf(
    rules.quorum,
    counting.map((n) => n.name),
  );
  const voters = rules.nodes.map((n) => {
    const votes = excused.has(n.name) ? 0 : n.votes;
    const extra = n.name === breaker ? 1 : 0;
    return { name: n.name, weight: votes * HALVES + extra, disk: disks.get(n.name) ?? "" };
  });
  const sum = rules.nodes.reduce((votes, n) => votes + n.votes, 0);
  const absent = (rules.quorum.expectedVotes ?? sum) - sum;
  if (absent > 0) voters.push({ name: ABSENT_VOTES, weight: absent * HALVES, disk: "" });
  return sortVoters(voters);
}
