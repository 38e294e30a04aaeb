import type { Millis } from "../core/units.ts";

/**
 * Figures of the failure detector, each with its reason. With interval I, no loss and no lateness a
 * silent peer is suspected at 1.25 I and down at 1.75 I after its last frame: 1750 ms at 1 s,
 * 175 ms at 100 ms, 19 ms at 10 ms.
 */

/** An advertisement is missing when it is later than this share of the interval. */
const SUSPECT_SHARE = 0.25;

/** … and at least this late: timers of a millisecond and a busy processor delay each one a little. */
const SUSPECT_FLOOR_MS = 3;

/** Time that probing is given, as a share of the interval. */
const PROBE_SHARE = 0.5;

/**
 * … and at least this: three pings. The threads that send and answer them go before every ordinary
 * task; a machine that keeps even those waiting shows in their lateness, which is added.
 */
const PROBE_FLOOR_MS = 6;

/**
 * … and at least so many round trips at their shortest, so that on a slow link an answer can arrive
 * at all. Their shortest, because a single long one (an address being resolved) would blind us.
 */
const PROBE_ROUND_TRIPS = 3;

/** How much loss widens the time for probing: at 20 % loss 1 + 5 × 0.2 = twice as many probes go out. */
const LOSS_WEIGHT = 5;

/** Pings within the basic probing time. At 20 % loss each way, one in 500 live peers answers none of them. */
const PROBES_PER_BUDGET = 6;

/** Closer together, pings would only share the fate of the one before. */
const MIN_PROBE_SPACING_MS = 2;

/** VRRP: a master is down after three intervals and a skew (RFC 9568 §6.1). Here it is the upper bound. */
const BOUND_INTERVALS = 3;

/** … but at 10 ms intervals a single delay of the scheduler must not be the bound. */
const BOUND_FLOOR_MS = 40;

/** What is known of the way to a peer, and of ourselves. */
export interface Conditions {
  readonly intervalMs: Millis;
  readonly skewMs: Millis;
  /** The shortest of the last round trips, if known. */
  readonly roundTripMs: Millis | undefined;
  /** How late its advertisements have lately come. */
  readonly peerLatenessMs: Millis;
  /** How late this node has lately been itself (Lifeguard, Dadgar et al. 2018: local health). */
  readonly ownLatenessMs: Millis;
  /** Share of its advertisements that were lost lately. */
  readonly lossShare: number;
}

/** Spans of silence, counted from the last frame. */
export interface DetectorTiming {
  /** Probing starts. */
  readonly suspectAfterMs: Millis;
  /** Between two pings. */
  readonly probeSpacingMs: Millis;
  /** Down, unless another peer has heard it meanwhile. */
  readonly deadAfterMs: Millis;
  /** Down, whatever others say. */
  readonly boundMs: Millis;
}

/** VRRP's Skew_Time (RFC 9568 §6.1): the higher the priority, the sooner it acts. */
export function skewOf(priority: number, intervalMs: Millis): Millis {
  const clamped = Math.min(255, Math.max(1, priority));
  return ((256 - clamped) * intervalMs) / 256;
}

/** Silence after which a link or a peer is down in any case. */
export function boundOf(intervalMs: Millis, skewMs: Millis): Millis {
  return Math.max(BOUND_FLOOR_MS, BOUND_INTERVALS * intervalMs + skewMs);
}

/** Silence after which an advertisement is missing. */
export function suspectAfter(intervalMs: Millis): Millis {
  return intervalMs + Math.max(SUSPECT_FLOOR_MS, SUSPECT_SHARE * intervalMs);
}

export function timingOf(conditions: Conditions): DetectorTiming {
  const { intervalMs, skewMs, roundTripMs = 0 } = conditions;
  const suspectAfterMs = suspectAfter(intervalMs);
  const probingMs = Math.max(
    PROBE_FLOOR_MS,
    PROBE_SHARE * intervalMs,
    PROBE_ROUND_TRIPS * roundTripMs,
  );
  const widenedMs =
    probingMs * (1 + LOSS_WEIGHT * conditions.lossShare) +
    // Not their sum: when we are late ourselves, our peers' frames seem late too.
    Math.max(conditions.peerLatenessMs, conditions.ownLatenessMs);
  const boundMs = boundOf(intervalMs, skewMs);
  return {
    suspectAfterMs,
    probeSpacingMs: Math.max(MIN_PROBE_SPACING_MS, probingMs / PROBES_PER_BUDGET),
    deadAfterMs: Math.min(boundMs, suspectAfterMs + widenedMs),
    boundMs,
  };
}
