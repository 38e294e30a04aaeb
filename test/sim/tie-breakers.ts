import type { Random } from "../../src/core/random.ts";
import type { Millis } from "../../src/core/units.ts";
import {
  applyToRegister,
  type RegisterState,
  type TieBreakerAnswer,
  type TieBreakerAsk,
  type TieBreakerMeans,
} from "../../src/model/vote-register.ts";
import type { EventQueue } from "./event-queue.ts";

/** Of requests and answers each, while the way there is bad. */
const LOSS_WHEN_POOR = 0.3;

/**
 * Arbiter, shared disk and ping target of a cluster. The register is one for the whole cluster;
 * requests and answers may be lost or late, and a request may be carried out though its sender is gone.
 */
export class TieBreakers {
  readonly #queue: EventQueue;
  readonly #random: Random;
  readonly #registers = new Map<TieBreakerMeans, RegisterState | undefined>();
  readonly #cutOff = new Set<string>();
  isDown = false;
  /** Answers are late, and some are lost. */
  isPoor = false;

  constructor(queue: EventQueue, random: Random) {
    this.#queue = queue;
    this.#random = random;
  }

  cutOff(host: string): void {
    this.#cutOff.add(host);
  }

  reach(host: string): void {
    this.#cutOff.delete(host);
  }

  /** The arbiter was installed anew, or the disk replaced. */
  forget(): void {
    this.#registers.clear();
  }

  mendAll(): void {
    this.#cutOff.clear();
    this.isDown = false;
    this.isPoor = false;
  }

  /** `done` is called at most once. */
  ask(by: string, ask: TieBreakerAsk, done: (answer: TieBreakerAnswer) => void): void {
    if (this.#isLost(by)) return;
    this.#queue.after(this.#latency(), () => {
      const answer = this.#answer(by, ask);
      if (answer !== undefined && !this.#isLost(by)) {
        this.#queue.after(this.#latency(), () => done(answer));
      }
    });
  }

  #isLost(by: string): boolean {
    if (this.isDown || this.#cutOff.has(by)) return true;
    return this.isPoor && this.#random.next() < LOSS_WHEN_POOR;
  }

  #latency(): Millis {
    return 0.2 - (this.isPoor ? 700 : 2) * Math.log(1 - this.#random.next());
  }

  #answer(by: string, { means, request }: TieBreakerAsk): TieBreakerAnswer | undefined {
    if (this.#isLost(by)) return undefined;
    if (means === "ping" || request === undefined) {
      return { kind: "pinged", reached: [GATEWAY] };
    }
    const state = applyToRegister(this.#registers.get(means), request);
    this.#registers.set(means, state);
    return { kind: "register", state };
  }
}

/** The ping target. */
export const GATEWAY = "10.9.9.9";
