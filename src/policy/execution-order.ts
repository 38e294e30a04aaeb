/** A wait of one action for another, both by index. */
export interface Wait {
  readonly next: number;
  readonly first: number;
}

/** Who waits for whom, in one array: those for `first` from `starts[first]` on, in ascending order. */
interface Successors {
  readonly starts: Int32Array;
  readonly nexts: Int32Array;
}

/**
 * An order in which every action comes after all that it waits for; where several can come next,
 * the lowest index first. A plan with a loop would never end: `weakest` says which wait of a loop
 * is to be given up, and `before` has a list without it then.
 */
export function executionOrder(
  before: (readonly number[])[],
  weakest: (loop: readonly Wait[]) => Wait,
): Int32Array {
  const count = before.length;
  const { starts, nexts } = successorsIn(before);
  const waiting = Int32Array.from(before, (inputs) => inputs.length);
  const order = new Int32Array(count);
  let ordered = 0;
  const done = new Uint8Array(count);
  let ready: number[] = [];
  for (let i = 0; i < count; i++) if (waiting[i] === 0) ready.push(i);
  for (;;) {
    while (ready.length > 0) {
      const next: number[] = [];
      for (const i of ready) {
        done[i] = 1;
        order[ordered++] = i;
        for (let at = starts[i]!; at < starts[i + 1]!; at++) {
          const later = nexts[at]!;
          if (later === GIVEN_UP) continue;
          waiting[later]! -= 1;
          if (waiting[later] === 0) next.push(later);
        }
      }
      ready = next.sort((a, b) => a - b);
    }
    if (ordered === count) return order;
    const { next, first } = weakest(findLoop(before, done));
    before[next] = without(before[next]!, first);
    nexts[nexts.indexOf(next, starts[first]!)] = GIVEN_UP;
    waiting[next]! -= 1;
    if (waiting[next] === 0) ready.push(next);
  }
}

const GIVEN_UP = -1;

function successorsIn(before: readonly (readonly number[])[]): Successors {
  const starts = new Int32Array(before.length + 1);
  for (const inputs of before) for (const input of inputs) starts[input + 1]! += 1;
  for (let i = 0; i < before.length; i++) starts[i + 1]! += starts[i]!;
  const nexts = new Int32Array(starts[before.length]!);
  const filled = starts.slice();
  before.forEach((inputs, next) => {
    for (const input of inputs) nexts[filled[input]!++] = next;
  });
  return { starts, nexts };
}

/** Without one of the entries that are the same. */
function without(list: readonly number[], entry: number): number[] {
  return list.toSpliced(list.indexOf(entry), 1);
}

/** Whoever is not done waits for someone who is not done: going back, one comes round. */
function findLoop(before: readonly (readonly number[])[], done: Uint8Array): Wait[] {
  const position = new Map<number, number>();
  const path: Wait[] = [];
  for (let next = done.indexOf(0); ; ) {
    const seen = position.get(next);
    if (seen !== undefined) return path.slice(seen);
    position.set(next, path.length);
    const first = before[next]!.find((input) => done[input] === 0)!;
    path.push({ next, first });
    next = first;
  }
}
