import type { Random } from "../../src/core/random.ts";
import type { Millis } from "../../src/core/units.ts";
import type { EventQueue } from "./event-queue.ts";

/** What the network does to datagrams while nothing in particular is wrong with it. */
export interface NetworkWeather {
  /** Chance that a datagram is lost, 0 to 1. */
  readonly loss: number;
  readonly delayMin: Millis;
  /** Mean of what comes on top, exponentially distributed: it reorders. */
  readonly delayMean: Millis;
  /** Chance that a datagram arrives twice. */
  readonly duplication: number;
  /** Chance that some byte of it is changed on the way. */
  readonly corruption: number;
  /** Chance that it is kept, and sent once more much later: a replay. */
  readonly replay: number;
}

export const FAIR_WEATHER: NetworkWeather = {
  loss: 0,
  delayMin: 0.2,
  delayMean: 0.3,
  duplication: 0,
  corruption: 0,
  replay: 0,
};

/** How long a replayed datagram was kept, at most. */
const REPLAY_AFTER_MS: Millis = 20_000;

export type Receive = (to: string, link: number, from: string, bytes: Uint8Array) => void;

/**
 * Hosts joined by links, each link a network of its own. A path is one host to one other over one
 * link, one way; cuts are of paths, so that partitions may be of one direction or of one link only.
 */
export class FaultyNetwork {
  readonly #queue: EventQueue;
  readonly #random: Random;
  readonly #receive: Receive;
  readonly #hosts: readonly string[];
  readonly #cut = new Set<string>();
  weather: NetworkWeather = FAIR_WEATHER;
  readonly counters = { sent: 0, delivered: 0, lost: 0, cut: 0, duplicated: 0, corrupted: 0 };

  constructor(queue: EventQueue, random: Random, hosts: readonly string[], receive: Receive) {
    this.#queue = queue;
    this.#random = random;
    this.#hosts = hosts;
    this.#receive = receive;
  }

  /** To one host, or to all others on that link. */
  send(from: string, link: number, to: string | "group", bytes: Uint8Array): void {
    if (to !== "group") {
      this.#carry(from, link, to, bytes);
      return;
    }
    for (const host of this.#hosts) if (host !== from) this.#carry(from, link, host, bytes);
  }

  #carry(from: string, link: number, to: string, bytes: Uint8Array): void {
    const { weather, counters } = this;
    counters.sent++;
    if (weather.loss > 0 && this.#random.next() < weather.loss) {
      counters.lost++;
      return;
    }
    this.#deliver(from, link, to, this.#damage(bytes));
    if (weather.duplication > 0 && this.#random.next() < weather.duplication) {
      counters.duplicated++;
      this.#deliver(from, link, to, bytes);
    }
    if (weather.replay > 0 && this.#random.next() < weather.replay) {
      this.#deliver(from, link, to, bytes, this.#random.next() * REPLAY_AFTER_MS);
    }
  }

  #damage(bytes: Uint8Array): Uint8Array {
    if (this.weather.corruption === 0 || this.#random.next() >= this.weather.corruption) {
      return bytes;
    }
    this.counters.corrupted++;
    const damaged = bytes.slice();
    damaged[this.#random.below(damaged.length)]! ^= 1 + this.#random.below(255);
    return damaged;
  }

  #deliver(from: string, link: number, to: string, bytes: Uint8Array, extra: Millis = 0): void {
    const { delayMin, delayMean } = this.weather;
    const delay = delayMin - delayMean * Math.log(1 - this.#random.next()) + extra;
    this.#queue.after(delay, () => {
      // Looked at on arrival: what was on its way when the cable was cut is gone as well.
      if (this.#cut.size > 0 && this.#cut.has(path(from, link, to))) {
        this.counters.cut++;
        return;
      }
      this.counters.delivered++;
      this.#receive(to, link, from, bytes);
    });
  }

  isCut(from: string, link: number, to: string): boolean {
    return this.#cut.has(path(from, link, to));
  }

  /** Cuts one direction between two hosts on one link. */
  cutPath(from: string, link: number, to: string): void {
    this.#cut.add(path(from, link, to));
  }

  mendPath(from: string, link: number, to: string): void {
    this.#cut.delete(path(from, link, to));
  }

  /** Hosts of different groups don't hear each other, in no direction, on no link. */
  partition(groups: readonly (readonly string[])[], links: number): void {
    for (const a of groups) {
      for (const b of groups) {
        if (a !== b) this.cutBetween(a, b, links);
      }
    }
  }

  /** What `senders` send doesn't reach `receivers`; the other direction is left as it is. */
  cutBetween(senders: readonly string[], receivers: readonly string[], links: number): void {
    for (const from of senders) {
      for (const to of receivers) {
        for (let link = 0; link < links; link++) this.cutPath(from, link, to);
      }
    }
  }

  /** Both directions, on all links. */
  mendBetween(some: readonly string[], others: readonly string[], links: number): void {
    for (const a of some) {
      for (const b of others) {
        for (let link = 0; link < links; link++) {
          this.mendPath(a, link, b);
          this.mendPath(b, link, a);
        }
      }
    }
  }

  healAll(): void {
    this.#cut.clear();
  }
}

function path(from: string, link: number, to: string): string {
  return `${from}>${to}#${link}`;
}
