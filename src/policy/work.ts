import type { Resource } from "./working-set.ts";

/**
 * Work that can be done in slices, so that a large plan does not keep everything else waiting: it
 * yields how much it has done since it last yielded, in units of very roughly 10 microseconds.
 */
export type Work<T = void> = Generator<number, T>;

/**
 * Work that may ask for other work by yielding it, and is then given what came of that. However deeply
 * one thing depends on another, the stack does not grow with it.
 */
export type NestedWork<T = void> = Generator<number | NestedWork<unknown>, T, unknown>;

/** As work that asks for nothing. */
export function* flat<T>(work: NestedWork<T>): Work<T> {
  const open: NestedWork<unknown>[] = [work];
  let answer: unknown;
  for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
    const { done, value } = top.next(answer);
    answer = undefined;
    if (done) {
      open.pop();
      answer = value;
    } else if (typeof value === "number") {
      yield value;
    } else {
      open.push(value);
    }
  }
  return answer as T;
}

/** Does all of it at once. */
export function finish<T>(work: Work<T>): T {
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
  }
}

/** What cannot be sliced, as work of one slice. */
// biome-ignore lint/correctness/useYield: it has nothing to do in between
export function* inOneGo<T>(act: () => T): Work<T> {
  return act();
}

/** Does something with every resource, so many units for it and for each of its parts. */
export function* forEach(
  resources: readonly Resource[],
  units: number,
  act: (resource: Resource) => void,
): Work {
  for (const resource of resources) {
    act(resource);
    yield units * (1 + resource.children.length);
  }
}

/**
 * A slice in units: with a thousand resources on 32 nodes a plan takes some forty slices of a few
 * milliseconds, and a small cluster's is made in one.
 */
const SLICE_UNITS = 1_000;

/** Does one slice, or one of that many times the length; the result is there once it is done. */
export function doSlice<T>(work: Work<T>, times = 1): IteratorResult<undefined, T> {
  for (let units = 0; units < SLICE_UNITS * times; ) {
    const { done, value } = work.next();
    if (done) return { done, value };
    units += value;
  }
  return { done: false, value: undefined };
}
