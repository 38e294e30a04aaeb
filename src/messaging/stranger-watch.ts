import type { Instant, Millis } from "../core/units.ts";
import { FrameOpener, type FrameOpenerOptions } from "../wire/frame.ts";
import { parseHeader } from "../wire/frame-header.ts";
import { clusterIdOf } from "../wire/seal.ts";

/** So many are known at a time. Any name may be sent, and of a real one there is hardly ever one. */
const MAX_STRANGERS = 4;

/** Two that are strangers to each other must not answer each other's answers for ever faster. */
const ANSWER_SHARE = 0.5;

/**
 * Nodes that have the cluster's key, but that the definition does not name: they were taken out, or
 * have yet to hear of a newer one. Their frames are not taken; but who sends them may believe that it
 * is alone in the world, and act by that, where no group lets it hear the others. It is answered.
 */
export class StrangerWatch {
  readonly #opener: FrameOpener;
  readonly #clusterId: Uint8Array;
  readonly #answeredAt = new Map<string, Instant>();

  constructor(options: Omit<FrameOpenerOptions, "senders">) {
    this.#opener = new FrameOpener({ ...options, senders: [] });
    this.#clusterId = clusterIdOf(options.cluster);
  }

  setKeys(keys: FrameOpenerOptions["keys"]): void {
    this.#opener.setKeys(keys);
  }

  /** Whether the sender of a frame that no peer has sent is to be answered: once in half an interval. */
  isToBeAnswered(now: Instant, bytes: Uint8Array, intervalMs: Millis): boolean {
    const header = parseHeader(Buffer.from(bytes), this.#clusterId);
    if (typeof header === "string") return false;
    const { sender } = header;
    this.#know(sender);
    // First of all, so that no frame is new a second time because it came too soon for an answer.
    if (typeof this.#opener.open(bytes) === "string") return false;
    const answeredAt = this.#answeredAt.get(sender) ?? Number.NEGATIVE_INFINITY;
    if (now - answeredAt < ANSWER_SHARE * intervalMs) return false;
    this.#answeredAt.set(sender, now);
    return true;
  }

  #know(sender: string): void {
    if (this.#answeredAt.has(sender)) return;
    const [longest] = this.#answeredAt.keys();
    if (this.#answeredAt.size >= MAX_STRANGERS) this.#answeredAt.delete(longest!);
    this.#answeredAt.set(sender, Number.NEGATIVE_INFINITY);
    this.#opener.setSenders(this.#answeredAt.keys());
  }
}
