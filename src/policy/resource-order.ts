import { INFINITY_SCORE } from "../model/score.ts";
import { compareNodes } from "./nodes.ts";
import { currentNode } from "./resource-state.ts";
import { mergingUnits, scoresWithPrimaries } from "./score-merging.ts";
import { ScoreTable } from "./score-table.ts";
import type { Work } from "./work.ts";
import type { Node, Resource, WorkingSet } from "./working-set.ts";

/**
 * With a placement strategy, resources are assigned in the order of priority, then of the score
 * where they are, then of the score on the best nodes.
 */

function nodeOrder(ws: WorkingSet): Node[] {
  const table = ScoreTable.empty(ws.nodes.length, false);
  for (const node of ws.nodes) table.set(node.index, 0);
  return [...ws.nodes].sort((a, b) => compareNodes(ws, table, a, b, undefined));
}

export function* sortByAssignment(ws: WorkingSet): Work {
  const nodes = nodeOrder(ws);
  const tables = new Map<Resource, ScoreTable>();
  for (const resource of ws.resources) {
    const table = scoresWithPrimaries(ws, resource);
    if (table) tables.set(resource, table);
    yield mergingUnits(ws);
  }
  const score = (resource: Resource, node: Node | undefined): number =>
    (node && tables.get(resource)?.get(node.index)) ?? -INFINITY_SCORE;
  ws.resources.sort((a, b) => {
    if (a.priority !== b.priority) return b.priority - a.priority;
    const here = score(b, currentNode(b)) - score(a, currentNode(a));
    if (here !== 0) return here;
    for (const node of nodes) {
      const there = score(b, node) - score(a, node);
      if (there !== 0) return there;
    }
    return 0;
  });
}
