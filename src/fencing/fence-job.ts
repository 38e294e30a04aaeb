import type { Instant, Millis } from "../core/units.ts";
import { type DeviceCaller, DeviceTask } from "./device-task.ts";
import { type DeviceUse, givesPower, isHeuristic, staysOff } from "./device-use.ts";
import type { DeviceOutcome, FenceOperation, PowerState } from "./fence-types.ts";

/** A rebooted node has power again at the latest after so long, the result committed or not. */
const COMMIT_WAIT_MS: Millis = 10_000;

/** A supply that was verified so long before the last one of its level is looked at once more. */
const STALE_MS: Millis = 2_000;

/** For giving power back, after a fencing that succeeded. */
const POWER_ON_MS: Millis = 60_000;

export interface JobSettings {
  readonly target: string;
  readonly operation: FenceOperation;
  readonly levels: readonly (readonly DeviceUse[])[];
  readonly startedAt: Instant;
  /** Delays that come first; they are not part of the time budget. */
  readonly delayMs: Millis;
  readonly timeoutMs: Millis;
  readonly byHand: boolean;
  /** It is let in, not given power. */
  readonly unfence: boolean;
}

/** What the fencer has to tell of a job. */
export type JobEvent =
  | { readonly kind: "fenced"; readonly ok: boolean; readonly device?: string; detail: string }
  | { readonly kind: "powered"; readonly ok: boolean; readonly detail: string };

/**
 * The fencing of one node: level after level until one succeeds. All devices of a level are ordered
 * off at once and must all be verified before any is ordered on again, else a node with two power
 * supplies never loses power; and verified together: where one took long, somebody may have switched
 * another one on meanwhile. A node is fenced once it is off; that it gets power back is no part of
 * the result, and waits until the result is committed, so that nobody takes the node that boots for
 * the one that was fenced.
 */
export class FenceJob {
  readonly settings: JobSettings;
  readonly keys: string[] = [];
  readonly #io: DeviceCaller;
  readonly #deadline: Instant;
  readonly #problems: string[] = [];
  #phase: "delay" | "work" | "hold" | "power-on" | "over" = "delay";
  #level = -1;
  #hasLookedAgain = false;
  #tasks: DeviceTask[] = [];
  /** The devices of the level that wait for the consent of the first ones. */
  #after: {
    readonly level: readonly DeviceUse[];
    readonly goal: PowerState;
    readonly until: Instant;
  };
  #wakeAt: Instant;
  #power: boolean;
  #committed = false;
  #byHand: boolean;
  #result: JobEvent | undefined;

  constructor(settings: JobSettings, io: DeviceCaller) {
    this.settings = settings;
    this.#io = io;
    this.#wakeAt = settings.startedAt + settings.delayMs;
    this.#deadline = this.#wakeAt + settings.timeoutMs;
    this.#power = settings.operation === "reboot";
    this.#byHand = settings.byHand;
    this.#after = { level: [], goal: "off", until: this.#deadline };
  }

  /** Not yet fenced, nor given up. */
  get isOpen(): boolean {
    return this.#phase === "delay" || this.#phase === "work";
  }
  get isOver(): boolean {
    return this.#phase === "over";
  }
  /** Fenced, verified, and without power still. */
  get heldOff(): JobEvent | undefined {
    return this.#phase === "hold" ? this.#result : undefined;
  }

  nextDeadline(): Instant | undefined {
    if (this.#phase === "delay" || this.#phase === "hold") return this.#wakeAt;
    const deadlines = this.#tasks.flatMap((task) => task.nextDeadline() ?? []);
    return deadlines.length === 0 ? undefined : Math.min(...deadlines);
  }

  /** A person asked for it, at first or meanwhile. */
  get byHand(): boolean {
    return this.#byHand;
  }

  /** A person asks for it: no more waiting, and nothing that holds back what the cluster wants. */
  hurry(now: Instant): void {
    this.#byHand = true;
    if (this.#phase === "delay") this.#wakeAt = now;
  }

  /** Nothing was switched yet. */
  get isWaiting(): boolean {
    return this.#phase === "delay";
  }

  /** Somebody else wants it off, not rebooted: it stays off. */
  keepOff(): void {
    this.#power = false;
    if (this.#phase === "hold") this.#phase = "over";
  }

  tick(now: Instant): JobEvent[] {
    if (this.#phase === "delay" && now >= this.#wakeAt) {
      this.#phase = "work";
      return this.#nextLevel(now);
    }
    if (this.#phase === "hold" && now >= this.#wakeAt) return this.#powerOn(now);
    for (const task of this.#tasks) task.tick(now);
    return this.#judge(now);
  }

  done(now: Instant, runId: number, outcome: DeviceOutcome): JobEvent[] | undefined {
    const task = this.#tasks.find((each) => each.done(now, runId, outcome));
    return task === undefined ? undefined : this.#judge(now);
  }

  committed(now: Instant): JobEvent[] {
    this.#committed = true;
    return this.#phase === "hold" ? this.#powerOn(now) : [];
  }

  /** What was to be ended is over: nothing more is ordered off, and what was gets power again. */
  giveUp(now: Instant): JobEvent[] {
    for (const task of this.#tasks) task.cancel();
    const level = this.settings.levels[this.#level] ?? [];
    this.#phase = "power-on";
    const switched = level.filter((use) => !staysOff(use.device));
    this.#begin(now, switched, "on", now + POWER_ON_MS);
    return this.#judge(now);
  }

  cancel(): void {
    for (const task of this.#tasks) task.cancel();
    this.#tasks = [];
    this.#phase = "over";
  }

  #nextLevel(now: Instant): JobEvent[] {
    this.#level += 1;
    this.#hasLookedAgain = false;
    const { levels, operation } = this.settings;
    const level = levels[this.#level];
    if (level === undefined || now >= this.#deadline) {
      this.#phase = "over";
      this.#tasks = [];
      return [{ kind: "fenced", ok: false, detail: this.#problems.join("; ") }];
    }
    if (level.length === 0) return this.#nextLevel(now);
    // What is left is shared out, so that a silent device does not eat the time of the others.
    const share = (this.#deadline - now) / (levels.length - this.#level);
    const goal = operation === "on" ? "on" : "off";
    const [first, rest] = inTurn(level);
    this.#begin(now, first, goal, now + share);
    this.#after = { level: rest, goal, until: now + share };
    return this.#judge(now);
  }

  #begin(now: Instant, level: readonly DeviceUse[], goal: PowerState, until: Instant): void {
    this.#tasks = level.map((use) => new DeviceTask(use, goal, until, now, this.#io));
  }

  #judge(now: Instant): JobEvent[] {
    if (this.#phase !== "work" && this.#phase !== "power-on") return [];
    const failed = this.#tasks.filter((task) => task.result?.ok === false);
    const said = this.#tasks.map((task) => `${task.use.device.name}: ${task.result?.detail}`);
    if (failed.length > 0) {
      const problems = failed.map((task) => `${task.use.device.name}: ${task.result?.detail}`);
      for (const task of this.#tasks) task.cancel();
      this.#tasks = [];
      if (this.#phase === "power-on") return this.#over(false, problems.join("; "));
      this.#problems.push(...problems);
      return this.#nextLevel(now);
    }
    if (this.#tasks.some((task) => task.result === undefined)) return [];
    if (this.#phase === "power-on") return this.#over(true, said.join("; "));
    const { level, goal, until } = this.#after;
    if (level.length > 0) {
      this.#after = { level: [], goal, until };
      this.#begin(now, level, goal, until);
      return this.#judge(now);
    }
    if (this.#lookAgain(now)) return [];
    return this.#succeed(now, said.join("; "));
  }

  /** True: what was verified long before the last one is looked at again, once for all of them. */
  #lookAgain(now: Instant): boolean {
    if (this.#hasLookedAgain || this.settings.operation === "on") return false;
    const stale = this.#tasks.filter((task) => task.isVerifiedBefore(now - STALE_MS));
    for (const task of stale) task.lookAgain(now);
    this.#hasLookedAgain = stale.length > 0;
    return this.#hasLookedAgain;
  }

  #succeed(now: Instant, detail: string): JobEvent[] {
    const device = this.#tasks.map((task) => task.use.device.name).join(" + ");
    const before = this.#problems.length === 0 ? "" : ` (before: ${this.#problems.join("; ")})`;
    const event: JobEvent = { kind: "fenced", ok: true, device, detail: `${detail}${before}` };
    this.#result = event;
    this.#power &&= !this.#tasks.some((task) => staysOff(task.use.device));
    this.#power &&= this.#powers().length > 0;
    this.#phase = this.#power ? "hold" : "over";
    this.#wakeAt = now + COMMIT_WAIT_MS;
    return this.#power && this.#committed ? [event, ...this.#powerOn(now)] : [event];
  }

  #powerOn(now: Instant): JobEvent[] {
    this.#phase = "power-on";
    this.#begin(now, this.#powers(), "on", now + POWER_ON_MS);
    return this.#judge(now);
  }

  /** The devices of the level that give power back. */
  #powers(): DeviceUse[] {
    const level = this.settings.levels[this.#level] ?? [];
    return level.filter(({ device }) => givesPower(device) && !isHeuristic(device));
  }

  #over(ok: boolean, detail: string): JobEvent[] {
    this.#phase = "over";
    return [{ kind: "powered", ok, detail }];
  }
}

/** First what only says whether it may be done, then what does it, all at once. */
function inTurn(level: readonly DeviceUse[]): [DeviceUse[], DeviceUse[]] {
  const asked = level.filter(({ device }) => isHeuristic(device));
  const rest = level.filter(({ device }) => !isHeuristic(device));
  return asked.length > 0 && rest.length > 0 ? [asked, rest] : [[...level], []];
}
