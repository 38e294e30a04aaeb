import { openFencing, saysOff } from "../cib/away-nodes.ts";
import type { Millis, WallTime } from "../core/units.ts";
import type { FencingRecord } from "../model/cib.ts";

/** How records name who asked, where no person did. */
const BY_CLUSTER = "paceline on ";

export function requesterOf(node: string): string {
  return `${BY_CLUSTER}${node}`;
}

/**
 * Whether a node that is not in the view counts as fenced: the cluster has recorded it, nobody has
 * recorded that it came back, and this node has heard of no later life of it.
 */
export function countsAsFenced(
  records: readonly FencingRecord[],
  target: string,
  heard: number | undefined,
): boolean {
  const record = openFencing(records, target);
  if (record === undefined) return false;
  if (heard === undefined) return true;
  return record.incarnation !== undefined && heard <= record.incarnation;
}

/**
 * Records of nodes that are members all the same. That is in a later life, as a rule; or in the one that
 * was fenced: a watchdog spares who has let go of everything, and a person may swear in error.
 */
export function fencingsOver(
  records: readonly FencingRecord[],
  members: Iterable<string>,
): FencingRecord[] {
  return [...members].sort().flatMap((name) => {
    const record = openFencing(records, name);
    return record === undefined ? [] : [{ ...record, over: true }];
  });
}

/** What the fence-loop breaker counts: what the cluster did by itself since a person last did. */
export function recentFencings(
  records: readonly FencingRecord[],
  wall: WallTime,
): { target: string; agoMs: Millis }[] {
  return records.flatMap((record, index) => {
    const { target, finishedAt, requestedBy } = record;
    if (!saysOff(record) || finishedAt === undefined) return [];
    const later = records.slice(index);
    const byHand = later.some(
      (other) => other.target === target && !other.requestedBy.startsWith(BY_CLUSTER),
    );
    if (byHand || !requestedBy.startsWith(BY_CLUSTER)) return [];
    return [{ target, agoMs: Math.max(0, wall - finishedAt) }];
  });
}
