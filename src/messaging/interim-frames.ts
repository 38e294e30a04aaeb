import type { Millis } from "../core/units.ts";
import type { MessagingContext } from "./messaging-context.ts";

/** A frame sealed beforehand, and where it is to go. */
export interface InterimFrame {
  readonly address: string;
  readonly port: number;
  readonly bytes: Uint8Array;
}

/** What keeps the peers from missing this node when its daemon has died. */
export interface InterimFrames {
  /** Between two rounds. */
  readonly everyMs: Millis;
  /** One frame for every peer on every link. */
  readonly rounds: readonly (readonly InterimFrame[])[];
}

/** A start takes half a second, on a busy machine two; whoever needs longer is missed. */
const SPAN_MS: Millis = 2_500;

/** Of long intervals one sign is enough: by it the peers wait until the guardian has acted. */
const LEAST_ROUNDS = 1;

/** Several in the time after which a peer is down (1.75 intervals), since a starting process stalls. */
const ROUNDS_PER_INTERVAL = 2.5;

/** … but no more than this many, all links and peers taken together: each is sealed and kept. */
const MAX_FRAMES = 2_000;

/** With shorter intervals this node is missed before anybody could speak for it: none are sealed. */
const SHORTEST_INTERVAL_MS: Millis = 45;

/** No nonce of a ping: nobody takes the answer for one to his own. */
const NO_NONCE = Number.MAX_SAFE_INTEGER;

/**
 * Signs of life for the time between the death of this daemon and the first word of the next: pongs
 * that nobody asked for, sealed now with counters that are sent last. They say nothing but that this
 * incarnation is not to be given up yet. Once one of them was received, nothing else of this
 * incarnation is: they are for the guardian, who knows that this process is gone.
 */
export function interimFrames(context: MessagingContext): InterimFrames {
  const { advertIntervalMs } = context.config;
  const everyMs = advertIntervalMs / ROUNDS_PER_INTERVAL;
  if (advertIntervalMs < SHORTEST_INTERVAL_MS) return { everyMs, rounds: [] };
  const ways = [...context.peers.values()].flatMap((peer) =>
    peer.links.flatMap(({ address, port }) =>
      address === undefined ? [] : [{ to: peer.name, address, port }],
    ),
  );
  const count = Math.min(SPAN_MS / everyMs, MAX_FRAMES / Math.max(1, ways.length));
  const rounds = Array.from({ length: Math.max(LEAST_ROUNDS, Math.floor(count)) }, () =>
    ways.map(({ to, address, port }) => ({
      address,
      port,
      bytes: context.sealLast({ kind: "pong", to, nonce: NO_NONCE }),
    })),
  );
  return { everyMs, rounds };
}
