import { type AdvertBody, saysTheSame } from "../model/peer.ts";
import type { Advert } from "../wire/message.ts";
import type { MessagingContext } from "./messaging-context.ts";
import type { PeerChannels } from "./peer-channels.ts";
import { PeerDetector } from "./peer-detector.ts";
import type { PeerWatch } from "./peer-watch.ts";
import { RemotePeer } from "./remote-peer.ts";

/** How peers come, change and go by what they say of themselves and by the definition. */
export class PeerLifecycle {
  readonly #context: MessagingContext;
  readonly #watch: PeerWatch;
  readonly #channels: PeerChannels;

  constructor(context: MessagingContext, watch: PeerWatch, channels: PeerChannels) {
    this.#context = context;
    this.#watch = watch;
    this.#channels = channels;
  }

  /** Adds, removes and readdresses peers as the configuration in the context says. */
  configure(): void {
    const { config, peers, self } = this.#context;
    this.#context.ownLinks = config.nodes.find(({ name }) => name === self)?.addresses.length ?? 0;
    this.#context.contentChanged = true;
    this.#removePeers(new Set(config.nodes.map(({ name }) => name)));
    const before = new Map(peers);
    peers.clear();
    const others = config.nodes.filter(({ name }) => name !== self);
    for (const node of others.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      const peer = before.get(node.name) ?? new RemotePeer(node.name, this.#newDetector());
      peers.set(node.name, peer);
      this.#setAddresses(peer, node.addresses);
    }
  }

  /** A frame of that incarnation arrived: if it is a new one, the old one is over. */
  incarnation(peer: RemotePeer, incarnation: number): void {
    if (incarnation === peer.incarnation) return;
    if (peer.status === "up") this.#watch.down(peer, "restarted");
    peer.restart(incarnation, this.#newDetector());
  }

  #newDetector(): PeerDetector {
    return new PeerDetector(this.#context.now, this.#context.config.advertIntervalMs);
  }

  /** Takes up an advertisement of the peer's present incarnation. */
  advert(peer: RemotePeer, advert: Advert): void {
    const { now, self, config } = this.#context;
    peer.detector.intervalMs = Math.max(config.advertIntervalMs, advert.intervalMs);
    if (!peer.detector.advert(now, advert.sequence)) return;
    if (advert.leaving) {
      this.#goodbye(peer);
      return;
    }
    if (this.#isAsBefore(peer, advert)) return;
    peer.heardList = advert.heard;
    const mask = advert.heard.find(({ node }) => node === self)?.links ?? 0;
    for (const link of peer.links) link.hearsUs = (mask & (1 << link.index)) !== 0;
    this.#noteStuck(peer, advert.stuck);
    if (peer.status !== "up") {
      if (peer.status !== "stuck" || !advert.stuck) this.#up(peer, advert);
      return;
    }
    const hears = advert.heard.map(({ node }) => node).sort();
    if (saysTheSame(peer.advert!, advert.body) && isSameList(peer.hears, hears)) {
      peer.advert = advert.body;
      return;
    }
    this.#emitAdvert(peer, advert.body, hears);
  }

  /** The same objects as in the last advertisement of a living peer: there is nothing to take up. */
  #isAsBefore(peer: RemotePeer, advert: Advert): boolean {
    return (
      peer.status === "up" &&
      peer.advert === advert.body &&
      peer.heardList === advert.heard &&
      advert.stuck === (peer.stuckSince !== undefined)
    );
  }

  #up(peer: RemotePeer, { body, heard }: Advert): void {
    const { now: at } = this.#context;
    const { name: node, incarnation } = peer;
    peer.status = "up";
    peer.advert = body;
    peer.hears = [];
    this.#context.contentChanged = true;
    this.#context.emit({ kind: "peer-up", node, incarnation, advert: body, at });
    this.#watch.begin(peer);
    this.#channels.begin(peer);
    const hears = heard.map((other) => other.node).sort();
    if (hears.length > 0) this.#emitAdvert(peer, body, hears);
  }

  #emitAdvert(peer: RemotePeer, advert: AdvertBody, hears: readonly string[]): void {
    peer.advert = advert;
    peer.hears = hears;
    const { name: node, incarnation } = peer;
    this.#context.emit({
      kind: "peer-advert",
      node,
      incarnation,
      advert,
      hears,
      at: this.#context.now,
    });
  }

  #goodbye(peer: RemotePeer): void {
    if (peer.status === "up" || peer.status === "stuck") this.#watch.down(peer, "left");
    peer.status = "left";
  }

  #noteStuck(peer: RemotePeer, isStuck: boolean): void {
    const { now, config } = this.#context;
    if (!isStuck) {
      peer.stuckSince = undefined;
      peer.timers.clear("stuck");
    } else if (peer.stuckSince === undefined) {
      // It has been still for its own `stuckAfterMs` already; it gets ours in addition.
      peer.stuckSince = now;
      peer.timers.set("stuck", now + config.stuckAfterMs);
    }
  }

  /** A peer that the definition no longer names has left the cluster, however alive it is. */
  #removePeers(names: ReadonlySet<string>): void {
    for (const peer of this.#context.peers.values()) {
      if (names.has(peer.name)) continue;
      if (peer.status === "up") this.#watch.down(peer, "left");
    }
  }

  #setAddresses(peer: RemotePeer, addresses: readonly string[]): void {
    const links = Array.from({ length: this.#context.ownLinks }, (_, index) => {
      const address = addresses[index];
      const before = peer.links[index];
      return {
        index,
        address,
        port: this.#context.config.port + index,
        up: before?.up ?? false,
        silentSince: before?.silentSince ?? this.#context.now,
        hearsUs: before?.hearsUs ?? false,
        answers: before?.answers === true && before.address === address,
      };
    });
    peer.links = links;
    // Who is heard on which link is taken up anew.
    peer.heardList = undefined;
  }
}

function isSameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item, i) => item === b[i]);
}
