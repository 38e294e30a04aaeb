import type { Instant } from "../core/units.ts";
import type { DeviceCaller } from "./device-task.ts";
import { type DeviceUse, proofOf } from "./device-use.ts";
import type { DeviceOutcome, ProbeAnswer } from "./fence-types.ts";

/** Asks all devices of a node for its power state at once; switches nothing. */
export class DeviceProbe {
  readonly target: string;
  readonly #until: Instant;
  readonly #caller: DeviceCaller;
  readonly #order: string[] = [];
  readonly #waiting = new Map<number, string>();
  readonly #answers = new Map<string, ProbeAnswer>();

  constructor(
    target: string,
    uses: readonly DeviceUse[],
    until: Instant,
    now: Instant,
    caller: DeviceCaller,
  ) {
    this.target = target;
    this.#until = until;
    this.#caller = caller;
    for (const use of uses) {
      const device = use.device.name;
      this.#order.push(device);
      if (proofOf(use.device) === "none") {
        const detail = "it cannot tell whether a node has power";
        this.#answers.set(device, { device, ok: true, detail });
      } else this.#waiting.set(caller.call(now, use, "status", until), device);
    }
  }

  get isOver(): boolean {
    return this.#waiting.size === 0;
  }

  nextDeadline(): Instant | undefined {
    return this.isOver ? undefined : this.#until;
  }

  done(runId: number, outcome: DeviceOutcome): boolean {
    const device = this.#waiting.get(runId);
    if (device === undefined) return false;
    this.#waiting.delete(runId);
    const { ok, detail, power } = outcome;
    this.#answers.set(device, { device, ok, detail, ...(power === undefined ? {} : { power }) });
    return true;
  }

  /** Past its time: what has not answered by now has failed. */
  expired(now: Instant): boolean {
    if (this.isOver || now < this.#until) return false;
    for (const [runId, device] of this.#waiting) {
      this.#caller.kill(runId);
      this.#answers.set(device, { device, ok: false, detail: "it did not answer in time" });
    }
    this.#waiting.clear();
    return true;
  }

  cancel(): void {
    for (const runId of this.#waiting.keys()) this.#caller.kill(runId);
    this.#waiting.clear();
  }

  answers(): ProbeAnswer[] {
    return this.#order.flatMap((device) => this.#answers.get(device) ?? []);
  }
}
