import { SeededRandom } from "../core/random.ts";
import type { Instant } from "../core/units.ts";
import type { AdvertBody, MessagingConfig } from "../model/peer.ts";
import type { ClusterKey } from "../wire/cluster-key.ts";
import type { Transmit } from "./messaging-context.ts";
import { type MessagingInput, MessagingMachine } from "./messaging-machine.ts";

/** More nodes do nothing that two beside this one do not. */
const NODES_MAX = 3;

/** Virtual milliseconds that a frame takes. */
const HOP_MS = 0.23;

/** As large as real ones, and with a fraction: code is compiled for the kind of numbers it has met. */
const BEGIN: Instant = 86_400_000.25;
const INCARNATION = 1_800_000_000_000;

/** A message to every other node, once in so many intervals. */
const MESSAGE_EVERY = 10;

/** A secret for nothing: what is sealed with it never leaves the thread. */
const KEY: ClusterKey = { id: 1, secret: new Uint8Array(32).fill(1) };

const BODY: AdvertBody = {
  priority: 100,
  viewId: "1@rehearsal",
  dc: "",
  term: 1,
  quorate: true,
  definitionVersion: 1,
  activeDigest: "",
  load: 0,
};

/**
 * Some intervals of the life of a few nodes, played through in memory: advertisements, pings and
 * messages, sealed and opened. No frame is sent. It yields after every step.
 *
 * The messaging thread does it for the sake of its own code. Node compiles well only what has run some
 * ten thousand times, which an idle cluster takes a quarter of an hour to do, at twice the cost.
 */
export function* frameRehearsal(
  config: MessagingConfig,
  intervals: number,
): Generator<undefined, void> {
  const stage = new FrameStage(config);
  for (let interval = 0; interval < intervals; interval++) {
    yield* stage.play(config.advertIntervalMs);
    if (interval % MESSAGE_EVERY === 0) stage.talk();
  }
}

interface Frame {
  readonly at: Instant;
  readonly to: string;
  readonly input: MessagingInput;
}

class FrameStage {
  readonly #machines = new Map<string, MessagingMachine>();
  readonly #nodes: MessagingConfig["nodes"];
  readonly #port: number;
  readonly #frames: Frame[] = [];
  #now: Instant = BEGIN;

  constructor(config: MessagingConfig) {
    const others = config.nodes.filter(({ name }) => name !== config.self);
    const own = config.nodes.filter(({ name }) => name === config.self);
    const nodes = [...own, ...others].slice(0, NODES_MAX);
    this.#nodes = nodes;
    this.#port = config.port;
    nodes.forEach(({ name }, i) => {
      const machine = new MessagingMachine({
        config: { ...config, self: name, nodes },
        incarnation: INCARNATION,
        keys: [KEY],
        random: new SeededRandom(i + 1),
        now: BEGIN,
      });
      this.#machines.set(name, machine);
      this.#give(name, { kind: "advertise", body: BODY });
    });
  }

  /** Everybody says something to everybody. */
  talk(): void {
    for (const name of this.#machines.keys()) {
      this.#give(name, { kind: "main-alive" });
      for (const to of this.#machines.keys()) {
        if (to !== name) this.#give(name, { kind: "send", to, payload: new Uint8Array(500) });
      }
    }
  }

  *play(ms: number): Generator<undefined, void> {
    for (const end = this.#now + ms; ; ) {
      const next = this.#next();
      if (next === undefined || next.at > end) {
        this.#now = end;
        return;
      }
      if (next === this.#frames[0]) this.#frames.shift();
      this.#now = Math.max(this.#now, next.at);
      this.#give(next.to, next.input);
      yield;
    }
  }

  #next(): Frame | undefined {
    let next = this.#frames[0];
    for (const [to, machine] of this.#machines) {
      const at = machine.nextDeadline();
      if (at !== undefined && (next === undefined || at < next.at)) {
        next = { at, to, input: { kind: "tick" } };
      }
    }
    return next;
  }

  #give(name: string, input: MessagingInput): void {
    for (const output of this.#machines.get(name)?.step(this.#now, input) ?? []) {
      if (output.kind === "transmit") this.#carry(name, output);
    }
  }

  /** All frames take as long, so they arrive in the order in which they were sent. */
  #carry(sender: string, { link, to, bytes }: Transmit): void {
    const address = this.#nodes.find(({ name }) => name === sender)?.addresses[link] ?? "";
    const from = { address, port: this.#port + link };
    const at = this.#now + HOP_MS;
    for (const { name, addresses } of this.#nodes) {
      if (name === sender || (to !== "group" && to.address !== addresses[link])) continue;
      this.#frames.push({ at, to: name, input: { kind: "datagram", link, from, bytes } });
    }
  }
}
