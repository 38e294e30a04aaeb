import { INFINITY_SCORE } from "../model/score.ts";
import { locationOf } from "./resource-state.ts";
import type { ScoreTable } from "./score-table.ts";
import { compareCapacity } from "./utilization.ts";
import type { Node, Resource, WorkingSet } from "./working-set.ts";

/** Can it run resources at all: online, and neither leaving nor in doubt nor set aside. */
export function isAvailable(node: Node): boolean {
  return (
    node.online &&
    !node.shutdown &&
    !node.unclean &&
    !node.standby &&
    !node.standbyOnFail &&
    !node.maintenance
  );
}

/** Available, and with a score in that table that is not negative. */
export function isAllowed(table: ScoreTable, node: Node): boolean {
  return table.scores[node.index]! >= 0 && isAvailable(node);
}

/** A guest whose container will run nowhere is no place for anything. */
export function guestWillRun(node: Node): boolean {
  const container = node.kind === "guest" ? node.connection?.container : undefined;
  return container === undefined || locationOf(container, false) !== undefined;
}

export function anyAllowed(ws: WorkingSet, table: ScoreTable): boolean {
  for (const node of ws.nodes) if (isAllowed(table, node)) return true;
  return false;
}

/**
 * Which of two nodes is to be preferred, negative for the first: score, then free capacity (by
 * placement strategy), then fewer resources, then the node where it is, then the name.
 */
export function compareNodes(
  ws: WorkingSet,
  table: ScoreTable,
  a: Node,
  b: Node,
  preferred: Node | undefined,
): number {
  const scoreA = isAvailable(a) ? table.get(a.index) : -INFINITY_SCORE;
  const scoreB = isAvailable(b) ? table.get(b.index) : -INFINITY_SCORE;
  if (scoreA !== scoreB) return scoreB - scoreA;
  const strategy = ws.options.placementStrategy;
  if (strategy !== "minimal") {
    if (strategy === "balanced") {
      const capacity = compareCapacity(a, b);
      if (capacity !== 0) return capacity;
    }
    if (a.load !== b.load) return a.load - b.load;
    if (a === preferred) return -1;
    if (b === preferred) return 1;
  }
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

/** The nodes of a table, best first. */
export function sortedNodes(
  ws: WorkingSet,
  table: ScoreTable,
  preferred: Node | undefined,
): Node[] {
  return ws.nodes
    .filter((node) => table.has(node.index))
    .sort((a, b) => compareNodes(ws, table, a, b, preferred));
}

/** The best node of a table; cheaper than sorting. */
export function bestNode(
  ws: WorkingSet,
  table: ScoreTable,
  preferred: Node | undefined,
): Node | undefined {
  let best: Node | undefined;
  for (const node of ws.nodes) {
    if (!table.has(node.index)) continue;
    if (!best || compareNodes(ws, table, node, best, preferred) < 0) best = node;
  }
  return best;
}

/** Adds a score to a resource and everything in it, on one node or on all. */
export function addLocation(
  ws: WorkingSet,
  resource: Resource,
  node: Node | undefined,
  score: number,
  source: string,
): void {
  for (const child of resource.children) addLocation(ws, child, node, score, source);
  if (node) {
    resource.allowed.add(node.index, score, source);
    return;
  }
  for (const each of ws.nodes) resource.allowed.add(each.index, score, source);
}
