import type { Acknowledgement, Segment } from "../wire/message.ts";
import { MAX_MESSAGE_BYTES } from "./channel-sender.ts";

/** Segments taken out of order: above the sender's largest window, so that it never binds on a LAN. */
const RECEIVE_WINDOW = 256;

/** In-order segments that one acknowledgement may cover; more would make the sender's bursts larger. */
const ACK_EVERY = 4;

/** What the receiver has made of a segment. */
export interface Received {
  /** Messages that are complete now, in order. */
  readonly messages: readonly Uint8Array[];
  /** True if the sender should know at once; otherwise soon is enough. */
  readonly acknowledgeNow: boolean;
}

const NOTHING: Received = { messages: [], acknowledgeNow: false };

/** The receiving half of one stream: puts segments in order and messages together. */
export class ChannelReceiver {
  readonly stream: number;
  #next = 0;
  #largestTransmission = 0;
  readonly #early = new Map<number, Segment>();
  #parts: Uint8Array[] = [];
  #partBytes = 0;
  #unacknowledged = 0;
  /** Set if the peer broke the protocol: the stream is dead, the peer is not. */
  #broken = false;

  constructor(stream: number) {
    this.stream = stream;
  }

  /** `open` is false while nobody takes messages here: then nothing new is accepted. */
  receive(segment: Segment, open: boolean): Received {
    if (this.#broken) return NOTHING;
    // A refused segment must not look like one that overtook others: it would be sent again at once.
    const isBeyond = segment.sequence >= this.#next + RECEIVE_WINDOW;
    if (isBeyond || !open) return { messages: [], acknowledgeNow: true };
    this.#largestTransmission = Math.max(this.#largestTransmission, segment.transmission);
    const isKnown = segment.sequence < this.#next || this.#early.has(segment.sequence);
    if (isKnown) return { messages: [], acknowledgeNow: true };
    const isInOrder = segment.sequence === this.#next && this.#early.size === 0;
    this.#early.set(segment.sequence, segment);
    const messages = this.#advance();
    this.#unacknowledged++;
    return {
      messages,
      acknowledgeNow: !isInOrder || messages.length > 0 || this.#unacknowledged >= ACK_EVERY,
    };
  }

  /** What to tell the sender. */
  acknowledgement(
    open: boolean,
  ): Pick<Acknowledgement, "stream" | "transmission" | "next" | "window" | "ranges"> {
    this.#unacknowledged = 0;
    return {
      stream: this.stream,
      transmission: this.#largestTransmission,
      next: this.#next,
      window: open ? RECEIVE_WINDOW : 0,
      ranges: this.#ranges(),
    };
  }

  /** True if something arrived that was not acknowledged yet. */
  get owesAcknowledgement(): boolean {
    return this.#unacknowledged > 0;
  }

  #advance(): Uint8Array[] {
    const messages: Uint8Array[] = [];
    for (;;) {
      const segment = this.#early.get(this.#next);
      if (segment === undefined) return messages;
      this.#early.delete(this.#next++);
      this.#parts.push(segment.payload);
      this.#partBytes += segment.payload.length;
      if (this.#partBytes > MAX_MESSAGE_BYTES) {
        this.#broken = true;
        this.#parts = [];
        this.#early.clear();
        return messages;
      }
      if (segment.end) messages.push(this.#complete());
    }
  }

  #complete(): Uint8Array {
    const [only] = this.#parts;
    const message = this.#parts.length === 1 ? only! : Buffer.concat(this.#parts);
    this.#parts = [];
    this.#partBytes = 0;
    return message;
  }

  #ranges(): [number, number][] {
    const ranges: [number, number][] = [];
    for (const sequence of [...this.#early.keys()].sort((a, b) => a - b)) {
      const last = ranges.at(-1);
      if (last !== undefined && last[1] + 1 === sequence) last[1] = sequence;
      else ranges.push([sequence, sequence]);
    }
    return ranges;
  }
}
