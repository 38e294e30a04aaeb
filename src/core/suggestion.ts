/** Words longer than this are no typing mistakes of a keyword. */
const WORD_LENGTH_MAX = 64;

/** How many insertions, removals, replacements and swaps of neighbours lead from a to b. */
export function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      let cost = Math.min(
        previous[column]! + 1,
        current[column - 1]! + 1,
        previous[column - 1]! + (same ? 0 : 1),
      );
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2];
      if (swapped && a[row - 2] === b[column - 1]) cost = Math.min(cost, before[column - 2]! + 1);
      current.push(cost);
    }
    before = previous;
    previous = current;
  }
  return previous[b.length]!;
}

/** The known word that was most likely meant; undefined where none is close. */
export function closest(word: string, candidates: Iterable<string>): string | undefined {
  if (word.length > WORD_LENGTH_MAX) return undefined;
  const plain = normalize(word);
  const known = [...candidates];
  // An abbreviation: admin for administrator.
  const longer = known.filter((candidate) => normalize(candidate).startsWith(plain));
  if (plain.length >= 3 && longer.length === 1) return longer[0];
  let best: string | undefined;
  // A third of the letters may be wrong, at least one.
  let bestDistance = Math.max(1, Math.floor(plain.length / 3)) + 1;
  for (const candidate of known) {
    if (Math.abs(candidate.length - plain.length) >= bestDistance) continue;
    const distance = editDistance(plain, normalize(candidate));
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** "did you mean …?", or the list of what there is where that is short, or what else is given. */
export function didYouMean(word: string, known: readonly string[]): string | undefined;
export function didYouMean(word: string, known: readonly string[], otherwise: string): string;
export function didYouMean(word: string, known: readonly string[], otherwise?: string) {
  const best = closest(word, known);
  if (best !== undefined) return `did you mean ${best}?`;
  if (known.length === 0 || known.length > 12) return otherwise;
  return `known here: ${known.join(", ")}`;
}

/** Case and the choice between hyphen and underscore are no difference worth a point. */
function normalize(word: string): string {
  return word.toLowerCase().replaceAll("_", "-");
}
