import type { Cib, FencingRecord } from "../model/cib.ts";

/**
 * The nodes of the definition in force that the next one leaves out although they may run something:
 * no record says that they have left or are off. What such a node runs would be started elsewhere
 * beside it, for nobody stops anything on a node that is not in the definition.
 */
export function presentNodes(cib: Cib, next: readonly string[] | undefined): string[] {
  if (next === undefined) return [];
  const before = cib.definition?.nodes ?? [];
  return before.filter((name) => !next.includes(name) && !isAway(cib, name));
}

export function presentMessage(nodes: readonly string[]): string {
  return `The definition leaves out ${nodes.join(", ")}, which may still run resources.`;
}

/** Nodes that the next definition adds, and of which nothing is known: they have run nothing yet. */
export function newNodes(cib: Cib, next: readonly string[] | undefined): string[] {
  const before = cib.definition?.nodes;
  if (before === undefined || next === undefined) return [];
  return next.filter((name) => !before.includes(name) && !isAway(cib, name));
}

/** Such a record ends before anything is planned for a node that is back: `fencing-departures.ts`. */
function isAway(cib: Cib, node: string): boolean {
  const hasLeft = cib.departures?.some((departure) => departure.node === node) === true;
  return hasLeft || openFencing(cib.fencing, node) !== undefined;
}

/** The last record that says that a node is off, if that still holds. */
export function openFencing(
  records: readonly FencingRecord[],
  target: string,
): FencingRecord | undefined {
  const last = lastFencing(records, target);
  return last === undefined || last.over === true ? undefined : last;
}

/** The last fencing of a node that took something from it, whatever has come of it since. */
export function lastFencing(
  records: readonly FencingRecord[],
  target: string,
): FencingRecord | undefined {
  return records.findLast((record) => record.target === target && saysOff(record));
}

export function saysOff(record: FencingRecord): boolean {
  if (record.outcome === "confirmed-by-operator") return true;
  return record.outcome === "succeeded" && record.action !== "on";
}
