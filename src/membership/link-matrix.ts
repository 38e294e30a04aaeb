import type { Instant, Millis } from "../core/units.ts";
import type { AdvertBody } from "../model/peer.ts";
import { type Pair, pairOf } from "./view-formation.ts";

/** A peer that this node hears. */
export interface HeardPeer {
  readonly name: string;
  readonly incarnation: number;
  readonly advert: AdvertBody;
  /** Whom it hears, by its last word. */
  readonly hears: ReadonlySet<string>;
}

interface BrokenPair {
  /** Since when the two do not hear each other; undefined: they do again. */
  since: Instant | undefined;
  /** Counts as broken until then although they hear each other again. */
  heldUntil: Instant;
  /** How often it broke: holds grow, so that a flapping link does not re-form views for ever. */
  breaks: number;
  /** It lasted long enough to count. */
  counted: boolean;
}

/** A repaired pair must stay whole for so long before it counts as whole; doubled at each break. */
const HOLD_MS: Millis = 1_000;
const MAX_HOLD_MS: Millis = 60_000;

/**
 * Which pairs of living nodes hear each other, as far as this node can know: its own ears and what
 * its peers say of theirs. A pair is broken once it lasted the grace time: when a node dies, the
 * others notice it one after the other, and until the last has, it looks like a cut.
 */
export class LinkMatrix {
  readonly #self: string;
  readonly #graceMs: Millis;
  readonly #pairs = new Map<string, { readonly pair: Pair; readonly state: BrokenPair }>();

  constructor(self: string, graceMs: Millis) {
    this.#self = self;
    this.#graceMs = graceMs;
  }

  /** Takes the present state in; call it before asking. */
  update(now: Instant, peers: ReadonlyMap<string, HeardPeer>): void {
    if (this.#pairs.size === 0 && this.#isWhole(peers)) return;
    const silent = this.#findSilentPairs(peers);
    for (const [key, pair] of silent) {
      const known = this.#pairs.get(key);
      if (known === undefined) {
        const state = { since: now, heldUntil: 0, breaks: 0, counted: false };
        this.#pairs.set(key, { pair, state });
      } else if (known.state.since === undefined) known.state.since = now;
    }
    for (const [key, { pair, state }] of [...this.#pairs]) {
      if (!this.#isKnown(peers, pair[0]) || !this.#isKnown(peers, pair[1])) {
        this.#pairs.delete(key); // One of them is gone: whoever was left out for it may return.
      } else this.#age(now, key, state, silent.has(key));
    }
  }

  #age(now: Instant, key: string, state: BrokenPair, isSilent: boolean): void {
    if (isSilent) {
      if (!state.counted && state.since !== undefined && now >= state.since + this.#graceMs) {
        state.counted = true;
        state.breaks += 1;
      }
      return;
    }
    if (state.since !== undefined) {
      state.since = undefined;
      const hold = Math.min(MAX_HOLD_MS, HOLD_MS * 2 ** (state.breaks - 1));
      state.heldUntil = state.counted ? now + hold : now;
    }
    if (now < state.heldUntil) return;
    state.counted = false;
    // Forgotten only after a long quiet time, so that slow flapping is remembered too.
    if (state.breaks === 0 || now >= state.heldUntil + MAX_HOLD_MS) this.#pairs.delete(key);
  }

  /** The pairs that count as broken. */
  broken(): readonly Pair[] {
    const pairs = [...this.#pairs.values()].filter(({ state }) => state.counted);
    return pairs.map(({ pair }) => pair).sort();
  }

  /** When something may change by itself. */
  nextDeadline(): Instant | undefined {
    let earliest: Instant | undefined;
    for (const { state } of this.#pairs.values()) {
      const at = this.#deadlineOf(state);
      if (at !== undefined && (earliest === undefined || at < earliest)) earliest = at;
    }
    return earliest;
  }

  #deadlineOf(state: BrokenPair): Instant | undefined {
    if (state.since !== undefined) return state.counted ? undefined : state.since + this.#graceMs;
    return state.counted ? state.heldUntil : state.heldUntil + MAX_HOLD_MS;
  }

  #isKnown(peers: ReadonlyMap<string, HeardPeer>, name: string): boolean {
    if (name === this.#self || peers.has(name)) return true;
    return [...peers.values()].some((peer) => peer.hears.has(name));
  }

  /** Everybody who is alive hears everybody else, which is the rule. */
  #isWhole(peers: ReadonlyMap<string, HeardPeer>): boolean {
    for (const peer of peers.values()) {
      // It hears the others and us, and nobody beside.
      if (peer.hears.size !== peers.size || !peer.hears.has(this.#self)) return false;
      for (const name of peers.keys()) {
        if (name !== peer.name && !peer.hears.has(name)) return false;
      }
    }
    return true;
  }

  /** Pairs that do not hear each other at this moment, by key. */
  #findSilentPairs(peers: ReadonlyMap<string, HeardPeer>): Map<string, Pair> {
    const silent = new Map<string, Pair>();
    const add = (a: string, b: string) => {
      const pair = pairOf(a, b);
      silent.set(pair.join("|"), pair);
    };
    const heard = [...peers.values()];
    const unheard = new Set(heard.flatMap((peer) => [...peer.hears]));
    unheard.delete(this.#self);
    for (const peer of heard) {
      unheard.delete(peer.name);
      if (!peer.hears.has(this.#self)) add(peer.name, this.#self);
      for (const other of heard) {
        if (peer.name < other.name && !areMutual(peer, other)) add(peer.name, other.name);
      }
    }
    // Alive for others, not for us. Of two such nodes nothing is known, so nothing is held against them.
    for (const name of unheard) {
      add(name, this.#self);
      for (const peer of heard) if (!peer.hears.has(name)) add(name, peer.name);
    }
    return silent;
  }
}

function areMutual(a: HeardPeer, b: HeardPeer): boolean {
  return a.hears.has(b.name) && b.hears.has(a.name);
}
