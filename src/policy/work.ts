import type { Resource } from "./working-set.ts";

/**
 * Work that can be done in slices, so that a large plan does not keep everything else waiting: it
 * yields how much it has done since it last yielded, in units of very roughly 10 microseconds.
 */
export type Work<T = void> = Generator<number, T>;

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
