import type { Note } from "../core/note.ts";
import type { Instant, Millis } from "../core/units.ts";
import type { MessagingConfig, PeerEvent } from "../model/peer.ts";
import { type FrameSealer, negotiateVersion } from "../wire/frame.ts";
import type { WireMessage } from "../wire/message.ts";
import { encodeMessage, typeOf } from "../wire/message-codec.ts";
import { DecayingPeak } from "./decaying-peak.ts";
import { boundOf, skewOf } from "./detector-timing.ts";
import type { Surroundings } from "./peer-detector.ts";
import type { PeerLink, RemotePeer } from "./remote-peer.ts";

/** An address and port of UDP. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** A datagram to send. `group` means the multicast group of that link. */
export interface Transmit {
  readonly kind: "transmit";
  readonly link: number;
  readonly to: Endpoint | "group";
  readonly bytes: Uint8Array;
}

export type MessagingOutput = Transmit | PeerEvent | Note;

/** A frame heard on a link within this many intervals shows that the link works now. */
const FRESH_INTERVALS = 1.5;

/** Priority of a node before its first advertisement: VRRP's default (RFC 9568 §5.2.4). */
const DEFAULT_PRIORITY = 100;

/** What the parts of the messaging machine share during a step: peers, configuration and the outbox. */
export class MessagingContext {
  readonly self: string;
  readonly incarnation: number;
  readonly sealer: FrameSealer;
  /** Sorted by name. */
  readonly peers = new Map<string, RemotePeer>();
  readonly ownLateness = new DecayingPeak();
  config: MessagingConfig;
  now: Instant;
  ownLinks = 0;
  priority = DEFAULT_PRIORITY;
  /** True while our own main loop has not spoken for long. */
  isStuck = false;
  /** Set by whoever changes something that our advertisement tells. */
  contentChanged = false;
  #nonce = 0;
  #outputs: MessagingOutput[] = [];

  constructor(config: MessagingConfig, incarnation: number, sealer: FrameSealer, now: Instant) {
    this.config = config;
    this.self = config.self;
    this.incarnation = incarnation;
    this.sealer = sealer;
    this.now = now;
  }

  emit(output: MessagingOutput | undefined): void {
    if (output !== undefined) this.#outputs.push(output);
  }

  takeOutputs(): readonly MessagingOutput[] {
    const outputs = this.#outputs;
    this.#outputs = [];
    return outputs;
  }

  /** The first node by name that is alive as seen from here; undefined: this node itself. */
  firstUp(): string | undefined {
    for (const peer of this.peers.values()) {
      if (peer.name > this.self) return undefined;
      if (peer.status === "up") return peer.name;
    }
    return undefined;
  }

  /**
   * Sends to one peer on one link; nothing happens if it has no address there. It goes by the group
   * until a ping was answered: after a cable was mended the kernel holds back what is sent to a single
   * address, for up to a second, until it has resolved it anew (ARP, RFC 4861 §7.2.2).
   */
  transmit(link: PeerLink, message: WireMessage): void {
    const { address, port, index } = link;
    if (address === undefined) return;
    const isPing = message.kind === "ping" || message.kind === "pong";
    const byGroup = this.config.transport === "multicast" && !link.answers && !isPing;
    const to = byGroup ? "group" : { address, port };
    this.emit({ kind: "transmit", link: index, to, bytes: this.#seal(message) });
  }

  /** Sends to an address that belongs to no peer. */
  transmitTo(link: number, to: Endpoint, type: number, body: Uint8Array): void {
    const bytes = this.sealer.seal(type, body, negotiateVersion(this.#maxVersions()));
    this.emit({ kind: "transmit", link, to, bytes });
  }

  /** Sends to all on every link. Each link has its own frame, so that no copy counts as replayed. */
  broadcast(type: number, body: Uint8Array): void {
    const version = negotiateVersion(this.#maxVersions());
    for (let link = 0; link < this.ownLinks; link++) {
      const bytes = this.sealer.seal(type, body, version);
      if (this.config.transport === "multicast") {
        this.emit({ kind: "transmit", link, to: "group", bytes });
        continue;
      }
      for (const peer of this.peers.values()) {
        const { address, port } = peer.links[link] ?? {};
        if (address === undefined || port === undefined) continue;
        this.emit({ kind: "transmit", link, to: { address, port }, bytes });
      }
    }
  }

  /** Pings a peer on every link. */
  ping(peer: RemotePeer): void {
    for (const link of peer.links) {
      const nonce = this.#nonce++;
      peer.pinged(nonce, this.now);
      this.transmit(link, { kind: "ping", to: peer.name, nonce });
    }
  }

  /** The best link to a peer: one that works in both directions; another for each further attempt. */
  pickLink(peer: RemotePeer, attempt: number): PeerLink | undefined {
    const usable = peer.links.filter((link) => link.address !== undefined);
    const fresh = this.now - FRESH_INTERVALS * peer.detector.intervalMs;
    const up = usable.filter((link) => link.up);
    const good = up.filter((link) => link.hearsUs && link.silentSince >= fresh);
    const candidates = good.length > 0 ? good : up.length > 0 ? up : usable;
    return candidates[attempt % Math.max(1, candidates.length)];
  }

  /** Silence after which a peer with this interval, or its link, is down in any case. */
  boundMs(intervalMs: Millis): Millis {
    return boundOf(intervalMs, this.skewMs(intervalMs));
  }

  skewMs(intervalMs: Millis): Millis {
    return skewOf(this.priority, intervalMs);
  }

  surroundings(peer: RemotePeer): Surroundings {
    return {
      skewMs: this.skewMs(peer.detector.intervalMs),
      roundTripMs: peer.roundTripMs,
      ownLatenessMs: this.ownLateness.value(this.now),
    };
  }

  /** A frame that is to be sent when this daemon is gone; see `interimFrames`. */
  sealLast(message: WireMessage): Uint8Array {
    const version = negotiateVersion(this.#maxVersions());
    return this.sealer.sealLast(typeOf(message), encodeMessage(message), version);
  }

  #seal(message: WireMessage): Uint8Array {
    const version = negotiateVersion(this.#maxVersions());
    return this.sealer.seal(typeOf(message), encodeMessage(message), version);
  }

  *#maxVersions(): Generator<number> {
    for (const peer of this.peers.values()) if (peer.status === "up") yield peer.maxVersion;
  }
}
