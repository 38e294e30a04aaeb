import type { Instant, Millis } from "../core/units.ts";
import {
  type DeviceUse,
  deviceBudget,
  hostCheckOf,
  isOnTarget,
  offAction,
  proofOf,
  retriesOf,
  verifyTimeout,
} from "./device-use.ts";
import type { DeviceAction, DeviceOutcome, PowerState } from "./fence-types.ts";
import { plugFor } from "./plug-list.ts";

/** How a task reaches its device. */
export interface DeviceCaller {
  call(now: Instant, use: DeviceUse, action: DeviceAction, latest: Instant): number;
  kill(runId: number): void;
}

export interface TaskResult {
  readonly ok: boolean;
  readonly detail: string;
}

type Step = "check" | "order" | "look";

const PAUSE_MS: Millis = 1_000;

/** So often the state is looked at before the order is given once more. */
const LOOKS_PER_ORDER = 20;

/**
 * Brings a node to a power state by one device.
 *
 * Theory of operation: the order is given, then the state is looked at, whatever came of the order:
 * "already off" is an error with some controllers and a success for us. A controller that still says
 * "on" is asked again until the deadline, for some are late by many seconds. An order that fails is
 * repeated `retries` times; one that succeeded and cannot be verified is a failure. A device that
 * does not know the node by the definition (`host-check`) is asked first whether it can switch it.
 */
export class DeviceTask {
  #use: DeviceUse;
  readonly #goal: PowerState;
  readonly #deadline: Instant;
  readonly #caller: DeviceCaller;
  readonly #order: DeviceAction;
  #runId: number | undefined;
  #running: Step = "order";
  #next: Step = "order";
  #verifyUntil: Instant = Number.POSITIVE_INFINITY;
  #wakeAt: Instant | undefined;
  #ordered = false;
  #retriesLeft: number;
  #looks = 0;
  #blindLooks = 0;
  #said = "";
  /** When the device itself said so. */
  #verifiedAt: Instant | undefined;
  result: TaskResult | undefined;

  constructor(use: DeviceUse, goal: PowerState, until: Instant, now: Instant, io: DeviceCaller) {
    this.#use = use;
    this.#goal = goal;
    this.#caller = io;
    this.#deadline = Math.min(until, now + (deviceBudget(use.device) ?? Number.POSITIVE_INFINITY));
    this.#order = goal === "off" ? offAction(use.device) : "on";
    this.#retriesLeft = retriesOf(use.device);
    const check = use.plug === undefined ? hostCheckOf(use.device) : "given";
    this.#run(now, check === "given" || check === "none" ? "order" : "check");
  }

  get use(): DeviceUse {
    return this.#use;
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
    else if (this.#running === "check") this.#checked(now, outcome);
    else this.#looked(now, outcome);
    return true;
  }

  /** What the device itself last said, it said before that time. */
  isVerifiedBefore(time: Instant): boolean {
    return this.result?.ok === true && this.#verifiedAt !== undefined && this.#verifiedAt < time;
  }

  /** Looks once more at what was verified; if it is not so any more, orders it again. */
  lookAgain(now: Instant): void {
    this.result = undefined;
    this.#startVerifying(now);
    this.#run(now, "look");
    this.#looks = LOOKS_PER_ORDER;
  }

  cancel(): void {
    if (this.result === undefined) this.#finish(false, "given up");
  }

  #run(now: Instant, what: Step): void {
    this.#running = what;
    if (what === "order") this.#looks = 0;
    this.#runId = this.#caller.call(now, this.#use, this.#actionOf(what), this.#deadline);
  }

  #actionOf(what: Step): DeviceAction {
    if (what === "order") return this.#order;
    if (what === "look") return "status";
    return hostCheckOf(this.#use.device) === "status" ? "status" : "list";
  }

  #later(now: Instant, what: Step): void {
    this.#next = what;
    this.#wakeAt = now + PAUSE_MS;
  }

  #unverified(outcome: DeviceOutcome): string {
    if (this.#isTargetsWord()) return `done on ${this.#use.target}`;
    const isWait = this.#use.device.agent === "watchdog";
    return isWait ? outcome.detail : "not verified: it cannot tell";
  }

  /** Whether the device can switch the node, and under which name. */
  #checked(now: Instant, outcome: DeviceOutcome): void {
    const { device, target } = this.#use;
    const check = hostCheckOf(device);
    this.#said = outcome.detail;
    if (outcome.permanent === true) this.#finish(false, outcome.detail);
    else if (check === "list-if-known" && outcome.unsupported === true) this.#run(now, "order");
    else if (!outcome.ok) this.#retry(now, "check");
    else if (check === "status") this.#run(now, "order");
    else {
      const plug = plugFor(target, outcome.plugs ?? []);
      if (plug === undefined) {
        this.#finish(false, `it does not list ${target}`);
        return;
      }
      this.#use = { ...this.#use, plug };
      this.#run(now, "order");
    }
  }

  #orderDone(now: Instant, outcome: DeviceOutcome): void {
    const proof = proofOf(this.#use.device);
    this.#said = outcome.detail;
    if (outcome.ok && !this.#ordered) this.#startVerifying(now);
    if (outcome.permanent === true) this.#finish(false, outcome.detail);
    else if (outcome.ok && (proof === "none" || this.#isTargetsWord()))
      this.#finish(true, this.#unverified(outcome));
    else if (outcome.ok || proof === "state") this.#run(now, "look");
    else this.#retry(now);
  }

  /** The node itself did it: what it sees of the device another one need not see. */
  #isTargetsWord(): boolean {
    return this.#goal === "on" && isOnTarget(this.#use.device);
  }

  #looked(now: Instant, outcome: DeviceOutcome): void {
    if (outcome.power === this.#goal) {
      this.#verifiedAt = now;
      this.#finish(true, `verified ${this.#goal}`);
      return;
    }
    // As Pacemaker has it: an agent that knows no states answers for its orders itself.
    if (outcome.unsupported === true) {
      if (this.#ordered) this.#finish(true, this.#unverified(outcome));
      else this.#retry(now);
      return;
    }
    if (outcome.permanent === true) {
      this.#finish(false, outcome.detail);
    } else if (outcome.power === undefined) {
      this.#blindLooks += 1;
      if (!this.#ordered) this.#retry(now);
      else if (this.#blindLooks <= retriesOf(this.#use.device)) this.#later(now, "look");
      else this.#finish(false, `the order was given but cannot be verified: ${outcome.detail}`);
    } else if (!this.#ordered) {
      this.#retry(now);
    } else if (now >= this.#verifyUntil) {
      this.#finish(false, `it took the order and still says ${outcome.power}`);
    } else {
      this.#said = `it still says ${outcome.power}`;
      this.#looks += 1;
      this.#later(now, this.#looks >= LOOKS_PER_ORDER ? "order" : "look");
    }
  }

  #startVerifying(now: Instant): void {
    this.#ordered = true;
    this.#verifyUntil = now + (verifyTimeout(this.#use.device) ?? Number.POSITIVE_INFINITY);
  }

  #retry(now: Instant, what: Step = "order"): void {
    if (this.#retriesLeft <= 0) {
      this.#finish(false, this.#said);
      return;
    }
    this.#retriesLeft -= 1;
    this.#later(now, what);
  }

  #finish(ok: boolean, detail: string): void {
    if (this.#runId !== undefined) this.#caller.kill(this.#runId);
    this.#runId = undefined;
    this.#wakeAt = undefined;
    this.result = { ok, detail };
  }
}
