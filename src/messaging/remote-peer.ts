import { Timers } from "../core/timers.ts";
import type { Instant, Millis } from "../core/units.ts";
import type { AdvertBody } from "../model/peer.ts";
import { AdvertReader } from "../wire/advert-memory.ts";
import type { Heard } from "../wire/message.ts";
import type { ChannelReceiver } from "./channel-receiver.ts";
import type { ChannelSender } from "./channel-sender.ts";
import type { PeerDetector } from "./peer-detector.ts";
import { RttEstimator } from "./rtt-estimator.ts";

/** Pings of which the answer may still come; older ones are forgotten. */
const MAX_PINGS = 32;

/** Round trips of which the shortest counts: more than the odd ones after two outages. */
const KEPT_ROUND_TRIPS = 10;

/**
 * `unknown`: no advertisement of this incarnation yet. `up`: alive. `down`: silent. `left`: said
 * goodbye, which holds for this incarnation. `stuck`: heard, but its main loop has been still too long.
 */
export type PeerStatus = "unknown" | "up" | "down" | "left" | "stuck";

/** One way to a peer: our address and its address of the same index. */
export interface PeerLink {
  readonly index: number;
  /** Undefined if the peer has no address on this link. */
  readonly address: string | undefined;
  readonly port: number;
  up: boolean;
  silentSince: Instant;
  /** The peer says that it hears us on this link. */
  hearsUs: boolean;
  /** A ping of ours was answered on it since it came up: what is sent to its address arrives. */
  answers: boolean;
}

export type PeerTimer = "judge" | "links" | "stuck" | "channel" | "acknowledge" | "measure";

/** Everything known of another node. Plain state: the rules are in the modules that work on it. */
export class RemotePeer {
  readonly name: string;
  readonly timers = new Timers<PeerTimer>();
  links: PeerLink[] = [];
  status: PeerStatus = "unknown";
  incarnation = 0;
  maxVersion = 0;
  detector: PeerDetector;
  rtt = new RttEstimator();
  advert: AdvertBody | undefined;
  hears: readonly string[] = [];
  /** What the last advertisement listed as heard: the same object while nothing changes. */
  heardList: readonly Heard[] | undefined;
  readonly reader = new AdvertReader();
  stuckSince: Instant | undefined;
  /** Rounds of pings sent since it became suspect; undefined if it is not. */
  probeRounds: number | undefined;
  nextProbeAt: Instant = 0;
  /** Peers that asked for it, and until when they want to know. */
  readonly watchers = new Map<string, Instant>();
  sender: ChannelSender | undefined;
  receiver: ChannelReceiver | undefined;
  /** The link on which the last segment came: its acknowledgement goes back there. */
  segmentLink = 0;
  /** Times the round trip was measured since it came up. */
  measurements = 0;
  /** … of which at once again, because it had been long. */
  repetitions = 0;
  readonly #pings = new Map<number, Instant>();
  #roundTrips: Millis[] = [];

  constructor(name: string, detector: PeerDetector) {
    this.name = name;
    this.detector = detector;
  }

  /** Forgets what belonged to the previous incarnation. */
  restart(incarnation: number, detector: PeerDetector): void {
    this.incarnation = incarnation;
    this.status = "unknown";
    this.detector = detector;
    this.rtt = new RttEstimator();
    this.#roundTrips = [];
    this.advert = undefined;
    this.hears = [];
    this.heardList = undefined;
    this.receiver = undefined;
    for (const link of this.links) link.hearsUs = false;
    this.silence();
  }

  /** Stops all that only a live peer needs. */
  silence(): void {
    this.sender = undefined;
    this.stuckSince = undefined;
    this.probeRounds = undefined;
    this.watchers.clear();
    this.#pings.clear();
    for (const timer of ["judge", "links", "stuck", "channel", "acknowledge", "measure"] as const) {
      this.timers.clear(timer);
    }
  }

  pinged(nonce: number, now: Instant): void {
    if (this.#pings.size >= MAX_PINGS) {
      const [oldest] = this.#pings.keys();
      this.#pings.delete(oldest!);
    }
    this.#pings.set(nonce, now);
  }

  /** How long the answer to that ping was on its way; undefined if none was sent. */
  ponged(nonce: number, now: Instant): Millis | undefined {
    const sentAt = this.#pings.get(nonce);
    if (sentAt === undefined) return undefined;
    this.#pings.delete(nonce);
    this.#roundTrips = [...this.#roundTrips.slice(1 - KEPT_ROUND_TRIPS), now - sentAt];
    return now - sentAt;
  }

  /** The shortest of the last pings' round trips; undefined before the first answer. */
  get roundTripMs(): Millis | undefined {
    return this.#roundTrips.length === 0 ? undefined : Math.min(...this.#roundTrips);
  }
}
