import type { Instant, Millis } from "../core/units.ts";
import { DecayingPeak } from "./decaying-peak.ts";
import { type DetectorTiming, suspectAfter, timingOf } from "./detector-timing.ts";

/** Weight of the newest advertisement in the share of lost ones. */
const LOSS_GAIN = 0.05;

/** More lost ones in a row were an outage, not loss. */
const MAX_GAP = 10;

/** What the detector must know beside its own peer. */
export interface Surroundings {
  readonly skewMs: Millis;
  readonly roundTripMs: Millis | undefined;
  readonly ownLatenessMs: Millis;
}

/**
 * Judges one incarnation of a peer by its silence.
 *
 *     alive --(suspectAfter: an advertisement is missing)--> suspect --(deadAfter)--> dead
 *       ^------------- any authentic frame of the peer ---------|
 *
 * 1. Any authentic frame is a sign of life. 2. While suspect, the peer is pinged on every link and
 * asked for through others; their word extends its life up to the bound, never beyond (a peer that
 * only others hear is no use to us). 3. Time during which this node did not run is no silence.
 */
export class PeerDetector {
  /** When its last frame arrived. */
  lastHeard: Instant;
  /** The longer of its interval and ours. */
  intervalMs: Millis;
  #silentSince: Instant;
  #pausedUntil = Number.NEGATIVE_INFINITY;
  #heardByOthers = Number.NEGATIVE_INFINITY;
  #lossShare = 0;
  readonly #lateness = new DecayingPeak();
  #advertAt: Instant | undefined;
  #sequence = 0;

  constructor(now: Instant, intervalMs: Millis) {
    this.lastHeard = now;
    this.#silentSince = now;
    this.intervalMs = intervalMs;
  }

  /** When it becomes suspect if nothing more is heard; it is never down before. */
  get suspectAt(): Instant {
    return this.#silentSince + suspectAfter(this.intervalMs);
  }

  heard(now: Instant): void {
    this.lastHeard = now;
    this.#silentSince = now;
  }

  /** Learns from an advertisement how regularly they come. False if it is an old one, overtaken. */
  advert(now: Instant, sequence: number): boolean {
    const gap = sequence - this.#sequence;
    if (this.#advertAt === undefined) {
      this.#advertAt = now;
      this.#sequence = sequence;
      return true;
    }
    if (gap <= 0) return gap === 0;
    const late = now - this.#advertAt - gap * this.intervalMs;
    if (late > 0) this.#lateness.note(now, Math.min(late, this.intervalMs));
    for (let i = 1; i < Math.min(gap, MAX_GAP); i++) {
      this.#lossShare += (1 - this.#lossShare) * LOSS_GAIN;
    }
    this.#lossShare *= 1 - LOSS_GAIN;
    this.#advertAt = now;
    this.#sequence = sequence;
    return true;
  }

  /** Another peer heard it at that time. */
  heardByOther(at: Instant): void {
    this.#heardByOthers = Math.max(this.#heardByOthers, at);
  }

  /** This node did not run for so long: that was no silence of the peer. */
  excuse(now: Instant, ms: Millis): void {
    this.#silentSince = Math.min(now, this.#silentSince + ms);
  }

  /**
   * This node was paused for so long. Beside that it is no silence: nobody is down before a whole
   * advertisement could have been heard again.
   */
  relisten(now: Instant, ms: Millis): void {
    this.excuse(now, ms);
    this.#pausedUntil = now;
    this.#advertAt = undefined;
  }

  /** The peer was silent for long: the gap in its advertisements says nothing of loss or delay. */
  resume(): void {
    this.#advertAt = undefined;
    this.#lossShare = 0;
  }

  /** How often it is probed while suspect, and when it is down. */
  deadlines(now: Instant, surroundings: Surroundings): { deadAt: Instant; timing: DetectorTiming } {
    const timing = timingOf({
      ...surroundings,
      intervalMs: this.intervalMs,
      peerLatenessMs: this.#lateness.value(now),
      lossShare: this.#lossShare,
    });
    const since = this.#silentSince;
    const byOthers = Math.min(this.#heardByOthers + timing.deadAfterMs, since + timing.boundMs);
    return {
      deadAt: Math.max(
        since + timing.deadAfterMs,
        byOthers,
        this.#pausedUntil + timing.suspectAfterMs,
      ),
      timing,
    };
  }
}
