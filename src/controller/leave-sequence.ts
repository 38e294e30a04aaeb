import { Timers } from "../core/timers.ts";
import type { Instant, Millis } from "../core/units.ts";

/** Ask again so often: the coordinator may have changed, or the first word was lost. */
const ASK_MS: Millis = 1_000;

/** After so long a coordinator that only waits for others hands its office over. */
const OFFICE_MS: Millis = 5_000;

/** No coordinator for so long: the node stops its resources by itself. */
const ALONE_MS: Millis = 5_000;

/** Longest time that the cluster may take to move everything away. */
export const PATIENCE_MS: Millis = 120_000;

/** Whoever stops the service learns after so long, and so often, what it waits for. */
const TELL_MS: Millis = 10_000;

/** Handing over leadership takes a round trip or two; then we go, handed over or not. */
const HANDOVER_MS: Millis = 1_000;

/** The goodbye is said several times over about 50 ms. */
const GOODBYE_MS: Millis = 150;

export type LeaveStep =
  | "ask"
  | "tell-waiting"
  | "stop-alone"
  | "stop-late"
  | "hand-over"
  | "say-goodbye"
  | "exit";

/**
 * A clean leave, step by step: ask the coordinator to move everything away; released, hand over
 * leadership; say goodbye in the advertisements; exit. Each step has a time after which the next
 * one is taken all the same, because a leaving node that hangs is worse than one that goes.
 */
export class LeaveSequence {
  readonly #timers = new Timers<"ask" | "tell" | "alone" | "patience" | "hand-over" | "exit">();
  #officeUntil: Instant = Number.POSITIVE_INFINITY;
  #until: Instant = 0;
  #phase: "no" | "asking" | "stopping" | "handing-over" | "goodbye" = "no";

  get active(): boolean {
    return this.#phase !== "no";
  }

  /** Nothing is left here, and the cluster was told so: nothing may be started any more. */
  get isReleased(): boolean {
    return this.#phase === "handing-over" || this.#phase === "goodbye";
  }

  /** The others take this node out of their view, and it is no part of anything any more. */
  get saidGoodbye(): boolean {
    return this.#phase === "goodbye";
  }

  nextDeadline(): Instant | undefined {
    return this.#timers.next();
  }

  begin(now: Instant): LeaveStep[] {
    if (this.#phase !== "no") return [];
    this.#phase = "asking";
    this.#officeUntil = now + OFFICE_MS;
    this.#until = now + PATIENCE_MS;
    this.#timers.set("ask", now + ASK_MS);
    this.#timers.set("tell", now + TELL_MS);
    this.#timers.set("alone", now + ALONE_MS);
    this.#timers.set("patience", this.#until);
    return ["ask"];
  }

  /** It asks for so long that a coordinator with nothing left here had better be another node. */
  isOverdue(now: Instant): boolean {
    return this.#phase === "asking" && now >= this.#officeUntil;
  }

  /** How long the cluster is still given. */
  patience(now: Instant): Millis {
    return Math.max(0, this.#until - now);
  }

  /** There is a coordinator that knows of our wish. */
  heard(): void {
    this.#timers.clear("alone");
  }

  /** Nothing is active here any more. */
  released(now: Instant): LeaveStep[] {
    if (this.#phase !== "asking" && this.#phase !== "stopping") return [];
    for (const name of ["ask", "tell", "alone", "patience"] as const) this.#timers.clear(name);
    this.#phase = "handing-over";
    this.#timers.set("hand-over", now + HANDOVER_MS);
    return ["hand-over"];
  }

  handedOver(now: Instant): LeaveStep[] {
    if (this.#phase !== "handing-over") return [];
    this.#timers.clear("hand-over");
    this.#phase = "goodbye";
    this.#timers.set("exit", now + GOODBYE_MS);
    return ["say-goodbye"];
  }

  tick(now: Instant): LeaveStep[] {
    return this.#timers.takeExpired(now).flatMap((name): LeaveStep[] => {
      switch (name) {
        case "ask":
          this.#timers.set("ask", now + ASK_MS);
          return ["ask"];
        case "tell":
          this.#timers.set("tell", now + TELL_MS);
          return ["tell-waiting"];
        case "alone":
        case "patience":
          this.#phase = "stopping";
          for (const other of ["ask", "tell", "alone", "patience"] as const) {
            this.#timers.clear(other);
          }
          return [name === "alone" ? "stop-alone" : "stop-late"];
        case "hand-over":
          return this.handedOver(now);
        default:
          return ["exit"];
      }
    });
  }
}
