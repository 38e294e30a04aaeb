import type { Instant } from "../core/units.ts";
import type { PeerEvent } from "../model/peer.ts";
import type { ProbeAnswer, ProbeRequest } from "../wire/message.ts";
import type { MessagingContext } from "./messaging-context.ts";
import type { PeerLink, RemotePeer } from "./remote-peer.ts";

/** Peers asked for a suspect: enough that one broken path does not decide (SWIM §4.1 uses 3). */
const HELPERS = 3;

/** Rounds of pings after which others are asked, the first having had a chance to be answered. */
const ASK_HELPERS_AT = [1, 4];

/** The round trip is measured this often while all is well: the prober must know it beforehand. */
const MEASURE_EVERY_MS = 10_000;

/**
 * At first sooner: while the kernel resolves the address anew (ARP, a second per try), pings wait
 * for it, and their round trips say nothing.
 */
const MEASURE_SOON_MS = [1000, 2000];

/** … and one that took longer than an interval is repeated at once, so often. */
const REPETITIONS_MAX = 2;

type DownReason = (PeerEvent & { kind: "peer-down" })["reason"];

/** Signs of life, suspicion, probing, death; and the state of each link. */
export class PeerWatch {
  readonly #context: MessagingContext;

  constructor(context: MessagingContext) {
    this.#context = context;
  }

  /**
   * An authentic frame of the peer arrived on that link. `isRegular`: it is an advertisement. Between
   * two of them the judge's timer may stand as it is: if it fires early, it is armed again.
   */
  heard(peer: RemotePeer, linkIndex: number, isRegular: boolean): void {
    const { now } = this.#context;
    const wasProbing = peer.probeRounds !== undefined;
    peer.detector.heard(now);
    peer.probeRounds = undefined;
    const link = peer.links[linkIndex];
    if (link !== undefined) this.#heardOn(peer, link);
    this.#tellWatchers(peer);
    if (isWatched(peer) && (isRegular || wasProbing)) {
      peer.nextProbeAt = peer.detector.suspectAt;
      peer.timers.set("judge", peer.nextProbeAt);
    }
    // Left where it is, the timer would wake us three times a second and find nothing.
    if (isRegular) this.#armLinks(peer);
  }

  /** The peer is up: watches it from now on. */
  begin(peer: RemotePeer): void {
    for (const link of peer.links) {
      link.answers = false;
      if (link.up) this.#emitLink(peer, link);
    }
    this.#armJudge(peer);
    this.#armLinks(peer);
    peer.measurements = 0;
    peer.repetitions = 0;
    this.measure(peer);
  }

  /** The peer is not alive any more, for that reason. */
  down(peer: RemotePeer, reason: DownReason): void {
    const { now } = this.#context;
    const { name: node, incarnation } = peer;
    const lastHeard = peer.detector.lastHeard;
    for (const link of peer.links) {
      if (!link.up) continue;
      // A stuck or leaving peer is heard, so its links are not at fault.
      if (reason !== "stuck") link.up = false;
      this.#context.emit({ kind: "link", node, link: link.index, up: false, at: now });
    }
    peer.silence();
    peer.detector.resume();
    peer.status = reason === "left" ? "left" : reason === "stuck" ? "stuck" : "down";
    if (peer.status === "stuck") this.#armJudge(peer);
    this.#context.contentChanged = true;
    this.#context.emit({ kind: "peer-down", node, incarnation, reason, lastHeard, at: now });
  }

  /** The judge timer fired: suspects, probes or gives up the peer. */
  judge(peer: RemotePeer): void {
    const { now } = this.#context;
    const { suspectAt } = peer.detector;
    const { deadAt, timing } = peer.detector.deadlines(now, this.#context.surroundings(peer));
    if (now >= deadAt) {
      this.#giveUp(peer);
      return;
    }
    if (now >= suspectAt && now >= peer.nextProbeAt) {
      this.#probe(peer);
      peer.nextProbeAt = now + timing.probeSpacingMs;
    }
    this.#armJudge(peer);
  }

  /** The links timer fired: links that were silent past the bound are down. */
  checkLinks(peer: RemotePeer): void {
    const { now } = this.#context;
    const bound = this.#context.boundMs(peer.detector.intervalMs);
    for (const link of peer.links) {
      if (!link.up || now < link.silentSince + bound) continue;
      link.up = false;
      this.#context.contentChanged = true;
      this.#emitLink(peer, link);
    }
    this.#armLinks(peer);
  }

  /** Pings the peer to learn the round-trip time, and does so again later. */
  measure(peer: RemotePeer): void {
    this.#context.ping(peer);
    const pause = MEASURE_SOON_MS[peer.measurements++] ?? MEASURE_EVERY_MS;
    peer.timers.set("measure", this.#context.now + pause);
  }

  /** A ping was answered on that link. */
  answered(peer: RemotePeer, linkIndex: number, nonce: number): void {
    const roundTripMs = peer.ponged(nonce, this.#context.now);
    if (roundTripMs === undefined) return;
    const link = peer.links[linkIndex];
    if (link !== undefined) link.answers = true;
    if (roundTripMs <= peer.detector.intervalMs) return;
    if (peer.repetitions++ < REPETITIONS_MAX) this.#context.ping(peer);
  }

  /** Time in which we did not run is no silence of others. After a pause everybody is heard anew. */
  excuse(ms: number, isPause: boolean): void {
    const { now } = this.#context;
    for (const peer of this.#context.peers.values()) {
      if (isPause) peer.detector.relisten(now, ms);
      else peer.detector.excuse(now, ms);
      for (const link of peer.links) {
        link.silentSince = isPause ? now : Math.min(now, link.silentSince + ms);
      }
      if (isWatched(peer)) this.#armJudge(peer);
    }
  }

  /** Somebody does not hear `target`: says when we did, and asks it ourselves. */
  helpProbing(requester: RemotePeer, request: ProbeRequest): void {
    const { now } = this.#context;
    const target = this.#context.peers.get(request.target);
    if (target?.status !== "up" || target === requester) return;
    const ageMs = now - target.detector.lastHeard;
    if (ageMs < target.detector.intervalMs) this.#answer(requester, target.name, ageMs);
    target.watchers.set(requester.name, now + this.#context.boundMs(target.detector.intervalMs));
    this.#context.ping(target);
  }

  /** A helper has heard `target`. */
  helped(answer: ProbeAnswer): void {
    const target = this.#context.peers.get(answer.target);
    if (target?.status !== "up") return;
    target.detector.heardByOther(this.#context.now - answer.ageMs);
    this.#armJudge(target);
  }

  #giveUp(peer: RemotePeer): void {
    if (peer.status === "up") {
      this.down(peer, "silent");
      return;
    }
    peer.silence();
    peer.status = "down";
    for (const link of peer.links) link.up = false;
  }

  #probe(peer: RemotePeer): void {
    const round = peer.probeRounds ?? 0;
    peer.probeRounds = round + 1;
    this.#context.ping(peer);
    if (!ASK_HELPERS_AT.includes(round)) return;
    const helpers = [...this.#context.peers.values()].filter(
      (other) => other !== peer && other.status === "up" && other.probeRounds === undefined,
    );
    for (const helper of helpers.slice(0, HELPERS)) {
      const link = this.#context.pickLink(helper, round);
      if (link === undefined) continue;
      this.#context.transmit(link, { kind: "probe-request", to: helper.name, target: peer.name });
    }
  }

  #tellWatchers(peer: RemotePeer): void {
    if (peer.watchers.size === 0) return;
    for (const [name, until] of peer.watchers) {
      const requester = this.#context.peers.get(name);
      if (requester !== undefined && this.#context.now <= until)
        this.#answer(requester, peer.name, 0);
    }
    peer.watchers.clear();
  }

  #answer(requester: RemotePeer, target: string, ageMs: number): void {
    const link = this.#context.pickLink(requester, 0);
    if (link === undefined) return;
    this.#context.transmit(link, { kind: "probe-answer", to: requester.name, target, ageMs });
  }

  #heardOn(peer: RemotePeer, link: PeerLink): void {
    link.silentSince = this.#context.now;
    if (link.up) return;
    link.up = true;
    link.answers = false;
    this.#context.contentChanged = true;
    if (peer.status !== "up") return;
    this.#context.ping(peer);
    this.#emitLink(peer, link);
    this.#armLinks(peer);
  }

  #emitLink(peer: RemotePeer, { index, up }: PeerLink): void {
    this.#context.emit({ kind: "link", node: peer.name, link: index, up, at: this.#context.now });
  }

  #armJudge(peer: RemotePeer): void {
    const { now } = this.#context;
    const { suspectAt } = peer.detector;
    const { deadAt } = peer.detector.deadlines(now, this.#context.surroundings(peer));
    const probeAt =
      peer.probeRounds === undefined ? suspectAt : Math.max(suspectAt, peer.nextProbeAt);
    peer.nextProbeAt = probeAt;
    peer.timers.set("judge", Math.min(probeAt, deadAt));
  }

  #armLinks(peer: RemotePeer): void {
    const bound = this.#context.boundMs(peer.detector.intervalMs);
    let earliest: Instant = Number.POSITIVE_INFINITY;
    for (const link of peer.links) {
      if (link.up) earliest = Math.min(earliest, link.silentSince + bound);
    }
    if (Number.isFinite(earliest)) peer.timers.set("links", earliest);
    else peer.timers.clear("links");
  }
}

function isWatched(peer: RemotePeer): boolean {
  return peer.status === "up" || peer.status === "stuck";
}
