import type { NodeScore, Placement, ScorePart } from "./plan.ts";
import { formatScore, INFINITY_SCORE } from "./score.ts";

/** What is known of a node: "online", "standby", "offline" … */
export type StateOf = (node: string) => string | undefined;

/**
 * Why a resource is to be where the plan has it, in one or two sentences, the most decisive first;
 * with a node, what speaks against that one. `held`: what keeps it from being done now.
 */
export function placementWords(
  placement: Placement,
  stateOf: StateOf,
  node: string | undefined,
  held?: string,
): string[] {
  if (node !== undefined) return nodeWords(placement, stateOf, node);
  const chosen = placement.next.nodes[0];
  if (chosen === undefined || placement.next.role === "Stopped") {
    return nowhereWords(placement, stateOf);
  }
  const why = placement.blocked ? "blocked" : "unmanaged";
  if (!placement.managed) return [`it is ${why}, so it is left on ${chosen}`];
  const words = chosenWords(placement, stateOf, chosen);
  return held === undefined ? [words] : [`not yet (${held}): ${words}`];
}

/** Why a resource has no place, in one line. */
export function nowhereReason(placement: Placement, stateOf: StateOf): string {
  const [first = "", ...others] = nowhereWords(placement, stateOf);
  const rest = others.map((line) => line.trim()).join("; ");
  if (rest === "") return first;
  return first.endsWith(":") ? `${first} ${rest}` : `${first}; ${rest}`;
}

function nodeWords(placement: Placement, stateOf: StateOf, node: string): string[] {
  if (placement.next.nodes.includes(node)) return [chosenWords(placement, stateOf, node)];
  const score = placement.scores.find((each) => each.node === node);
  if (score === undefined) return [`not on ${node}: it is no node that it may be on`];
  const obstacle = obstacleOf(score, stateOf);
  // While the node itself takes nothing, constraints are the lesser matter.
  const away = awayWords(node, stateOf);
  const also = away === undefined || obstacle === away ? [] : [away];
  if (obstacle !== undefined) return [`not on ${node}: ${[...also, obstacle].join("; ")}`];
  const chosen = placement.scores.find((each) => placement.next.nodes.includes(each.node));
  if (chosen === undefined) return [`${node} would do; what keeps it stopped is said above`];
  const [here, there] = [formatScore(score.score), formatScore(chosen.score)];
  return chosen.score > score.score
    ? [`not on ${node}: it scores ${here} there and ${there} on ${chosen.node}${becauseOf(chosen)}`]
    : [`not on ${node}: it scores as much on ${chosen.node}, which has less to do or comes first`];
}

function chosenWords({ current, scores }: Placement, stateOf: StateOf, chosen: string): string {
  const score = scores.find((each) => each.node === chosen);
  const verb = current.nodes.includes(chosen) ? "it stays on" : "it goes to";
  if (score === undefined) return `${verb} ${chosen}`;
  const rivals = scores.filter(
    (each) => each.node !== chosen && obstacleOf(each, stateOf) === undefined,
  );
  if (rivals.length === 0) return `${verb} ${chosen}: no other node may run it`;
  const best = rivals[0]!;
  if (best.score < score.score) {
    const difference = `${formatScore(score.score)} against ${formatScore(best.score)} on ${best.node}`;
    return `${verb} ${chosen}: it has the highest score, ${difference}${becauseOf(score)}`;
  }
  const equals = rivals.filter((each) => each.score === score.score).map((each) => each.node);
  const reason = current.nodes.includes(chosen)
    ? "and it is there already"
    : "and that node has less to do or comes first";
  return `${verb} ${chosen}: it scores the same on ${listed(equals)}, ${reason}`;
}

/** What gives a node most of its score. */
function becauseOf({ parts }: NodeScore): string {
  const best = parts.toSorted((a, b) => b.score - a.score)[0];
  return best === undefined || best.score <= 0 ? "" : ` (${partWords(best)})`;
}

function nowhereWords(placement: Placement, stateOf: StateOf): string[] {
  const { scores, managed } = placement;
  if (!managed) return ["it is unmanaged, so it is not started"];
  if (scores.length === 0) return ["there is no node that it may be on"];
  const everywhere = bansEverywhere(scores);
  if (everywhere.length > 0) return [`no node may run it: ${everywhere.join("; ")}`];
  const nodes = new Map<string, string[]>();
  for (const score of scores) {
    const why = obstacleOf(score, stateOf) ?? "it would do";
    nodes.set(why, [...(nodes.get(why) ?? []), score.node]);
  }
  const reasons = [...nodes].sort(([, a], [, b]) => b.length - a.length);
  if (reasons.length === 1) {
    const [why] = reasons[0]!;
    if (why === "it would do") return ["nodes would do, but it is kept from starting"];
    return [`no node may run it: ${why.replace(/^the node is /, "every node is ")}`];
  }
  if (!nodes.has("it would do")) {
    return ["no node may run it:", ...reasons.map(([why, names]) => `  ${listed(names)}: ${why}`)];
  }
  return reasons.map(([why, names]) => `${listed(names)}: ${why}`);
}

/** What forbids every node decides alone, whatever else there is against some of them. */
function bansEverywhere(scores: readonly NodeScore[]): string[] {
  const [first = [], ...others] = scores.map(bansOf);
  return first.filter((ban) => others.every((bans) => bans.includes(ban))).slice(0, 2);
}

function bansOf({ parts }: NodeScore): string[] {
  const bans = parts.filter((part) => part.score <= -INFINITY_SCORE);
  return [...new Set(bans.map(partWords))];
}

/** That a node takes nothing now; undefined: it does. */
export function awayWords(node: string, stateOf: StateOf): string | undefined {
  const state = stateOf(node);
  if (state === undefined || state === "online") return undefined;
  const isMode = state === "standby" || state === "maintenance";
  return `the node is ${isMode ? "in " : ""}${state}`;
}

/** What keeps it from a node altogether; undefined: it might run there. */
function obstacleOf(score: NodeScore, stateOf: StateOf): string | undefined {
  const bans = bansOf(score);
  if (bans.length > 0) return bans.slice(0, 2).join("; ");
  const away = awayWords(score.node, stateOf);
  if (away !== undefined) return away;
  if (score.score >= 0) return undefined;
  const worst = score.parts.toSorted((a, b) => a.score - b.score)[0];
  return worst === undefined
    ? "it may not run there"
    : `${formatScore(worst.score)} by ${partWords(worst)}`;
}

function partWords({ source, detail }: ScorePart): string {
  return detail === undefined ? source : `${source}, ${detail}`;
}

/** The first few by name, the rest by number. */
export function listed(names: readonly string[]): string {
  if (names.length <= 4) return names.join(", ");
  return `${names.slice(0, 3).join(", ")} and ${names.length - 3} more`;
}
