import type { Instant } from "../core/units.ts";
import { actionLimit, type DeviceUse, isOnTarget, namesOf, runTimeout } from "./device-use.ts";
import type { DeviceAction, DeviceCommand, FencerOutput } from "./fence-types.ts";

/** What a call is for: fencing goes before a question, and that before a routine check. */
export type Urgency = "fence" | "ask" | "check";

interface Call {
  readonly runId: number;
  readonly use: DeviceUse;
  readonly action: DeviceAction;
  readonly latest: Instant;
  readonly urgency: Urgency;
}

const RANK: Readonly<Record<Urgency, number>> = { fence: 0, ask: 1, check: 2 };

/**
 * Calls of devices, no more at once on each than its `action-limit` (Pacemaker's pcmk_action_limit):
 * many controllers serve one session only. What is above waits, fencing first. A routine check gives
 * way to fencing at once. Run ids are never used twice.
 */
export class DeviceQueue {
  readonly #emit: (output: FencerOutput) => void;
  readonly #running = new Map<number, Call>();
  #waiting: Call[] = [];
  #count = 0;

  constructor(emit: (output: FencerOutput) => void) {
    this.#emit = emit;
  }

  /** Runs the device as soon as it is free; the answer comes under the run id. */
  call(
    now: Instant,
    use: DeviceUse,
    action: DeviceAction,
    latest: Instant,
    urgency: Urgency,
  ): number {
    this.#count += 1;
    const call = { runId: this.#count, use, action, latest, urgency };
    this.#waiting.push(call);
    this.#waiting.sort((a, b) => RANK[a.urgency] - RANK[b.urgency] || a.runId - b.runId);
    if (urgency === "fence" && !this.#isFree(use)) this.#displaceCheck(now, use);
    this.#startNext(now);
    return call.runId;
  }

  /** Nobody waits for that call any more. */
  kill(now: Instant, runId: number): void {
    this.#waiting = this.#waiting.filter((call) => call.runId !== runId);
    if (this.#running.delete(runId)) this.#emit({ kind: "kill-device", runId });
    this.#startNext(now);
  }

  /** It was answered: its place is free. */
  done(now: Instant, runId: number): void {
    this.#running.delete(runId);
    this.#startNext(now);
  }

  #isFree(use: DeviceUse): boolean {
    const limit = actionLimit(use.device);
    if (limit < 0) return true;
    const busy = [...this.#running.values()].filter((each) => isSameDevice(each.use, use));
    return busy.length < limit;
  }

  #displaceCheck(now: Instant, use: DeviceUse): void {
    const running = [...this.#running.values()];
    const check = running.find((each) => each.urgency === "check" && isSameDevice(each.use, use));
    if (check !== undefined) this.kill(now, check.runId);
  }

  #startNext(now: Instant): void {
    for (const call of [...this.#waiting]) {
      if (!this.#isFree(call.use)) continue;
      this.#waiting = this.#waiting.filter((each) => each !== call);
      this.#running.set(call.runId, call);
      this.#emit({ kind: "run-device", command: commandOf(call, now) });
    }
  }
}

function isSameDevice(a: DeviceUse, b: DeviceUse): boolean {
  return a.device.name === b.device.name;
}

function commandOf({ runId, use, action, latest }: Call, now: Instant): DeviceCommand {
  const { device, target, plug } = use;
  return {
    runId,
    device: device.name,
    agent: device.agent,
    action,
    target,
    plug,
    params: Object.fromEntries(device.params),
    ...namesOf(device, action),
    ...(action === "on" && isOnTarget(device) ? { onTarget: true as const } : {}),
    timeoutMs: Math.max(1, Math.min(runTimeout(device, action), latest - now)),
  };
}
