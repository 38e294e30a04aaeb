import type { Machine, Tick } from "../core/machine.ts";
import { note } from "../core/note.ts";
import type { Random } from "../core/random.ts";
import { Timers } from "../core/timers.ts";
import type { Instant } from "../core/units.ts";
import type { MessagingCommand, MessagingConfig } from "../model/peer.ts";
import type { ClusterKey } from "../wire/cluster-key.ts";
import {
  type DropReason,
  FrameOpener,
  FrameSealer,
  type OpenedFrame,
  saltFrom,
} from "../wire/frame.ts";
import type { FrameHeader } from "../wire/frame-header.ts";
import type { WireMessage } from "../wire/message.ts";
import { ADVERT_TYPE, decodeMessage } from "../wire/message-codec.ts";
import type { FrameCipher } from "../wire/seal.ts";
import { Advertiser } from "./advertiser.ts";
import { DropCounters } from "./drop-counters.ts";
import { type InterimFrames, interimFrames } from "./interim-frames.ts";
import { type Endpoint, MessagingContext, type MessagingOutput } from "./messaging-context.ts";
import { NamesakeWatch } from "./namesake-watch.ts";
import { PeerChannels } from "./peer-channels.ts";
import { PeerLifecycle } from "./peer-lifecycle.ts";
import { PeerWatch } from "./peer-watch.ts";
import type { PeerTimer, RemotePeer } from "./remote-peer.ts";
import { StrangerWatch } from "./stranger-watch.ts";

/** What the machine is fed. `keys` replaces the accepted keys; the first of them seals. */
export type MessagingInput =
  | Tick
  | {
      readonly kind: "datagram";
      readonly link: number;
      readonly from: Endpoint;
      readonly bytes: Uint8Array;
    }
  | { readonly kind: "keys"; readonly keys: readonly ClusterKey[] }
  | MessagingCommand;

export interface MessagingOptions {
  readonly config: MessagingConfig;
  /** Rises with each start of this node; below 2^48. */
  readonly incarnation: number;
  /** At least one. */
  readonly keys: readonly ClusterKey[];
  readonly random: Random;
  readonly now: Instant;
  /** Only simulations replace it. */
  readonly cipher?: FrameCipher;
}

/** A tick as late as this is everyday on a busy machine, and timers have a grain of one millisecond … */
const LATE_TOLERANCE_MS = 2;

/** … and so is one that is late by this share of the interval: to excuse it costs more than it is worth. */
const LATE_TOLERANCE_SHARE = 0.04;

/** A pause is told of from this share of the interval on: then peers may already have probed for us … */
const PAUSE_SHARE = 0.75;

/** … but not below this, which is less than the detector's least patience. */
const PAUSE_FLOOR_MS = 15;

/**
 * The messaging layer of one node: advertises, judges peers, and carries messages between nodes.
 *
 * A frame is opened (`FrameOpener`), counted as a sign of life of its sender (`PeerWatch`) and then
 * taken up by its kind: advertisements in `PeerLifecycle`, probes in `PeerWatch`, segments in `PeerChannels`.
 * 1. A peer is up from the first advertisement of an incarnation; a higher incarnation ends the
 *    lower one. 2. It is down when it is silent (`PeerDetector`), says goodbye, restarts, or says
 *    for too long that its main loop is stuck. 3. Time in which this machine was not stepped though a
 *    deadline had passed is taken off the silence of others; a long such time is told of.
 */
export class MessagingMachine implements Machine<MessagingInput, MessagingOutput> {
  readonly #context: MessagingContext;
  readonly #opener: FrameOpener;
  readonly #drops = new DropCounters();
  readonly #watch: PeerWatch;
  readonly #channels: PeerChannels;
  readonly #lifecycle: PeerLifecycle;
  readonly #advertiser: Advertiser;
  readonly #namesakes: NamesakeWatch;
  readonly #strangers: StrangerWatch;
  readonly #timers = new Timers<"stuck">();
  #deadline: Instant | undefined;
  #lastStep: Instant;

  constructor({ config, incarnation, keys, random, now, cipher }: MessagingOptions) {
    const session = { sender: config.self, incarnation, salt: saltFrom(random) };
    const shared = { cluster: config.cluster, session, keys, ...(cipher && { cipher }) };
    const sealer = new FrameSealer(shared);
    this.#opener = new FrameOpener({ ...shared, senders: [] });
    this.#context = new MessagingContext(config, incarnation, sealer, now);
    this.#watch = new PeerWatch(this.#context);
    this.#channels = new PeerChannels(this.#context);
    this.#lifecycle = new PeerLifecycle(this.#context, this.#watch, this.#channels);
    this.#advertiser = new Advertiser(this.#context);
    this.#namesakes = new NamesakeWatch(incarnation);
    this.#strangers = new StrangerWatch(shared);
    this.#lastStep = now;
    this.#timers.set("stuck", now + config.stuckAfterMs);
    this.#configure(config);
    this.#deadline = this.#computeDeadline();
  }

  step(now: Instant, input: MessagingInput): readonly MessagingOutput[] {
    this.#context.now = now;
    this.#noteLateness(now);
    this.#lastStep = now;
    if (!this.#advertiser.isGone) {
      this.#take(input);
      this.#advertiser.flush();
    }
    this.#deadline = this.#computeDeadline();
    return this.#context.takeOutputs();
  }

  nextDeadline(): Instant | undefined {
    return this.#deadline;
  }

  /** Dropped frames by reason since the start. */
  counters(): Readonly<Record<string, number>> {
    return this.#drops.snapshot();
  }

  /** For the daemon that follows this one, as things are now: keys, peers and their addresses. */
  interimFrames(): InterimFrames {
    return interimFrames(this.#context);
  }

  #take(input: MessagingInput): void {
    switch (input.kind) {
      case "tick":
        this.#tick();
        return;
      case "datagram":
        this.#datagram(input.link, input.from, input.bytes);
        return;
      case "advertise":
        this.#advertiser.say(input.body);
        return;
      case "send":
        this.#channels.send(input.to, input.payload);
        return;
      case "configure":
        this.#configure(input.config);
        return;
      case "keys":
        this.#context.sealer.setKeys(input.keys);
        this.#opener.setKeys(input.keys);
        this.#strangers.setKeys(input.keys);
        return;
      case "leave":
        this.#advertiser.leave();
        return;
      case "main-alive":
        this.#mainAlive();
        return;
    }
  }

  #tick(): void {
    const { now } = this.#context;
    if (this.#timers.takeExpired(now).length > 0) this.#setStuck(true);
    for (const peer of this.#context.peers.values()) {
      for (const timer of peer.timers.takeExpired(now)) this.#expire(peer, timer);
    }
  }

  #expire(peer: RemotePeer, timer: PeerTimer): void {
    switch (timer) {
      case "judge":
        this.#watch.judge(peer);
        return;
      case "links":
        this.#watch.checkLinks(peer);
        return;
      case "stuck":
        this.#watch.down(peer, "stuck");
        return;
      case "channel":
        this.#channels.expire(peer);
        return;
      case "acknowledge":
        this.#channels.acknowledge(peer);
        return;
      case "measure":
        this.#watch.measure(peer);
        return;
    }
  }

  #datagram(link: number, from: Endpoint, bytes: Uint8Array): void {
    const frame = this.#opener.open(bytes);
    if (typeof frame === "string") {
      this.#drop(frame, from, bytes);
      if (frame === "unknown-sender") this.#stranger(link, from, bytes);
      return;
    }
    if (this.#opener.isNamesake(frame.header)) {
      this.#namesake(frame.header, from);
      return;
    }
    const peer = this.#context.peers.get(frame.header.sender);
    if (peer === undefined) {
      this.#drop("unknown-sender", from);
      return;
    }
    const { type } = frame.header;
    const isAdvert = type === ADVERT_TYPE;
    const message = isAdvert ? peer.reader.read(type, frame.body) : decodeMessage(type, frame.body);
    if (message === undefined) {
      this.#drop("malformed", from);
      return;
    }
    if (!this.#isForUs(message)) {
      // Everyday: what goes by the group for want of a resolved address is heard by all.
      this.#drop("misdirected", from);
      return;
    }
    this.#frame(peer, link, frame, message);
  }

  #frame(peer: RemotePeer, link: number, { header }: OpenedFrame, message: WireMessage): void {
    this.#lifecycle.incarnation(peer, header.incarnation);
    if (peer.status === "left") return;
    peer.maxVersion = header.maxVersion;
    this.#watch.heard(peer, link, message.kind === "advert");
    switch (message.kind) {
      case "advert":
        this.#lifecycle.advert(peer, message);
        this.#advertiser.keepStep(peer.name, message.intervalMs);
        return;
      case "ping": {
        const reply = peer.links[link] ?? this.#context.pickLink(peer, 0);
        if (reply === undefined) return;
        this.#context.transmit(reply, { kind: "pong", to: peer.name, nonce: message.nonce });
        return;
      }
      case "pong":
        this.#watch.answered(peer, link, message.nonce);
        return;
      case "probe-request":
        this.#watch.helpProbing(peer, message);
        return;
      case "probe-answer":
        this.#watch.helped(message);
        return;
      case "segment":
        this.#channels.segment(peer, message, link);
        return;
      case "acknowledgement":
        this.#channels.acknowledgement(peer, message);
        return;
    }
  }

  #isForUs(message: WireMessage): boolean {
    if (message.kind === "advert") return true;
    if (message.to !== this.#context.self) return false;
    if (message.kind !== "segment" && message.kind !== "acknowledgement") return true;
    return message.toIncarnation === this.#context.incarnation;
  }

  #mainAlive(): void {
    this.#timers.set("stuck", this.#context.now + this.#context.config.stuckAfterMs);
    if (this.#context.isStuck) this.#setStuck(false);
  }

  #setStuck(isStuck: boolean): void {
    this.#context.isStuck = isStuck;
    this.#context.contentChanged = true;
    if (isStuck) {
      const message = "The main loop of this node does not respond; peers are told.";
      this.#context.emit(note("error", "main-stuck", message));
      return;
    }
    // Peers stopped sending to us: tell them that there is room again.
    for (const peer of this.#context.peers.values()) this.#channels.acknowledge(peer);
  }

  #namesake(header: FrameHeader, from: Endpoint): void {
    const { now, self: node } = this.#context;
    if (!this.#namesakes.isConflict(now, header)) return;
    const address = `${from.address}:${from.port}`;
    const superseded = header.incarnation > this.#context.incarnation;
    this.#context.emit({ kind: "name-conflict", node, address, superseded, at: now });
    const message = `Another daemon runs as ${node} too, at ${address}.`;
    const hint = "stop one of them, or start it under its own name with --node";
    this.#context.emit(note("error", "name-conflict", message, { address, hint }));
  }

  /** What goes to the group is for all to hear: nobody need be answered. */
  #stranger(link: number, from: Endpoint, bytes: Uint8Array): void {
    const { now, config } = this.#context;
    if (config.transport === "multicast") return;
    if (this.#strangers.isToBeAnswered(now, bytes, config.advertIntervalMs)) {
      this.#advertiser.answer(link, from);
    }
  }

  #drop(reason: DropReason, from: Endpoint, bytes?: Uint8Array): void {
    this.#context.emit(this.#drops.count(this.#context.now, reason, from.address, bytes));
  }

  #noteLateness(now: Instant): void {
    if (this.#deadline === undefined) return;
    const ms = now - Math.max(this.#deadline, this.#lastStep);
    if (ms <= LATE_TOLERANCE_MS) return;
    const { advertIntervalMs } = this.#context.config;
    if (ms <= LATE_TOLERANCE_SHARE * advertIntervalMs) return;
    const isPause = ms > Math.max(PAUSE_FLOOR_MS, PAUSE_SHARE * advertIntervalMs);
    this.#context.ownLateness.note(now, Math.min(ms, advertIntervalMs));
    this.#watch.excuse(ms, isPause);
    if (isPause) this.#context.emit({ kind: "self-paused", ms, at: now });
  }

  #configure(config: MessagingConfig): void {
    this.#context.config = config;
    this.#lifecycle.configure();
    this.#opener.setSenders([...this.#context.peers.keys(), this.#context.self]);
  }

  #computeDeadline(): Instant | undefined {
    if (this.#advertiser.isGone) return undefined;
    let earliest = minimum(this.#timers.next(), this.#advertiser.nextDeadline);
    for (const peer of this.#context.peers.values())
      earliest = minimum(earliest, peer.timers.next());
    return earliest;
  }
}

function minimum(a: Instant | undefined, b: Instant | undefined): Instant | undefined {
  if (a === undefined) return b;
  return b === undefined || a < b ? a : b;
}
