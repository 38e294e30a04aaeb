import type { QuorumSettings } from "../model/definition.ts";
import { tieBreakerOf } from "../model/tie-breaker.ts";

/**
 * Vote arithmetic with the options of votequorum(5), as a pure function.
 *
 * Differences from votequorum, all because the DC is elected by Raft and both must agree:
 *  - `two-node` does not make one node quorate by itself: the survivor is, once its peer is
 *    confirmed fenced or has left cleanly (`needsDismissal` says whom to fence);
 *  - `last-man-standing` is done by the leader, which commits the smaller voter set: here it arrives
 *    as `excused` nodes, whose votes do not count;
 *  - `expected-votes` below the sum of the votes is raised to the sum.
 */
export type TieBreakVerdict = "granted" | "refused" | "unknown";

export interface QuorumQuestion {
  readonly settings: QuorumSettings;
  readonly nodes: readonly { readonly name: string; readonly votes: number }[];
  /** Nodes of this partition, this one included. */
  readonly members: ReadonlySet<string>;
  /** `wait-for-all`: all were seen at once since the start, or a quorate partition took us in. */
  readonly seenAll: boolean;
  /** Nodes whose votes do not count at present, by a committed decision. */
  readonly excused: ReadonlySet<string>;
  /** Nodes certain not to act: confirmed fenced, left cleanly, or by an operator's word. */
  readonly dismissed: ReadonlySet<string>;
  /** What the ping targets, the shared disk or the arbiter say of this partition. */
  readonly tieBreak: TieBreakVerdict;
}

export type QuorumReason =
  | "majority"
  | "tie-breaker"
  | "tie-break-granted"
  | "others-dismissed"
  | "waiting-for-all"
  | "needs-dismissal"
  | "tie-break-refused"
  | "tie-break-unknown"
  | "even-split"
  | "minority";

export interface QuorumVerdict {
  readonly quorate: boolean;
  readonly reason: QuorumReason;
  /** Votes of the members. */
  readonly votes: number;
  readonly expected: number;
  readonly needed: number;
  /** Exactly half of the votes are here. */
  readonly evenSplit: boolean;
  /** `wait-for-all`: who has not been seen yet. */
  readonly waitingFor: readonly string[];
  /** Would be quorate once these are certain not to act (the survivor of two nodes may fence). */
  readonly needsDismissal: readonly string[];
  /** The exclusive tie-breaker (disk, arbiter) chose us: these may be dismissed on its word. */
  readonly mayDismiss: readonly string[];
  /** One sentence for people. */
  readonly explanation: string;
}

interface Tally {
  readonly votes: number;
  readonly expected: number;
  readonly needed: number;
  readonly missing: readonly string[];
}

export function judgeQuorum(question: QuorumQuestion): QuorumVerdict {
  const tally = count(question);
  const waitingFor = waitedFor(question, tally);
  const decision = decide(question, tally, waitingFor);
  const { votes, expected, needed } = tally;
  return {
    quorate: false,
    needsDismissal: [],
    mayDismiss: [],
    ...decision,
    votes,
    expected,
    needed,
    evenSplit: isEven(tally),
    waitingFor: decision.reason === "waiting-for-all" ? waitingFor : [],
    explanation: `${votes} of ${expected} votes, ${needed} needed: ${decision.explanation}`,
  };
}

function count(question: QuorumQuestion): Tally {
  const { nodes, excused, members, settings } = question;
  const counting = nodes.filter((node) => !excused.has(node.name) && node.votes > 0);
  const sum = (some: readonly { readonly votes: number }[]) =>
    some.reduce((votes, node) => votes + node.votes, 0);
  const all = sum(nodes);
  const absent = Math.max(0, (settings.expectedVotes ?? all) - all);
  const expected = sum(counting) + absent;
  const missing = counting.filter((node) => !members.has(node.name)).map((node) => node.name);
  const votes = sum(counting.filter((node) => members.has(node.name)));
  return { votes, expected, needed: Math.floor(expected / 2) + 1, missing: missing.sort() };
}

function isEven(tally: Tally): boolean {
  return tally.votes > 0 && tally.votes * 2 === tally.expected;
}

function waitedFor(question: QuorumQuestion, tally: Tally): readonly string[] {
  return question.settings.waitForAll && !question.seenAll ? tally.missing : [];
}

type Decision = Pick<QuorumVerdict, "reason" | "explanation"> &
  Partial<Pick<QuorumVerdict, "quorate" | "needsDismissal" | "mayDismiss">>;

function decide(question: QuorumQuestion, tally: Tally, waitingFor: readonly string[]): Decision {
  if (waitingFor.length > 0) {
    const explanation = `waiting for ${list(waitingFor)}, not seen since the start (wait-for-all)`;
    return { reason: "waiting-for-all", explanation };
  }
  if (tally.votes >= tally.needed) {
    return { quorate: true, reason: "majority", explanation: "a majority" };
  }
  return isEven(tally) ? decideEven(question, tally) : minority();
}

function minority(): Decision {
  return { reason: "minority", explanation: "no majority" };
}

/** Exactly half: the options that decide such a split, in the order of their trustworthiness. */
function decideEven(question: QuorumQuestion, tally: Tally): Decision {
  const { settings, dismissed, members, nodes, excused } = question;
  const { missing } = tally;
  const breaker = tieBreakerOf(
    settings,
    nodes.filter((n) => n.votes > 0 && !excused.has(n.name)).map((n) => n.name),
  );
  if (breaker !== undefined) {
    if (members.has(breaker)) {
      const explanation = `an even split, and ${breaker} is here (auto-tie-breaker)`;
      return { quorate: true, reason: "tie-breaker", explanation };
    }
    const explanation = `an even split, and ${breaker} is not here (auto-tie-breaker)`;
    return { reason: "even-split", explanation };
  }
  if (missing.length > 0 && missing.every((name) => dismissed.has(name))) {
    const explanation = `half of the votes, and ${list(missing)} cannot act`;
    return { quorate: true, reason: "others-dismissed", explanation };
  }
  return decideByArbitration(question, missing);
}

function decideByArbitration(question: QuorumQuestion, missing: readonly string[]): Decision {
  const { settings, nodes, tieBreak, dismissed } = question;
  const exclusive = settings.disk !== undefined || settings.arbiter !== undefined;
  const asked = exclusive || settings.pingTargets.length > 0;
  const survivor = settings.twoNode && nodes.filter((node) => node.votes > 0).length === 2;
  if (asked && tieBreak === "refused") {
    const explanation = "an even split, and the tie-breaker chose the other side";
    return { reason: "tie-break-refused", explanation };
  }
  if (asked && tieBreak === "unknown") {
    const explanation = "an even split, and the tie-breaker has not answered";
    return { reason: "tie-break-unknown", explanation };
  }
  if (exclusive) {
    const explanation = "an even split, and the tie-breaker chose this side";
    return { quorate: true, reason: "tie-break-granted", explanation, mayDismiss: missing };
  }
  // Both sides may reach a ping target, so a good ping permits fencing and decides nothing alone.
  if (asked || survivor) {
    // Who has left or was fenced is not fenced for this (again).
    const needsDismissal = missing.filter((name) => !dismissed.has(name));
    const explanation = `half of the votes, until ${list(needsDismissal)} is confirmed fenced or has left`;
    return { reason: "needs-dismissal", explanation, needsDismissal };
  }
  return { reason: "even-split", explanation: "an even split, and nothing that decides it" };
}

function list(names: readonly string[]): string {
  return names.join(", ");
}
