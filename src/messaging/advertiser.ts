import { note } from "../core/note.ts";
import type { Instant, Millis } from "../core/units.ts";
import { type AdvertBody, saysTheSame } from "../model/peer.ts";
import { AdvertWriter } from "../wire/advert-memory.ts";
import type { Heard } from "../wire/message.ts";
import type { Endpoint, MessagingContext } from "./messaging-context.ts";

/** Changed content goes out at once, but no closer to the last such news than this share … */
const MIN_GAP_SHARE = 0.25;

/** … of the interval, or this: a burst of changes must not become a burst of frames. */
const MAX_MIN_GAP_MS = 25;

/** Goodbyes sent, because any of them may be lost. */
const GOODBYES = 3;

/** Time between them: past the burst that may have swallowed the one before. */
const GOODBYE_GAP_MS = 20;

/**
 * Nodes advertise in step with the first of them by name, from this interval on: a frame that comes
 * when this node is awake anyway costs a fraction of one that wakes it, and no timer set for the
 * silence of one peer fires between the frames of the others. Half of the cost of idling was that.
 */
const STEP_FLOOR_MS = 50;

/** Who is out of step comes nearer by this share of the interval each time, and never waits longer. */
const STEP_PULL_SHARE = 0.1;

/** Decides when this node advertises, and what. */
export class Advertiser {
  readonly #context: MessagingContext;
  #body: AdvertBody | undefined;
  #sequence = 0;
  /** When changed content last went out, or is to go out. */
  #newsAt = Number.NEGATIVE_INFINITY;
  #nextAt: Instant | undefined;
  #goodbyesLeft: number | undefined;
  readonly #writer = new AdvertWriter();
  /** Whom we hear, as last said: the same list while it is the same. */
  #heard: readonly Heard[] = [];

  constructor(context: MessagingContext) {
    this.#context = context;
  }

  /** This is what to say from now on; at once, unless only its hints have changed. */
  say(body: AdvertBody): void {
    const isNews = this.#body === undefined || !saysTheSame(this.#body, body);
    this.#body = body;
    this.#context.priority = body.priority;
    if (isNews) this.#context.contentChanged = true;
  }

  /** An advertisement of that peer has just been taken up, which says it comes each `intervalMs`. */
  keepStep(peer: string, intervalMs: Millis): void {
    const { now, config } = this.#context;
    if (this.#nextAt === undefined || this.#goodbyesLeft !== undefined) return;
    if (intervalMs < STEP_FLOOR_MS || intervalMs !== config.advertIntervalMs) return;
    if (this.#context.firstUp() !== peer) return;
    const pull = STEP_PULL_SHARE * intervalMs;
    const ahead = this.#nextAt - now;
    // A timer that fires in the same moment as the first is heard costs no wake-up of its own.
    this.#nextAt =
      ahead < intervalMs - pull ? Math.max(now, this.#nextAt - pull) : now + intervalMs;
  }

  /** Says goodbye a few times, then nothing any more. */
  leave(): void {
    if (this.#goodbyesLeft !== undefined) return;
    this.#goodbyesLeft = GOODBYES;
    this.#nextAt = this.#context.now;
  }

  /** True once the last goodbye was said. */
  get isGone(): boolean {
    return this.#goodbyesLeft === 0;
  }

  get nextDeadline(): Instant | undefined {
    return this.#nextAt;
  }

  /** Called at the end of each step: sends what is due. */
  flush(): void {
    const { now, config } = this.#context;
    if (this.#goodbyesLeft === undefined) this.#noteChange();
    if (this.#nextAt === undefined || now < this.#nextAt) return;
    if (this.#goodbyesLeft !== undefined) {
      this.#sayGoodbye();
      return;
    }
    // Counted from the deadline, not from now, so that small delays do not add up.
    const wasLate = now - this.#nextAt > config.advertIntervalMs / 2;
    const base = wasLate ? now : this.#nextAt;
    this.#send();
    this.#nextAt = base + config.advertIntervalMs;
  }

  #noteChange(): void {
    if (!this.#context.contentChanged || this.#body === undefined) return;
    this.#context.contentChanged = false;
    const gap = Math.min(MAX_MIN_GAP_MS, this.#context.config.advertIntervalMs * MIN_GAP_SHARE);
    // What waits already takes this change along.
    const waits = this.#newsAt > this.#context.now;
    if (!waits) this.#newsAt = Math.max(this.#context.now, this.#newsAt + gap);
    this.#nextAt = Math.min(this.#nextAt ?? this.#newsAt, this.#newsAt);
  }

  #sayGoodbye(): void {
    this.#send();
    this.#goodbyesLeft = this.#goodbyesLeft! - 1;
    this.#nextAt = this.#goodbyesLeft > 0 ? this.#context.now + GOODBYE_GAP_MS : undefined;
    if (this.#goodbyesLeft > 0) return;
    this.#context.emit(note("info", "leave-sent", "This node has said goodbye to its peers."));
  }

  /** Says what was last said to somebody who is no peer: numbered as that, so that none seems lost. */
  answer(link: number, to: Endpoint): void {
    const advert = this.#write(Math.max(0, this.#sequence - 1));
    if (advert !== undefined) this.#context.transmitTo(link, to, advert.type, advert.bytes);
  }

  #send(): void {
    const advert = this.#write(this.#sequence++);
    if (advert !== undefined) this.#context.broadcast(advert.type, advert.bytes);
  }

  #write(sequence: number): ReturnType<AdvertWriter["write"]> | undefined {
    if (this.#body === undefined) return undefined;
    this.#listHeard();
    return this.#writer.write({
      kind: "advert",
      sequence,
      intervalMs: this.#context.config.advertIntervalMs,
      leaving: this.#goodbyesLeft !== undefined,
      stuck: this.#context.isStuck,
      body: this.#body,
      heard: this.#heard,
    });
  }

  #listHeard(): void {
    const heard: Heard[] = [];
    for (const peer of this.#context.peers.values()) {
      if (peer.status !== "up") continue;
      let links = 0;
      for (const link of peer.links) if (link.up) links |= 1 << link.index;
      heard.push({ node: peer.name, links });
    }
    const isSame =
      heard.length === this.#heard.length &&
      heard.every(({ node, links }, i) => {
        const before = this.#heard[i];
        return before?.node === node && before.links === links;
      });
    if (!isSame) this.#heard = heard;
  }
}
