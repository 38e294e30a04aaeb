import type { Instant } from "../core/units.ts";
import type { DeviceCaller } from "./device-task.ts";
import { type DeviceUse, hostCheckOf, proofOf } from "./device-use.ts";
import type { DeviceOutcome, ProbeAnswer } from "./fence-types.ts";
import { plugFor } from "./plug-list.ts";

/** Asks all devices of a node for its power state at once; switches nothing. */
export class DeviceProbe {
  readonly target: string;
  readonly #until: Instant;
  readonly #caller: DeviceCaller;
  readonly #order: string[] = [];
  readonly #waiting = new Map<number, { readonly use: DeviceUse; readonly lists: boolean }>();
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
      } else this.#ask(now, use, needsList(use));
    }
  }

  get isOver(): boolean {
    return this.#waiting.size === 0;
  }

  nextDeadline(): Instant | undefined {
    return this.isOver ? undefined : this.#until;
  }

  done(now: Instant, runId: number, outcome: DeviceOutcome): boolean {
    const asked = this.#waiting.get(runId);
    if (asked === undefined) return false;
    this.#waiting.delete(runId);
    const { use, lists } = asked;
    const device = use.device.name;
    if (lists && outcome.unsupported === true && hostCheckOf(use.device) !== "list") {
      this.#ask(now, use, false);
    } else if (lists && outcome.ok) {
      const plug = plugFor(this.target, outcome.plugs ?? []);
      if (plug !== undefined) this.#ask(now, { ...use, plug }, false);
      else
        this.#answers.set(device, { device, ok: false, detail: `it does not list ${this.target}` });
    } else {
      const { ok, detail, power } = outcome;
      this.#answers.set(device, { device, ok, detail, ...(power === undefined ? {} : { power }) });
    }
    return true;
  }

  #ask(now: Instant, use: DeviceUse, lists: boolean): void {
    const runId = this.#caller.call(now, use, lists ? "list" : "status", this.#until);
    this.#waiting.set(runId, { use, lists });
  }

  /** Past its time: what has not answered by now has failed. */
  expired(now: Instant): boolean {
    if (this.isOver || now < this.#until) return false;
    for (const [runId, { use }] of this.#waiting) {
      const device = use.device.name;
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

function needsList(use: DeviceUse): boolean {
  return use.plug === undefined && hostCheckOf(use.device).startsWith("list");
}
