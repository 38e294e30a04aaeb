import type { Instant } from "../core/units.ts";
import type { Acknowledgement } from "../wire/message.ts";
import { CongestionWindow } from "./congestion-window.ts";
import type { RttEstimator } from "./rtt-estimator.ts";

/** The largest message. A CIB of a large cluster has a few megabytes; a receiver must bound its buffer. */
export const MAX_MESSAGE_BYTES = 32 * 1024 * 1024;

/** What may wait for one peer. Beyond it a message is refused: the peer is alive but does not take anything. */
export const MAX_QUEUED_BYTES = 64 * 1024 * 1024;

/** A segment counts as lost when one sent this many transmissions later has arrived (RFC 9002 §6.1.1). */
const REORDER_THRESHOLD = 3;

/** Segments sent at a timeout, to learn what arrived (RFC 9002 §6.2.4). */
const TIMEOUT_PROBES = 2;

/** Timeouts in a row after which the window collapses (RFC 9002 §7.6: persistent congestion). */
const COLLAPSE_AFTER = 3;

/** What the receiver takes until it says otherwise. */
const ASSUMED_RECEIVE_WINDOW = 64;

/** A segment to be put into a frame. */
export interface OutgoingSegment {
  readonly transmission: number;
  readonly sequence: number;
  readonly end: boolean;
  readonly payload: Uint8Array;
  /** 0 at first, then counts the repetitions: another link is tried for each. */
  readonly attempt: number;
}

interface Outstanding {
  readonly sequence: number;
  readonly end: boolean;
  readonly payload: Uint8Array;
  transmission: number;
  sentAt: Instant;
  attempts: number;
  lost: boolean;
}

/**
 * The sending half of one stream. Messages are cut into segments as the window allows; a segment is
 * repeated when later ones arrived without it, or when nothing comes back for a timeout.
 */
export class ChannelSender {
  readonly stream: number;
  readonly #segmentBytes: number;
  readonly #rtt: RttEstimator;
  readonly #window = new CongestionWindow();
  #queue: Uint8Array[] = [];
  #queueHead = 0;
  #offset = 0;
  #queuedBytes = 0;
  /** By sequence, ascending, because segments enter in that order. */
  readonly #outstanding = new Map<number, Outstanding>();
  #lostCount = 0;
  #nextSequence = 0;
  /** From 1: an acknowledgement with transmission 0 says that nothing was taken yet. */
  #nextTransmission = 1;
  #largestArrived = -1;
  #highestNext = 0;
  #receiveLimit = ASSUMED_RECEIVE_WINDOW;
  #timeouts = 0;
  #timerBase: Instant = 0;

  constructor(stream: number, segmentBytes: number, rtt: RttEstimator) {
    this.stream = stream;
    this.#segmentBytes = segmentBytes;
    this.#rtt = rtt;
  }

  /** False if the message is too large or too much is waiting already. */
  enqueue(payload: Uint8Array): boolean {
    if (payload.length > MAX_MESSAGE_BYTES) return false;
    if (this.#queuedBytes + payload.length > MAX_QUEUED_BYTES) return false;
    this.#queue.push(payload);
    this.#queuedBytes += payload.length;
    return true;
  }

  /** What may be sent now: lost segments first, then new ones. */
  pump(now: Instant): OutgoingSegment[] {
    const segments: OutgoingSegment[] = [];
    let room = this.#window.size - (this.#outstanding.size - this.#lostCount);
    if (this.#lostCount > 0) {
      for (const segment of this.#outstanding.values()) {
        if (room <= 0 || this.#lostCount === 0) break;
        if (!segment.lost) continue;
        segments.push(this.#transmit(now, segment));
        room--;
      }
    }
    while (room > 0 && this.#nextSequence < this.#receiveLimit) {
      const segment = this.#cut();
      if (segment === undefined) break;
      segments.push(this.#transmit(now, segment));
      room--;
    }
    return segments;
  }

  acknowledge(now: Instant, ack: Acknowledgement): void {
    if (ack.stream !== this.stream || ack.next > this.#nextSequence) return;
    this.#noteWindow(ack);
    let arrived = 0;
    let range = 0;
    for (const segment of this.#outstanding.values()) {
      while (range < ack.ranges.length && ack.ranges[range]![1] < segment.sequence) range++;
      const [first] = ack.ranges[range] ?? [Number.POSITIVE_INFINITY];
      if (segment.transmission === ack.transmission) this.#rtt.sample(now - segment.sentAt);
      if (segment.sequence >= ack.next && segment.sequence < first) continue;
      this.#remove(segment);
      arrived++;
    }
    if (ack.transmission < this.#nextTransmission) {
      this.#largestArrived = Math.max(this.#largestArrived, ack.transmission);
    }
    if (arrived > 0) {
      this.#timeouts = 0;
      this.#timerBase = now;
      this.#window.acknowledged(arrived);
    }
    this.#markLost();
  }

  /** Nothing came back: repeats the oldest segments whatever the windows say. */
  expire(now: Instant): OutgoingSegment[] {
    this.#timeouts++;
    this.#timerBase = now;
    if (this.#timeouts === COLLAPSE_AFTER) this.#window.collapse();
    const segments: OutgoingSegment[] = [];
    for (const segment of this.#outstanding.values()) {
      if (segments.length === TIMEOUT_PROBES) break;
      segments.push(this.#transmit(now, segment));
    }
    if (segments.length === 0) {
      const segment = this.#cut();
      if (segment !== undefined) segments.push(this.#transmit(now, segment));
    }
    return segments;
  }

  /** When `expire` is due; undefined if nothing is on its way and nothing waits. */
  deadline(): Instant | undefined {
    if (this.#outstanding.size === 0 && this.#queue.length === 0) return undefined;
    return this.#timerBase + this.#rtt.timeout(this.#timeouts);
  }

  #noteWindow(ack: Acknowledgement): void {
    if (ack.next < this.#highestNext) return;
    const wasClosed = this.#receiveLimit <= this.#highestNext;
    this.#highestNext = ack.next;
    this.#receiveLimit = ack.next + ack.window;
    if (!wasClosed || ack.window === 0) return;
    // What was under way was refused: it goes again now rather than after the backed-off timeout.
    this.#timeouts = 0;
    for (const segment of this.#outstanding.values()) {
      if (!segment.lost) this.#lostCount++;
      segment.lost = true;
    }
  }

  #transmit(now: Instant, segment: Outstanding): OutgoingSegment {
    // The timer starts with the first segment after idleness, and again at each acknowledgement.
    if (this.#outstanding.size === 0) this.#timerBase = now;
    if (segment.lost) this.#lostCount--;
    segment.lost = false;
    segment.transmission = this.#nextTransmission++;
    segment.sentAt = now;
    const { transmission, sequence, end, payload } = segment;
    const attempt = segment.attempts++;
    this.#outstanding.set(sequence, segment);
    return { transmission, sequence, end, payload, attempt };
  }

  #cut(): Outstanding | undefined {
    const message = this.#queue[this.#queueHead];
    if (message === undefined) return undefined;
    const payload = message.subarray(this.#offset, this.#offset + this.#segmentBytes);
    this.#offset += payload.length;
    const end = this.#offset >= message.length;
    if (end) this.#shift();
    const sequence = this.#nextSequence++;
    return { sequence, end, payload, transmission: 0, sentAt: 0, attempts: 0, lost: false };
  }

  #shift(): void {
    this.#offset = 0;
    this.#queueHead++;
    if (this.#queueHead < 64 && this.#queueHead < this.#queue.length) return;
    this.#queue = this.#queue.slice(this.#queueHead);
    this.#queueHead = 0;
  }

  #remove(segment: Outstanding): void {
    if (segment.lost) this.#lostCount--;
    this.#queuedBytes -= segment.payload.length;
    this.#outstanding.delete(segment.sequence);
  }

  #markLost(): void {
    for (const segment of this.#outstanding.values()) {
      if (segment.lost || segment.transmission + REORDER_THRESHOLD > this.#largestArrived) continue;
      segment.lost = true;
      this.#lostCount++;
      this.#window.lost(segment.transmission, this.#nextTransmission - 1);
    }
  }
}
