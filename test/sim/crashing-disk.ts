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
  readonly done: () => void;
  /** Told each time that it could not be written; it is tried again until it can. */
  readonly onTrouble: (problem: string) => void;
}

/** As the real storage does: a write that failed is not given up. */
const RETRY_MS: Millis = 500;

/**
 * One host's disk as its daemon uses it: batches of writes, carried out one after the other, each
 * all or nothing, and durable only when its callback comes. Of what was not durable when the host or
 * the daemon died, the batch under way may have made it; later ones have not.
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
  /** Keys about which this disk lies: it says "durable" and keeps what it had. */
  lies: (key: string) => boolean = () => false;
  /** Keys that are gone after a crash, whatever was said about them. */
  forgets: (key: string) => boolean = () => false;

  constructor(queue: EventQueue, random: Random) {
    this.#queue = queue;
    this.#random = random;
  }

  /** What a daemon that starts now finds. */
  contents(): ReadonlyMap<string, Uint8Array> {
    return new Map(this.#durable);
  }

  write(
    writes: readonly DiskWrite[],
    done: () => void,
    onTrouble: (problem: string) => void = () => {},
  ): void {
    this.#pending.push({ writes, done, onTrouble });
    if (this.#pending.length === 1) this.#begin();
  }

  #begin(delay = this.latencyMin - this.latencyMean * Math.log(1 - this.#random.next())): void {
    const generation = this.#generation;
    this.#queue.after(delay, () => {
      if (generation === this.#generation) this.#finish();
    });
  }

  #finish(): void {
    const batch = this.#pending[0]!;
    if (this.isFull) {
      this.#begin(RETRY_MS);
      batch.onTrouble("no space left on device");
      return;
    }
    for (const write of batch.writes) this.#apply(write);
    // Before anybody is told: the answer may bring new writes, or the end of the daemon.
    this.#pending.shift();
    if (this.#pending.length > 0) this.#begin();
    batch.done();
  }

  #apply({ key, bytes }: DiskWrite): void {
    if (this.lies(key) && this.#durable.has(key)) return;
    if (bytes === undefined) this.#durable.delete(key);
    else this.#durable.set(key, bytes.slice());
  }

  /** The process is gone, and nobody hears of its writes any more. */
  crash(): void {
    this.#generation++;
    for (const key of [...this.#durable.keys()]) if (this.forgets(key)) this.#durable.delete(key);
    const [underWay] = this.#pending;
    this.#pending = [];
    if (underWay === undefined || this.isFull) return;
    if (this.#random.next() < 0.5) for (const write of underWay.writes) this.#apply(write);
  }

  /** The disk was replaced by an empty one. */
  lose(): void {
    this.#durable = new Map();
  }
}
