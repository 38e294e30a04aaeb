import type { Machine } from "../core/machine.ts";
import { note } from "../core/note.ts";
import type { Random } from "../core/random.ts";
import type { Instant, Millis } from "../core/units.ts";
import type { FencingSettings } from "../model/definition.ts";
import { type DeviceCheck, DeviceChecks } from "./device-checks.ts";
import { DeviceProbe } from "./device-probe.ts";
import { DeviceQueue, type Urgency } from "./device-queue.ts";
import type { DeviceCaller } from "./device-task.ts";
import {
  checkAction,
  type DeviceUse,
  delayOf,
  levelsFor,
  powerLevels,
  unfencingLevels,
} from "./device-use.ts";
import { FenceJob, type JobEvent } from "./fence-job.ts";
import { FenceLoopBreaker } from "./fence-loop-breaker.ts";
import type { DeviceOutcome, FencerInput, FencerOutput } from "./fence-types.ts";

export interface FencerOptions {
  readonly random: Random;
  /** Why that node must not be fenced now (quorum could not spare it); undefined: it may be. */
  readonly guard?: (target: string) => string | undefined;
}

type FenceRequest = Extract<FencerInput, { kind: "fence" }>;

/** Runs that nobody waits for any more are forgotten; run ids are never used twice. */
export class Fencer implements Machine<FencerInput, FencerOutput> {
  readonly #options: FencerOptions;
  readonly #jobs = new Map<string, FenceJob>();
  readonly #probes = new Map<string, DeviceProbe>();
  readonly #checks = new DeviceChecks();
  readonly #breaker = new FenceLoopBreaker();
  readonly #queue = new DeviceQueue((output) => this.#outputs.push(output));
  #settings: FencingSettings = { devices: [], topology: new Map() };
  #now: Instant = 0;
  #outputs: FencerOutput[] = [];

  constructor(options: FencerOptions) {
    this.#options = options;
  }

  /** Nodes that are being fenced now. */
  busy(): string[] {
    return [...this.#jobs.values()].filter((job) => job.isOpen).map((job) => job.settings.target);
  }

  /** What the fence-loop breaker holds back: by node, why and what to do. */
  held(now: Instant): ReadonlyMap<string, string> {
    return this.#breaker.allHeld(now);
  }

  /** When each device last answered its check, and what. */
  lastCheck(device: string): DeviceCheck | undefined {
    return this.#checks.last(device);
  }

  nextDeadline(): Instant | undefined {
    let next = this.#checks.nextDeadline() ?? Number.POSITIVE_INFINITY;
    for (const parts of [this.#jobs, this.#probes]) {
      for (const part of parts.values()) next = Math.min(next, part.nextDeadline() ?? next);
    }
    return Number.isFinite(next) ? next : undefined;
  }

  step(now: Instant, input: FencerInput): readonly FencerOutput[] {
    this.#outputs = [];
    this.#now = now;
    this.#take(now, input);
    this.#tick(now);
    return this.#outputs;
  }

  #take(now: Instant, input: FencerInput): void {
    switch (input.kind) {
      case "tick":
        return;
      case "configure":
        this.#settings = input.settings;
        this.#breaker.configure(input.loop);
        this.#checks.configure(now, input.settings, input.checks);
        return;
      case "fence":
        this.#fence(now, input);
        return;
      case "probe":
        this.#probe(now, input);
        return;
      case "committed": {
        const job = this.#jobs.get(input.target);
        if (job !== undefined) this.#fromJob(now, job, job.committed(now));
        return;
      }
      case "device-done":
        this.#deviceDone(now, input.runId, input.outcome);
        return;
      case "confirm":
        this.#confirm(now, input.target, input.author);
        return;
      case "withdraw":
        this.#withdraw(now, input.target, input.why, input.begun === true);
        return;
      case "history":
        this.#breaker.clear();
        for (const { target, agoMs } of input.fencings) this.#breaker.add(target, now - agoMs);
        return;
      case "reset":
        this.#reset(now, input.keep ?? []);
    }
  }

  #reset(now: Instant, keep: readonly string[]): void {
    for (const job of this.#jobs.values()) {
      const { target, operation } = job.settings;
      if (keep.includes(target) && operation !== "on" && !job.isWaiting) continue;
      // A node that is off and waits for its power gets it in time, or nobody would give it back.
      if (job.isOpen) job.cancel();
      if (job.isOver) this.#jobs.delete(job.settings.target);
    }
    for (const probe of this.#probes.values()) probe.cancel();
    this.#probes.clear();
    this.#checks.configure(now, this.#settings, false);
  }

  #tick(now: Instant): void {
    for (const name of [...this.#jobs.keys()].sort()) {
      const job = this.#jobs.get(name);
      if (job !== undefined && (job.nextDeadline() ?? Number.POSITIVE_INFINITY) <= now) {
        if (job.isWaiting) this.#begin(now, job);
        else this.#fromJob(now, job, job.tick(now));
      }
    }
    for (const [key, probe] of this.#probes) {
      if (probe.expired(now)) this.#probeOver(key, probe);
    }
    for (const use of this.#checks.due(now)) {
      const action = checkAction(use.device);
      this.#checks.started(
        use.device.name,
        this.#queue.call(now, use, action, now + 60_000, "check"),
      );
    }
  }

  // --- Fencing.

  #fence(now: Instant, request: FenceRequest): void {
    const { target, key, operation } = request;
    const byHand = request.byHand === true;
    if (byHand) this.#breaker.forget(target);
    const running = this.#jobs.get(target);
    if (running !== undefined && this.#join(now, running, request)) return;
    running?.cancel();
    const levels = levelsOf(request)(this.#settings, target);
    const [first] = levels.flat();
    const isDelayed = operation !== "on" && !byHand && first !== undefined;
    const own = isDelayed ? delayOf(first.device, this.#options.random) : 0;
    const delayMs = byHand ? 0 : own + (request.delayMs ?? 0);
    const { timeoutMs, unfence = false } = request;
    const job = new FenceJob(
      { target, operation, levels, startedAt: now, delayMs, timeoutMs, byHand, unfence },
      this.#callerFor("fence"),
    );
    job.keys.push(key);
    this.#jobs.set(target, job);
    const wait = delayMs > 0 ? ` in ${Math.ceil(delayMs / 1_000)} s, unless it joins before` : "";
    const message = `${operation} of ${target}${wait}: ${request.reason}`;
    this.#outputs.push(note("warn", "fencing", message, { target, operation, delayMs }));
  }

  /** Whoever asks for what is under way anyway waits with the others. */
  #join(now: Instant, job: FenceJob, request: FenceRequest): boolean {
    const { target, operation } = job.settings;
    const isOn = request.operation === "on";
    const same =
      (operation === "on") === isOn && job.settings.unfence === (request.unfence === true);
    if (job.isOpen && operation === "on" && !isOn) {
      this.#giveUp(now, job, `${request.operation} of ${target} is wanted instead`);
      return false;
    }
    if (job.isOpen && !same) {
      this.#refuse(request, `${operation} of ${target} is under way`);
      return true;
    }
    if (request.operation === "off") job.keepOff();
    const { heldOff } = job;
    if (!job.isOpen && heldOff?.kind !== "fenced") return false;
    if (request.byHand === true) job.hurry(now);
    if (job.isOpen) job.keys.push(request.key);
    else if (heldOff?.kind === "fenced") {
      this.#outputs.push({ ...heldOff, keys: [request.key], target, operation, durationMs: 0 });
    }
    return true;
  }

  /** Nobody is let in who is to be fenced. */
  #giveUp(now: Instant, job: FenceJob, detail: string): void {
    const { target, operation, startedAt } = job.settings;
    job.cancel();
    this.#jobs.delete(target);
    const durationMs = now - startedAt;
    const { keys } = job;
    this.#outputs.push({ kind: "fenced", keys, target, operation, ok: false, detail, durationMs });
  }

  /** Judged when the delay is over: meanwhile things may have changed. */
  #refusal(now: Instant, job: FenceJob): string | undefined {
    const { target, operation, levels } = job.settings;
    if (levels.flat().length === 0) {
      if (job.settings.unfence) return `no device lets ${target} in (provides: unfencing)`;
      const isKnown = levelsFor(this.#settings, target).length > 0;
      return operation === "on" && isKnown
        ? `no device gives ${target} power: it is let in by itself when it joins`
        : `no fencing device is for ${target}`;
    }
    if (operation === "on" || job.byHand) return undefined;
    return this.#breaker.held(target, now) ?? this.#options.guard?.(target);
  }

  #begin(now: Instant, job: FenceJob): void {
    const refusal = this.#refusal(now, job);
    if (refusal === undefined) {
      this.#fromJob(now, job, job.tick(now));
      return;
    }
    const { target, operation, startedAt } = job.settings;
    job.cancel();
    this.#jobs.delete(target);
    const message = `${target} is not fenced: ${refusal}`;
    this.#outputs.push(note("error", "fencing-refused", message, { target }), {
      kind: "fenced",
      keys: job.keys,
      target,
      operation,
      ok: false,
      detail: refusal,
      durationMs: now - startedAt,
    });
  }

  #refuse(request: FenceRequest, detail: string): void {
    const { key, target, operation } = request;
    this.#outputs.push(
      note("error", "fencing-refused", `${target} is not fenced: ${detail}`, { target }),
      { kind: "fenced", keys: [key], target, operation, ok: false, detail, durationMs: 0 },
    );
  }

  #fromJob(now: Instant, job: FenceJob, events: readonly JobEvent[]): void {
    const { target, operation, startedAt } = job.settings;
    for (const event of events) {
      if (event.kind === "powered") {
        const message = event.ok ? `${target} has power again` : `${target} stays without power`;
        const level = event.ok ? "info" : "warn";
        this.#outputs.push(note(level, "power-on", `${message}: ${event.detail}`, { target }));
        continue;
      }
      if (event.ok && operation !== "on") this.#breaker.add(target, now);
      const durationMs = now - startedAt;
      this.#tell(target, operation, event.ok, event.detail, durationMs);
      this.#outputs.push({ ...event, keys: job.keys, target, operation, durationMs });
    }
    if (job.isOver && this.#jobs.get(target) === job) this.#jobs.delete(target);
  }

  #tell(target: string, operation: string, ok: boolean, detail: string, ms: Millis): void {
    const message = `${operation} of ${target} ${ok ? "succeeded" : "failed"}: ${detail}`;
    const event = ok ? "fenced" : "fencing-failed";
    this.#outputs.push(note(ok ? "warn" : "error", event, message, { target, ms: Math.round(ms) }));
  }

  #withdraw(now: Instant, target: string, detail: string, begun: boolean): void {
    const job = this.#jobs.get(target);
    if (job === undefined || !job.isOpen) return;
    const { operation, startedAt } = job.settings;
    if (!job.isWaiting && (!begun || job.byHand || operation === "on")) return;
    if (job.isWaiting) job.cancel();
    else this.#fromJob(now, job, job.giveUp(now));
    if (job.isOver) this.#jobs.delete(target);
    this.#outputs.push(note("info", "fencing-withdrawn", detail, { target }), {
      kind: "fenced",
      keys: job.keys,
      target,
      operation,
      ok: false,
      withdrawn: true,
      detail,
      durationMs: now - startedAt,
    });
  }

  #confirm(now: Instant, target: string, author: string): void {
    this.#breaker.forget(target);
    const job = this.#jobs.get(target);
    if (job === undefined || !job.isOpen) return;
    const { operation, startedAt } = job.settings;
    job.cancel();
    this.#jobs.delete(target);
    const detail = `${author} swears that it is off`;
    this.#outputs.push({
      kind: "fenced",
      keys: job.keys,
      target,
      operation,
      ok: true,
      confirmedBy: author,
      detail,
      durationMs: now - startedAt,
    });
  }

  // --- Asking.

  #probe(now: Instant, request: Extract<FencerInput, { kind: "probe" }>): void {
    const uses = new Map<string, DeviceUse>();
    for (const use of levelsFor(this.#settings, request.target).flat()) {
      uses.set(use.device.name, use);
    }
    const until = now + request.timeoutMs;
    const caller = this.#callerFor("ask");
    const probe = new DeviceProbe(request.target, [...uses.values()], until, now, caller);
    this.#probes.set(request.key, probe);
    if (probe.isOver) this.#probeOver(request.key, probe);
  }

  #probeOver(key: string, probe: DeviceProbe): void {
    this.#probes.delete(key);
    this.#outputs.push({ kind: "probed", key, target: probe.target, answers: probe.answers() });
  }

  #deviceDone(now: Instant, runId: number, outcome: DeviceOutcome): void {
    this.#queue.done(now, runId);
    for (const job of this.#jobs.values()) {
      const events = job.done(now, runId, outcome);
      if (events === undefined) continue;
      this.#fromJob(now, job, events);
      return;
    }
    for (const [key, probe] of this.#probes) {
      if (!probe.done(now, runId, outcome)) continue;
      if (probe.isOver) this.#probeOver(key, probe);
      return;
    }
    this.#outputs.push(...this.#checks.done(now, runId, outcome));
  }

  #callerFor(urgency: Urgency): DeviceCaller {
    return {
      call: (now, use, action, latest) => this.#queue.call(now, use, action, latest, urgency),
      kill: (runId) => this.#queue.kill(this.#now, runId),
    };
  }
}

function levelsOf({ operation, unfence }: FenceRequest): typeof levelsFor {
  if (operation !== "on") return levelsFor;
  return unfence === true ? unfencingLevels : powerLevels;
}
