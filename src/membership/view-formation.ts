/**
 * Who must be left out so that the rest all hear one another: the smallest set of nodes that covers
 * every broken pair (a vertex cover of the graph of broken pairs).
 */

/** Two nodes that do not hear each other, in order of name. */
export type Pair = readonly [string, string];

export function pairOf(a: string, b: string): Pair {
  return a < b ? [a, b] : [b, a];
}

/** What speaks for keeping a node: compared in this order, more is better. */
export interface Worth {
  /** The DC: leaving it out costs an election. */
  readonly isDc: boolean;
  /** Already in the view: a settled view stays. */
  readonly isMember: boolean;
  readonly votes: number;
}

/** Above this many nodes in broken pairs the search gives way to a greedy choice. */
const MAX_EXACT = 16;

/**
 * The nodes to leave out: as few as possible; among equals not the DC, then those that cost the fewest
 * members, then the fewest votes, then the later names. A function of its arguments' values only.
 */
export function chooseExcluded(
  broken: readonly Pair[],
  worthOf: (name: string) => Worth,
): readonly string[] {
  const pairs = [...broken].sort(([a, b], [c, d]) => compareText(a, c) || compareText(b, d));
  const involved = new Set(pairs.flat());
  const cover = involved.size > MAX_EXACT ? greedy(pairs, worthOf) : exact(pairs, worthOf);
  return [...cover].sort();
}

/**
 * Divides all until no broken pair is left inside of a group: first the nodes to leave out, of those
 * again some … The nodes in no group are those that stay.
 */
export function chooseGroups(
  broken: readonly Pair[],
  worthOf: (name: string) => Worth,
): readonly (readonly string[])[] {
  const groups: (readonly string[])[] = [];
  let out = chooseExcluded(broken, worthOf);
  while (out.length > 0) {
    const rest = new Set(out);
    const further = chooseExcluded(
      broken.filter((pair) => pair.every((name) => rest.has(name))),
      worthOf,
    );
    groups.push(out.filter((name) => !further.includes(name)));
    out = further;
  }
  return groups;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Branch on the first uncovered pair: one of its ends must go. Depth is bounded by the best. */
function exact(pairs: readonly Pair[], worthOf: (name: string) => Worth): readonly string[] {
  let best: readonly string[] | undefined;
  const search = (chosen: readonly string[], rest: readonly Pair[]): void => {
    const pair = rest[0];
    if (pair === undefined) {
      if (best === undefined || isBetter(chosen, best, worthOf)) best = chosen;
      return;
    }
    if (best !== undefined && chosen.length + 1 > best.length) return;
    for (const name of pair) {
      search(
        [...chosen, name],
        rest.filter(([a, b]) => a !== name && b !== name),
      );
    }
  };
  search([], pairs);
  return best ?? [];
}

function isBetter(
  a: readonly string[],
  b: readonly string[],
  worthOf: (name: string) => Worth,
): boolean {
  if (a.length !== b.length) return a.length < b.length;
  const cost = (names: readonly string[]) => {
    const worths = names.map(worthOf);
    const count = (test: (worth: Worth) => boolean) => worths.filter(test).length;
    const votes = worths.reduce((sum, worth) => sum + worth.votes, 0);
    return [count((worth) => worth.isDc), count((worth) => worth.isMember), votes];
  };
  const costB = cost(b);
  for (const [i, costA] of cost(a).entries()) {
    const difference = costA - (costB[i] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return [...a].sort().join() > [...b].sort().join();
}

/** Takes out the node in most broken pairs again and again. */
function greedy(pairs: readonly Pair[], worthOf: (name: string) => Worth): readonly string[] {
  const chosen: string[] = [];
  let rest = pairs;
  while (rest.length > 0) {
    const degree = new Map<string, number>();
    for (const name of rest.flat()) degree.set(name, (degree.get(name) ?? 0) + 1);
    const most = Math.max(...degree.values());
    const worst = [...degree.keys()].filter((name) => degree.get(name) === most).sort();
    const pick = worst.reduce((a, b) => (isBetter([a], [b], worthOf) ? a : b));
    chosen.push(pick);
    rest = rest.filter(([a, b]) => a !== pick && b !== pick);
  }
  return chosen;
}
