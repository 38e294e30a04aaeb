import type { Instant } from "../../src/core/units.ts";

interface Entry {
  readonly at: Instant;
  /** Ties go by the order of scheduling, so that a run is a function of its seed. */
  readonly order: number;
  readonly run: () => void;
}

/** Everything that is going to happen, earliest first: a binary heap. */
export class EventQueue {
  readonly #heap: Entry[] = [];
  #order = 0;
  #now: Instant = 0;

  /** The virtual time. */
  get now(): Instant {
    return this.#now;
  }

  get size(): number {
    return this.#heap.length;
  }

  /** Runs something later; a time in the past means now, after what is already due. */
  at(when: Instant, run: () => void): void {
    const entry = { at: Math.max(when, this.#now), order: this.#order++, run };
    const heap = this.#heap;
    let index = heap.length;
    heap.push(entry);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!isEarlier(entry, heap[parent]!)) break;
      heap[index] = heap[parent]!;
      index = parent;
    }
    heap[index] = entry;
  }

  after(delay: number, run: () => void): void {
    this.at(this.#now + delay, run);
  }

  /** Jumps to the next event and runs it; false if nothing is left up to `end`. */
  runNext(end: Instant): boolean {
    const next = this.#heap[0];
    if (next === undefined || next.at > end) {
      if (end !== Number.POSITIVE_INFINITY) this.#now = Math.max(this.#now, end);
      return false;
    }
    this.#removeFirst();
    this.#now = next.at;
    next.run();
    return true;
  }

  #removeFirst(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isEarlier(heap[child + 1]!, heap[child]!)) child++;
      if (!isEarlier(heap[child]!, last)) break;
      heap[index] = heap[child]!;
      index = child;
    }
    heap[index] = last;
  }
}

function isEarlier(a: Entry, b: Entry): boolean {
  return a.at !== b.at ? a.at < b.at : a.order < b.order;
}
