import type { Instant, Millis } from "../core/units.ts";
import { type DeviceUse, deviceBudget, offAction, proofOf, retriesOf } from "./device-use.ts";
import type { DeviceAction, DeviceOutcome, PowerState } from "./fence-types.ts";

/** How a task reaches its device. */
export interface DeviceCaller {
  call(now: Instant, use: DeviceUse, action: DeviceAction, latest: Instant): number;
  kill(runId: number): void;
}

export interface TaskResult {
  readonly ok: boolean;
  readonly detail: string;
}

const PAUSE_MS: Millis = 1_000;

/** So often the state is looked at before the order is given once more. */
const LOOKS_PER_ORDER = 20;

/**
 * Brings a node to a power state by one device.
 *
 * Theory of operation: the order is given, then the state is looked at, whatever came of the order:
 * "already off" is an error with some controllers and a success for us. A controller that still says
 * "on" is asked again until the deadline, for some are late by many seconds. An order that fails is
 * repeated `retries` times; one that succeeded and cannot be verified is a failure.
 */
export class DeviceTask {
  readonly use: DeviceUse;
  readonly #goal: PowerState;
  readonly #deadline: Instant;
  readonly #caller: DeviceCaller;
  readonly #order: DeviceAction;
  #runId: number | undefined;
  #running: "order" | "look" = "order";
  #next: "order" | "look" = "order";
  #wakeAt: Instant | undefined;
  #ordered = false;
  #retriesLeft: number;
  #looks = 0;
  #blindLooks = 0;
  #said = "";
  result: TaskResult | undefined;

  constructor(use: DeviceUse, goal: PowerState, until: Instant, now: Instant, io: DeviceCaller) {
    this.use = use;
    this.#goal = goal;
    this.#caller = io;
    this.#deadline = Math.min(until, now + (deviceBudget(use.device) ?? Number.POSITIVE_INFINITY));
    this.#order = goal === "off" ? offAction(use.device) : "on";
    this.#retriesLeft = retriesOf(use.device);
    this.#run(now, "order");
  }

  nextDeadline(): Instant | undefined {
    if (this.result !== undefined) return undefined;
    return Math.min(this.#wakeAt ?? Number.POSITIVE_INFINITY, this.#deadline);
  }

  tick(now: Instant): void {
    if (this.result !== undefined) return;
    if (now >= this.#deadline) {
      const said = this.#said === "" ? "it did not answer" : this.#said;
      this.#finish(false, `not ${this.#goal} in time: ${said}`);
    } else if (this.#wakeAt !== undefined && now >= this.#wakeAt) {
      this.#wakeAt = undefined;
      this.#run(now, this.#next);
    }
  }

  /** True: the answer was for this task. */
  done(now: Instant, runId: number, outcome: DeviceOutcome): boolean {
    if (runId !== this.#runId) return false;
    this.#runId = undefined;
    if (this.#running === "order") this.#orderDone(now, outcome);
    else this.#looked(now, outcome);
    return true;
  }

  cancel(): void {
    if (this.result === undefined) this.#finish(false, "given up");
  }

  #run(now: Instant, what: "order" | "look"): void {
    this.#running = what;
    const action = what === "order" ? this.#order : "status";
    if (what === "order") this.#looks = 0;
    this.#runId = this.#caller.call(now, this.use, action, this.#deadline);
  }

  #later(now: Instant, what: "order" | "look"): void {
    this.#next = what;
    this.#wakeAt = now + PAUSE_MS;
  }

  #orderDone(now: Instant, outcome: DeviceOutcome): void {
    const proof = proofOf(this.use.device);
    this.#said = outcome.detail;
    this.#ordered ||= outcome.ok;
    if (outcome.permanent === true) this.#finish(false, outcome.detail);
    else if (outcome.ok && proof === "none") this.#finish(true, "not verified: it cannot tell");
    else if (outcome.ok || proof === "state") this.#run(now, "look");
    else this.#retry(now);
  }

  #looked(now: Instant, outcome: DeviceOutcome): void {
    if (outcome.power === this.#goal) {
      this.#finish(true, `verified ${this.#goal}`);
      return;
    }
    if (outcome.permanent === true) {
      this.#finish(false, outcome.detail);
    } else if (outcome.power === undefined) {
      this.#blindLooks += 1;
      if (!this.#ordered) this.#retry(now);
      else if (this.#blindLooks <= retriesOf(this.use.device)) this.#later(now, "look");
      else this.#finish(false, `the order was given but cannot be verified: ${outcome.detail}`);
    } else if (!this.#ordered) {
      this.#retry(now);
    } else {
      this.#said = `it still says ${outcome.power}`;
      this.#looks += 1;
      this.#later(now, this.#looks >= LOOKS_PER_ORDER ? "order" : "look");
    }
  }

  #retry(now: Instant): void {
    if (this.#retriesLeft <= 0) {
      this.#finish(false, this.#said);
      return;
    }
    this.#retriesLeft -= 1;
    this.#later(now, "order");
  }

  #finish(ok: boolean, detail: string): void {
    if (this.#runId !== undefined) this.#caller.kill(this.#runId);
    this.#runId = undefined;
    this.#wakeAt = undefined;
    this.result = { ok, detail };
  }
}
