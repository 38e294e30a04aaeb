import type { Note } from "../../src/core/note.ts";
import { SeededRandom } from "../../src/core/random.ts";
import type { InterimFrames } from "../../src/messaging/interim-frames.ts";
import type { Transmit } from "../../src/messaging/messaging-context.ts";
import { type MessagingInput, MessagingMachine } from "../../src/messaging/messaging-machine.ts";
import type {
  AdvertBody,
  MessagingCommand,
  MessagingConfig,
  PeerEvent,
} from "../../src/model/peer.ts";

/** One secret for all tests. */
export const KEY = { id: 1, secret: new Uint8Array(32).fill(7) };

/** An advertisement with defaults. */
export function body(changes: Partial<AdvertBody> = {}): AdvertBody {
  return {
    priority: 100,
    viewId: "1@a",
    dc: "",
    term: 0,
    quorate: false,
    definitionVersion: 1,
    activeDigest: "",
    load: 0,
    ...changes,
  };
}

export interface NetOptions {
  readonly nodes: readonly string[];
  readonly links?: number;
  readonly intervalMs?: number;
  readonly transport?: "multicast" | "unicast";
  readonly seed?: number;
  /** One-way delay. */
  readonly delayMs?: number;
  readonly jitterMs?: number;
  readonly loss?: number;
  readonly duplicate?: number;
  readonly firstIncarnation?: number;
}

interface Running {
  machine: MessagingMachine;
  incarnation: number;
  pausedUntil: number;
  /** How late each tick comes, at most. */
  tickJitterMs: number;
  sendsMainAlive: boolean;
}

interface Pending {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

export type Told = { readonly observer: string } & (PeerEvent | Note);

/** A small network on virtual time. Node n has address 10.<link>.0.<n + 1>. */
export class MessagingNet {
  now = 0;
  readonly events: Told[] = [];
  readonly #options: Required<NetOptions>;
  readonly #random: SeededRandom;
  readonly #nodes = new Map<string, Running>();
  readonly #cuts = new Set<string>();
  #pending: Pending[] = [];
  #order = 0;
  #incarnations: number;
  #resolvedAt = 0;
  /** Sees every datagram as it is sent. */
  wiretap: ((frame: MessagingInput & { kind: "datagram" }, to: string) => void) | undefined;
  datagrams = 0;
  bytes = 0;

  constructor(options: NetOptions) {
    this.#options = {
      links: 1,
      intervalMs: 100,
      transport: "multicast",
      seed: 1,
      delayMs: 0.2,
      jitterMs: 0.1,
      loss: 0,
      duplicate: 0,
      firstIncarnation: 1001,
      ...options,
    };
    this.#incarnations = this.#options.firstIncarnation;
    this.#random = new SeededRandom(this.#options.seed);
  }

  config(self: string, changes: Partial<MessagingConfig> = {}): MessagingConfig {
    const { nodes, links, intervalMs, transport } = this.#options;
    return {
      cluster: "test",
      self,
      transport,
      group: "239.0.0.1",
      port: 7700,
      advertIntervalMs: intervalMs,
      maxDatagram: 1400,
      stuckAfterMs: 3000,
      nodes: nodes.map((name, i) => ({
        name,
        addresses: Array.from({ length: links }, (_, link) => `10.${link}.0.${i + 1}`),
      })),
      ...changes,
    };
  }

  start(name: string, changes: Partial<MessagingConfig> = {}): void {
    const incarnation = this.#incarnations++;
    const machine = new MessagingMachine({
      config: this.config(name, changes),
      incarnation,
      keys: [KEY],
      random: new SeededRandom(this.#random.below(1e9)),
      now: this.now,
    });
    const node = { machine, incarnation, pausedUntil: 0, tickJitterMs: 0, sendsMainAlive: true };
    this.#nodes.set(name, node);
    this.#keepAlive(name, node);
    this.post(name, { kind: "advertise", body: body() });
  }

  startAll(): this {
    for (const name of this.#options.nodes) this.start(name);
    return this;
  }

  crash(name: string): void {
    this.#nodes.delete(name);
  }

  pause(name: string, ms: number): void {
    this.#nodes.get(name)!.pausedUntil = this.now + ms;
  }

  jitterTicks(name: string, ms: number): void {
    this.#nodes.get(name)!.tickJitterMs = ms;
  }

  blockMain(name: string, isBlocked: boolean): void {
    this.#nodes.get(name)!.sendsMainAlive = !isBlocked;
  }

  /** Cuts one direction on one link, or on all. */
  cut(from: string, to: string, link: number | "all" = "all"): void {
    for (let i = 0; i < this.#options.links; i++) {
      if (link === "all" || link === i) this.#cuts.add(`${from}>${to}@${i}`);
    }
  }

  isolate(name: string, link: number | "all" = "all"): void {
    for (const other of this.#options.nodes) {
      this.cut(name, other, link);
      this.cut(other, name, link);
    }
  }

  heal(): void {
    this.#cuts.clear();
  }

  /** The kernel is about to resolve addresses anew: what is sent to a single one waits so long. */
  resolveAnew(ms: number): void {
    this.#resolvedAt = this.now + ms;
  }

  post(name: string, command: MessagingCommand): void {
    this.input(name, command);
  }

  input(name: string, input: MessagingInput): void {
    const node = this.#nodes.get(name);
    if (node === undefined) return;
    for (const output of node.machine.step(this.now, input)) {
      if (output.kind === "transmit") this.#carry(name, output);
      else this.events.push({ observer: name, ...output });
    }
  }

  /** What a node leaves for when it is dead. */
  interimFrames(name: string): InterimFrames {
    return this.#nodes.get(name)!.machine.interimFrames();
  }

  counters(name: string): Readonly<Record<string, number>> {
    return this.#nodes.get(name)!.machine.counters();
  }

  run(ms: number): this {
    return this.runUntil(this.now + ms, () => false);
  }

  runUntil(end: number, isDone: () => boolean): this {
    let stepsAtOnce = 0;
    while (!isDone()) {
      const next = this.#nextMoment();
      if (next > end) break;
      stepsAtOnce = next > this.now ? 0 : stepsAtOnce + 1;
      if (stepsAtOnce > 10_000) throw new Error(`time stands still at ${this.now}`);
      this.now = Math.max(this.now, next);
      this.#runDue();
    }
    if (!isDone()) this.now = end;
    return this;
  }

  /** Events of one kind, seen by one node, about one node. */
  told<Kind extends Told["kind"]>(
    kind: Kind,
    observer?: string,
    node?: string,
  ): (Told & { kind: Kind })[] {
    return this.events.filter(
      (event) =>
        event.kind === kind &&
        (observer === undefined || event.observer === observer) &&
        (node === undefined || ("node" in event && event.node === node)),
    ) as (Told & { kind: Kind })[];
  }

  #keepAlive(name: string, node: Running): void {
    if (this.#nodes.get(name) !== node) return;
    if (node.sendsMainAlive) this.#deliver(name, { kind: "main-alive" });
    this.#after(500, () => this.#keepAlive(name, node));
  }

  #carry(sender: string, { link, to, bytes }: Transmit): void {
    this.datagrams++;
    this.bytes += bytes.length;
    const senderIndex = this.#options.nodes.indexOf(sender);
    const from = { address: `10.${link}.0.${senderIndex + 1}`, port: 7700 + link };
    const where = to === "group" ? to : to.address;
    const held = to === "group" ? 0 : Math.max(0, this.#resolvedAt - this.now);
    this.wiretap?.({ kind: "datagram", link, from, bytes }, where);
    this.#options.nodes.forEach((receiver, i) => {
      if (to !== "group" && to.address !== `10.${link}.0.${i + 1}`) return;
      const copies = this.#random.next() < this.#options.duplicate ? 2 : 1;
      for (let copy = 0; copy < copies; copy++) {
        if (this.#cuts.has(`${sender}>${receiver}@${link}`)) continue;
        if (receiver !== sender && this.#random.next() < this.#options.loss) continue;
        const delay = this.#options.delayMs + this.#random.next() * this.#options.jitterMs;
        this.#after(held + delay, () =>
          this.#deliver(receiver, { kind: "datagram", link, from, bytes }),
        );
      }
    });
  }

  #deliver(name: string, input: MessagingInput): void {
    const node = this.#nodes.get(name);
    if (node === undefined) return;
    if (node.pausedUntil > this.now) {
      this.#after(node.pausedUntil - this.now, () => this.#deliver(name, input));
      return;
    }
    this.input(name, input);
  }

  #after(ms: number, run: () => void): void {
    this.#pending.push({ at: this.now + ms, order: this.#order++, run });
  }

  #tickAt(node: Running): number {
    const deadline = node.machine.nextDeadline();
    if (deadline === undefined) return Number.POSITIVE_INFINITY;
    // A deterministic jitter that differs from deadline to deadline.
    const jitter = node.tickJitterMs * Math.abs(Math.sin(deadline * 12.9898));
    return Math.max(deadline + jitter, node.pausedUntil);
  }

  #nextMoment(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const { at } of this.#pending) next = Math.min(next, at);
    for (const node of this.#nodes.values()) next = Math.min(next, this.#tickAt(node));
    return next;
  }

  #runDue(): void {
    const due = this.#pending.filter(({ at }) => at <= this.now);
    this.#pending = this.#pending.filter(({ at }) => at > this.now);
    due.sort((a, b) => a.at - b.at || a.order - b.order);
    for (const [name, node] of this.#nodes) {
      if (this.#tickAt(node) <= this.now) this.input(name, { kind: "tick" });
    }
    for (const { run } of due) run();
  }
}
