import { note } from "../core/note.ts";
import { frameOverhead } from "../wire/frame.ts";
import type { Acknowledgement, Segment } from "../wire/message.ts";
import { ChannelReceiver } from "./channel-receiver.ts";
import { ChannelSender, type OutgoingSegment } from "./channel-sender.ts";
import type { MessagingContext } from "./messaging-context.ts";
import type { RemotePeer } from "./remote-peer.ts";

/** Bytes of a segment's own fields at their largest, without the receiver's name. */
const SEGMENT_FIELDS = 34;

/** Whatever the definition says of `max-datagram`, segments of less would be all overhead. */
const MIN_SEGMENT_BYTES = 128;

/** An acknowledgement that is not urgent waits this long for company. */
const ACK_DELAY_MS = 2;

/** The reliable, ordered channels, one per peer that is up. */
export class PeerChannels {
  readonly #context: MessagingContext;
  #stream = 0;

  constructor(context: MessagingContext) {
    this.#context = context;
  }

  /** The peer came up: messages to it start a new stream. */
  begin(peer: RemotePeer): void {
    const overhead =
      frameOverhead(this.#context.self) + SEGMENT_FIELDS + Buffer.byteLength(peer.name);
    const room = Math.max(MIN_SEGMENT_BYTES, this.#context.config.maxDatagram - overhead);
    peer.sender = new ChannelSender(++this.#stream, room, peer.rtt);
  }

  send(to: string, payload: Uint8Array): void {
    const peer = this.#context.peers.get(to);
    if (peer?.status !== "up" || peer.sender === undefined) {
      this.#context.emit(
        note("debug", "send-dropped", `A message to ${to} was dropped: it is not up.`, {
          node: to,
        }),
      );
      return;
    }
    if (!peer.sender.enqueue(payload)) {
      const message = `A message to ${to} was dropped: it is too large, or too much is waiting for that node.`;
      this.#context.emit(
        note("error", "send-refused", message, { node: to, bytes: payload.length }),
      );
      return;
    }
    this.pump(peer);
  }

  /** The channel timer fired: nothing came back. */
  expire(peer: RemotePeer): void {
    if (peer.sender === undefined) return;
    this.#transmit(peer, peer.sender.stream, peer.sender.expire(this.#context.now));
    this.#arm(peer);
  }

  segment(peer: RemotePeer, segment: Segment, link: number): void {
    if (peer.status !== "up") return;
    if (peer.receiver === undefined || segment.stream > peer.receiver.stream) {
      peer.receiver = new ChannelReceiver(segment.stream);
    }
    if (segment.stream < peer.receiver.stream) return;
    peer.segmentLink = link;
    const { messages, acknowledgeNow } = peer.receiver.receive(segment, !this.#context.isStuck);
    const { now: at } = this.#context;
    for (const payload of messages) {
      const { name: node, incarnation } = peer;
      this.#context.emit({ kind: "message", node, incarnation, payload, at });
    }
    if (acknowledgeNow) this.acknowledge(peer);
    else if (!peer.timers.isSet("acknowledge")) peer.timers.set("acknowledge", at + ACK_DELAY_MS);
  }

  acknowledgement(peer: RemotePeer, ack: Acknowledgement): void {
    if (peer.sender === undefined) return;
    peer.sender.acknowledge(this.#context.now, ack);
    this.pump(peer);
  }

  /** Tells the peer what has arrived of its stream. */
  acknowledge(peer: RemotePeer): void {
    peer.timers.clear("acknowledge");
    if (peer.receiver === undefined || peer.status !== "up") return;
    const { name: to, incarnation: toIncarnation } = peer;
    const preferred = peer.links[peer.segmentLink];
    const link = preferred?.hearsUs ? preferred : this.#context.pickLink(peer, 0);
    if (link === undefined) return;
    const state = peer.receiver.acknowledgement(!this.#context.isStuck);
    this.#context.transmit(link, { kind: "acknowledgement", to, toIncarnation, ...state });
  }

  /** Sends what the windows allow. */
  pump(peer: RemotePeer): void {
    if (peer.sender === undefined) return;
    this.#transmit(peer, peer.sender.stream, peer.sender.pump(this.#context.now));
    this.#arm(peer);
  }

  #transmit(peer: RemotePeer, stream: number, segments: readonly OutgoingSegment[]): void {
    const { name: to, incarnation: toIncarnation } = peer;
    for (const { attempt, ...segment } of segments) {
      const link = this.#context.pickLink(peer, attempt);
      if (link === undefined) return;
      this.#context.transmit(link, { kind: "segment", to, toIncarnation, stream, ...segment });
    }
  }

  #arm(peer: RemotePeer): void {
    const deadline = peer.sender?.deadline();
    if (deadline === undefined) peer.timers.clear("channel");
    else peer.timers.set("channel", deadline);
  }
}
