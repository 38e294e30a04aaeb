/** A time in which something was certainly active on a node; without an end it is so still. */
export interface Presence {
  readonly node: string;
  readonly from: number;
  readonly to: number | undefined;
}

/** Two nodes on which the same was active at the same time. */
export interface Overlap {
  readonly nodes: readonly [string, string];
  readonly from: number;
  readonly ms: number;
}

/** The times at which two nodes had it at once; `now` ends what goes on still. */
export function overlaps(presences: readonly Presence[], now: number): Overlap[] {
  const found: Overlap[] = [];
  const sorted = [...presences].sort((a, b) => a.from - b.from || (a.node < b.node ? -1 : 1));
  for (const [i, first] of sorted.entries()) {
    for (const second of sorted.slice(i + 1)) {
      const ms = Math.min(first.to ?? now, second.to ?? now) - second.from;
      if (first.node === second.node || ms <= 0) continue;
      found.push({ nodes: [first.node, second.node], from: second.from, ms });
    }
  }
  return found;
}
