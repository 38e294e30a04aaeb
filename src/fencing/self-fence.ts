import type { Machine, Tick } from "../core/machine.ts";
import { type Note, note } from "../core/note.ts";
import type { Instant, Millis } from "../core/units.ts";

export type WatchdogOrder =
  | { readonly kind: "arm"; readonly fireMs: Millis }
  | { readonly kind: "feed" }
  | { readonly kind: "disarm" };

export type SelfFenceInput =
  | Tick
  | {
      readonly kind: "facts";
      /** After how long without food it is to fire; undefined: there is to be no watchdog. */
      readonly fireMs: Millis | undefined;
      readonly quorate: boolean;
      /** Nothing is active here, and nothing is under way. */
      readonly idle: boolean;
      /** Something is to be started here, and waits for this. */
      readonly asked?: boolean;
    }
  /** The cluster wants this node dead: it is never fed again. */
  | { readonly kind: "condemned"; readonly reason: string }
  /** It leaves cleanly. */
  | { readonly kind: "left" };

export type SelfFenceOutput = { readonly kind: "watchdog"; readonly order: WatchdogOrder } | Note;

/** It is fed so many times within the time after which it fires. */
const FEEDS = 4;

/**
 * Decides whether this node's watchdog is fed.
 *
 *     off ──quorum, or a start──► armed ──no quorum, and something active──► starving ──► reset
 *      ▲                            │  ▲                                       │
 *      └──left, or not wanted───────┘  └───quorum again, or all has stopped────┘
 *
 * 1. It is armed with the first quorum, or when the first start is asked for (the one who asks may see
 *    us in its view before we have quorum in ours), which waits for it.
 * 2. It is fed by the main loop, so that a main loop that hangs does not feed it.
 * 3. Without quorum it is fed only while nothing is active: a node that has let go of everything in
 *    time harms nobody and need not die.
 * 4. Condemned once, it starves whatever comes.
 */
export class SelfFence implements Machine<SelfFenceInput, SelfFenceOutput> {
  #fireMs: Millis | undefined;
  #armedMs: Millis | undefined;
  #isSafe = false;
  #isCondemned = false;
  #nextFeed: Instant = Number.POSITIVE_INFINITY;

  /** What `status` says of it. */
  get state(): "off" | "fed" | "starving" {
    if (this.#armedMs === undefined) return "off";
    return this.#isSafe && !this.#isCondemned ? "fed" : "starving";
  }

  nextDeadline(): Instant | undefined {
    return this.state === "fed" ? this.#nextFeed : undefined;
  }

  step(now: Instant, input: SelfFenceInput): readonly SelfFenceOutput[] {
    switch (input.kind) {
      case "tick":
        return this.#feed(now);
      case "left":
        return this.#disarm();
      case "condemned": {
        if (this.#isCondemned || this.#armedMs === undefined) return [];
        this.#isCondemned = true;
        const message = `the cluster wants this node fenced (${input.reason}): its watchdog is fed no more`;
        return [note("error", "self-fence", message)];
      }
      case "facts":
        return this.#judge(now, input);
    }
  }

  #judge(now: Instant, facts: Extract<SelfFenceInput, { kind: "facts" }>): SelfFenceOutput[] {
    const before = this.state;
    this.#fireMs = facts.fireMs;
    this.#isSafe = facts.quorate || facts.idle;
    if (this.#isCondemned) return [];
    if (this.#fireMs === undefined) return this.#isSafe ? this.#disarm() : [];
    const mayArm = facts.quorate || (facts.asked === true && this.#armedMs === undefined);
    if (this.#armedMs !== this.#fireMs && mayArm) return this.#arm(now, this.#fireMs);
    if (before === "fed" && this.state === "starving") {
      const seconds = (this.#armedMs ?? 0) / 1_000;
      const message = `no quorum: the watchdog resets this node in ${seconds} s unless all resources have stopped by then`;
      return [note("warn", "watchdog-starves", message)];
    }
    return before === "starving" && this.state === "fed" ? this.#feed(now, true) : [];
  }

  #arm(now: Instant, fireMs: Millis): SelfFenceOutput[] {
    this.#armedMs = fireMs;
    this.#nextFeed = now + fireMs / FEEDS;
    return [{ kind: "watchdog", order: { kind: "arm", fireMs } }];
  }

  #disarm(): SelfFenceOutput[] {
    if (this.#armedMs === undefined) return [];
    this.#armedMs = undefined;
    return [{ kind: "watchdog", order: { kind: "disarm" } }];
  }

  #feed(now: Instant, atOnce = false): SelfFenceOutput[] {
    if (this.state !== "fed" || (!atOnce && now < this.#nextFeed)) return [];
    this.#nextFeed = now + (this.#armedMs ?? 0) / FEEDS;
    return [{ kind: "watchdog", order: { kind: "feed" } }];
  }
}
