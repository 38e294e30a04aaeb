import { type Note, note } from "../core/note.ts";
import type { Instant, Millis } from "../core/units.ts";
import type { FencingSettings } from "../model/definition.ts";
import { checkInterval, type DeviceUse, levelsFor, proofOf } from "./device-use.ts";
import type { DeviceOutcome } from "./fence-types.ts";

export interface DeviceCheck {
  readonly at: Instant;
  readonly ok: boolean;
  readonly detail: string;
}

/** After taking up the duty: the start of a cluster is no time for this. */
const FIRST_CHECK_MS: Millis = 30_000;

/** A device that is not asked now and then is found broken on the day that it is needed. */
export class DeviceChecks {
  readonly #due = new Map<string, Instant>();
  readonly #uses = new Map<string, DeviceUse>();
  readonly #running = new Map<number, string>();
  readonly #last = new Map<string, DeviceCheck>();

  /** A device that is new, or not what it was, is asked soon, and what was known of it is void. */
  configure(now: Instant, settings: FencingSettings, enabled: boolean): void {
    const before = new Map(this.#uses);
    const due = new Map(this.#due);
    this.#uses.clear();
    this.#due.clear();
    for (const device of enabled ? settings.devices : []) {
      const use = someUse(settings, device.name);
      if (use === undefined || proofOf(device) !== "state") continue;
      if (checkInterval(device) === undefined) continue;
      const known = before.get(device.name);
      const isSame = known !== undefined && isSameUse(known, use);
      this.#uses.set(device.name, use);
      this.#due.set(device.name, (isSame && due.get(device.name)) || now + FIRST_CHECK_MS);
      if (known !== undefined && !isSame) this.#forget(device.name);
    }
    for (const name of before.keys()) if (!this.#uses.has(name)) this.#forget(name);
  }

  #forget(device: string): void {
    this.#last.delete(device);
    for (const [runId, running] of this.#running) {
      if (running === device) this.#running.delete(runId);
    }
  }

  last(device: string): DeviceCheck | undefined {
    return this.#last.get(device);
  }

  nextDeadline(): Instant | undefined {
    return this.#due.size === 0 ? undefined : Math.min(...this.#due.values());
  }

  due(now: Instant): DeviceUse[] {
    const names = [...this.#due].filter(([, at]) => at <= now).map(([name]) => name);
    return names.sort().flatMap((name) => {
      const use = this.#uses.get(name);
      const interval = use === undefined ? undefined : checkInterval(use.device);
      if (use === undefined || interval === undefined) return [];
      this.#due.set(name, now + interval);
      return [use];
    });
  }

  started(device: string, runId: number): void {
    this.#running.set(runId, device);
  }

  done(now: Instant, runId: number, outcome: DeviceOutcome): Note[] {
    const device = this.#running.get(runId);
    if (device === undefined) return [];
    this.#running.delete(runId);
    const before = this.#last.get(device);
    const { ok, detail } = outcome;
    this.#last.set(device, { at: now, ok, detail });
    if (ok && before?.ok === false) {
      return [note("info", "fence-device", `the fencing device ${device} answers again`)];
    }
    if (ok || before?.ok === false) return [];
    const message = `the fencing device ${device} fails its check: ${detail}`;
    return [note("error", "fence-device", message, { device })];
  }
}

function isSameUse(a: DeviceUse, b: DeviceUse): boolean {
  const [one, other] = [a, b].map(({ device, target, plug }) => {
    const { agent, params, options } = device;
    return JSON.stringify([agent, [...params], [...options], target, plug]);
  });
  return one === other;
}

function someUse(settings: FencingSettings, name: string): DeviceUse | undefined {
  const device = settings.devices.find((each) => each.name === name);
  const topology = [...settings.topology.keys()].sort();
  for (const target of [...(device?.targets ?? []), ...topology]) {
    const found = levelsFor(settings, target).flat();
    const use = found.find((each) => each.device.name === name);
    if (use !== undefined) return use;
  }
  return undefined;
}
