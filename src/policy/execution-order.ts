/** A wait of one action for another, both by index. */
export interface Wait {
  readonly next: number;
  readonly first: number;
}

/**
 * An order in which every action comes after all that it waits for; where several can come next,
 * the lowest index first. A plan with a loop would never end: `weakest` says which wait of a loop
 * is to be given up, and it is taken out of `before`.
 */
export function executionOrder(
  before: readonly number[][],
  weakest: (loop: readonly Wait[]) => Wait,
): number[] {
  const count = before.length;
  const waiting = new Int32Array(count);
  const after: number[][] = before.map(() => []);
  before.forEach((inputs, i) => {
    waiting[i] = inputs.length;
    for (const input of inputs) after[input]!.push(i);
  });
  const order: number[] = [];
  const done = new Uint8Array(count);
  let ready: number[] = [];
  for (let i = 0; i < count; i++) if (waiting[i] === 0) ready.push(i);
  for (;;) {
    while (ready.length > 0) {
      const next: number[] = [];
      for (const i of ready) {
        done[i] = 1;
        order.push(i);
        for (const later of after[i]!) {
          waiting[later]! -= 1;
          if (waiting[later] === 0) next.push(later);
        }
      }
      ready = next.sort((a, b) => a - b);
    }
    if (order.length === count) return order;
    const { next, first } = weakest(findLoop(before, done));
    before[next]!.splice(before[next]!.indexOf(first), 1);
    after[first]!.splice(after[first]!.indexOf(next), 1);
    waiting[next]! -= 1;
    if (waiting[next] === 0) ready.push(next);
  }
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
