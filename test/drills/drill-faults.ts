import type { Random } from "../../src/core/random.ts";
import type { DrillKind } from "./drill-kinds.ts";

/** What is done to a cluster in one round; nodes by their index, from 0. */
export type DrillFault =
  /** The nodes fall into groups that do not hear one another. */
  | { readonly kind: "partition"; readonly groups: readonly (readonly number[])[] }
  /** Frames from one node do not reach some others, while theirs reach it. */
  | { readonly kind: "one-way"; readonly from: number; readonly to: readonly number[] }
  /** Two nodes do not hear each other; all others hear both. */
  | { readonly kind: "pair"; readonly nodes: readonly [number, number] }
  /** Of what a node sends and is sent, so many frames of a hundred are lost. */
  | { readonly kind: "loss"; readonly node: number; readonly percent: number }
  /** A node's cable comes and goes. */
  | { readonly kind: "flap"; readonly node: number; readonly periodsMs: readonly number[] }
  /** All of a node's daemon stands still, and goes on later. */
  | { readonly kind: "hang"; readonly node: number }
  /** The daemon is killed and started again. */
  | { readonly kind: "kill"; readonly node: number }
  /** The node loses its power and is started again. */
  | { readonly kind: "crash"; readonly node: number };

/** One round: the fault, and how long it lasts. */
export interface DrillRound {
  readonly fault: DrillFault;
  readonly holdMs: number;
}

const SHORT_MS = 300;
const LONG_MS = 3_000;

/** The rounds of one cluster, all from one source of randomness. */
export function drillRounds(kind: DrillKind, count: number, random: Random): DrillRound[] {
  return Array.from({ length: count }, () => ({
    fault: drawFault(kind, random),
    holdMs: SHORT_MS + random.below(LONG_MS - SHORT_MS),
  }));
}

function drawFault(kind: DrillKind, random: Random): DrillFault {
  const node = random.below(kind.nodes);
  const roll = random.below(100);
  if (roll < 35) return { kind: "partition", groups: drawGroups(kind.nodes, random) };
  if (roll < 50) {
    const others = indexes(kind.nodes).filter((each) => each !== node);
    const deaf = others.filter(() => random.below(2) === 0);
    return { kind: "one-way", from: node, to: deaf.length === 0 ? others : deaf };
  }
  if (roll < 57) return { kind: "loss", node, percent: 5 + random.below(60) };
  if (roll < 66 && kind.nodes > 2) {
    return { kind: "pair", nodes: [node, (node + 1 + random.below(kind.nodes - 1)) % kind.nodes] };
  }
  if (roll < 78) {
    const periodsMs = Array.from({ length: 4 + random.below(8) }, () => 30 + random.below(400));
    return { kind: "flap", node, periodsMs };
  }
  if (roll < 86) return { kind: "kill", node };
  // A daemon that stands still cannot let go: without fencing nobody can make it.
  return { kind: roll < 93 && kind.fenced ? "hang" : "crash", node };
}

/** Any way in which the nodes can fall apart, with at least two groups. */
function drawGroups(nodes: number, random: Random): number[][] {
  for (;;) {
    const groups: number[][] = [];
    for (const node of indexes(nodes)) {
      const at = random.below(Math.min(groups.length + 1, nodes));
      groups[at] = [...(groups[at] ?? []), node];
    }
    if (groups.length > 1) return groups;
  }
}

function indexes(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

/** In words, for logs: `partition 1,2 | 3`. */
export function describeFault(fault: DrillFault): string {
  const names = (nodes: readonly number[]) => nodes.map((node) => node + 1).join(",");
  switch (fault.kind) {
    case "partition":
      return `partition ${fault.groups.map(names).join(" | ")}`;
    case "one-way":
      return `one-way ${fault.from + 1} -x-> ${names(fault.to)}`;
    case "pair":
      return `pair ${names(fault.nodes)}`;
    case "loss":
      return `loss ${fault.node + 1} (${fault.percent} %)`;
    case "flap":
      return `flap ${fault.node + 1} (${fault.periodsMs.length} times)`;
    default:
      return `${fault.kind} ${fault.node + 1}`;
  }
}
