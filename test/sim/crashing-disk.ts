import type { Random } from "../../src/core/random.ts";
import type { Millis } from "../../src/core/units.ts";
import type { EventQueue } from "./event-queue.ts";

export interface DiskWrite {
  readonly key: string;
  /** Absent: the key is removed. */
  readonly bytes: Uint8Array | undefined;
}

interface Pending {
  readonly writes: readonly DiskWrite[];
  readonly done: (problem: string | undefined) => void;
}

/**
 * One host's disk as its daemon uses it: batches of writes, carried out one after the other, each
 * durable only when its callback comes. A crash of the host loses what was not durable: of the batch under
 * way a prefix of the writes may have made it, of later ones nothing.
 */
export class CrashingDisk {
  readonly #queue: EventQueue;
  readonly #random: Random;
  #durable = new Map<string, Uint8Array>();
  #pending: Pending[] = [];
  #generation = 0;
  latencyMin: Millis = 0.1;
  latencyMean: Millis = 0.5;
  isFull = false;

  constructor(queue: EventQueue, random: Random) {
    this.#queue = queue;
    this.#random = random;
  }

  /** What a daemon that starts now finds. */
  contents(): ReadonlyMap<string, Uint8Array> {
    return new Map(this.#durable);
  }

  write(writes: readonly DiskWrite[], done: (problem: string | undefined) => void): void {
    this.#pending.push({ writes, done });
    if (this.#pending.length === 1) this.#begin();
  }

  #begin(): void {
    const generation = this.#generation;
    const delay = this.latencyMin - this.latencyMean * Math.log(1 - this.#random.next());
    this.#queue.after(delay, () => {
      if (generation === this.#generation) this.#finish();
    });
  }

  #finish(): void {
    const batch = this.#pending.shift()!;
    if (this.isFull) {
      batch.done("no space left on device");
    } else {
      for (const write of batch.writes) this.#apply(write);
      batch.done(undefined);
    }
    if (this.#pending.length > 0) this.#begin();
  }

  #apply({ key, bytes }: DiskWrite): void {
    if (bytes === undefined) this.#durable.delete(key);
    else this.#durable.set(key, bytes.slice());
  }

  /** The process is gone, and nobody hears of its writes any more. */
  crash(): void {
    this.#generation++;
    const [underWay] = this.#pending;
    this.#pending = [];
    if (underWay === undefined || this.isFull) return;
    const count = this.#random.below(underWay.writes.length + 1);
    for (const write of underWay.writes.slice(0, count)) this.#apply(write);
  }

  /** The disk was replaced by an empty one. */
  lose(): void {
    this.#durable = new Map();
  }
}
