import type { Millis } from "../core/units.ts";
import type { AdvertBody } from "../model/peer.ts";

/** A peer that the sender of an advertisement hears directly. */
export interface Heard {
  readonly node: string;
  /** Bit n is set if link n carries frames from that peer to the sender. */
  readonly links: number;
}

/** "I am here, and this is my state": sent to everybody at each interval. */
export interface Advert {
  readonly kind: "advert";
  /** Rises by one per advertisement, so that the receiver can tell lost ones from late ones. */
  readonly sequence: number;
  readonly intervalMs: Millis;
  /** The sender goes away and must not be waited for (RFC 9568 §7.1: priority 0). */
  readonly leaving: boolean;
  /** The sender's messaging thread lives, but its main loop has not spoken for long. */
  readonly stuck: boolean;
  readonly body: AdvertBody;
  readonly heard: readonly Heard[];
}

/** "Are you there?" The answer repeats the nonce. */
export interface Ping {
  readonly kind: "ping";
  readonly to: string;
  readonly nonce: number;
}

/** The answer to a ping. */
export interface Pong {
  readonly kind: "pong";
  readonly to: string;
  readonly nonce: number;
}

/** "I do not hear `target`: do you?" (SWIM's ping-req.) */
export interface ProbeRequest {
  readonly kind: "probe-request";
  readonly to: string;
  readonly target: string;
}

/** "I heard `target` so long ago." */
export interface ProbeAnswer {
  readonly kind: "probe-answer";
  readonly to: string;
  readonly target: string;
  readonly ageMs: Millis;
}

/** A piece of a message on the reliable channel. */
export interface Segment {
  readonly kind: "segment";
  readonly to: string;
  /** Who `to` was when this was sent: a restarted peer must not take it up. */
  readonly toIncarnation: number;
  /** Rises each time the sender starts over, which it does when the receiver came up (again). */
  readonly stream: number;
  /** Rises by one with each transmission, repeated ones too (as QUIC's packet numbers, RFC 9002 §2). */
  readonly transmission: number;
  /** Place in the stream, from 0. */
  readonly sequence: number;
  /** Last piece of its message. */
  readonly end: boolean;
  readonly payload: Uint8Array;
}

/** What has arrived of a stream. */
export interface Acknowledgement {
  readonly kind: "acknowledgement";
  readonly to: string;
  readonly toIncarnation: number;
  readonly stream: number;
  /** Largest transmission seen. */
  readonly transmission: number;
  /** Every segment before this one has arrived. */
  readonly next: number;
  /** How many segments from `next` on the receiver will take. */
  readonly window: number;
  /** Segments beyond `next` that arrived: pairs of first and last, ascending. */
  readonly ranges: readonly (readonly [first: number, last: number])[];
}

/** Everything that travels in frames. */
export type WireMessage =
  | Advert
  | Ping
  | Pong
  | ProbeRequest
  | ProbeAnswer
  | Segment
  | Acknowledgement;
