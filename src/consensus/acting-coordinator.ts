/** A node and its rank in elections. */
export interface Ranked {
  readonly name: string;
  /** Higher goes first. */
  readonly priority: number;
}

/** Orders by rank: priority first, ties by name. The same on every node. */
export function compareRank(a: Ranked, b: Ranked): number {
  return b.priority - a.priority || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
}

/**
 * Who coordinates a partition that has no quorum (`no-quorum-policy` other than `stop`): the first
 * by rank of the view. Every member computes the same from the same view. It changes no CIB and has
 * no term: the view id tells its commands from those of an earlier view.
 */
export function actingCoordinator(viewMembers: readonly Ranked[]): string | undefined {
  return [...viewMembers].sort(compareRank)[0]?.name;
}
