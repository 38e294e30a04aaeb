import type { Random } from "../../src/core/random.ts";
import type { Instant, Millis } from "../../src/core/units.ts";
import type { AgentCommand, AgentOutcome } from "../../src/model/operation.ts";
import type { EventQueue } from "./event-queue.ts";

/** What is really there on a host, whoever knows of it. */
export interface ActiveResource {
  readonly promoted: boolean;
  readonly since: Instant;
}

/** What an agent does out of the ordinary. */
export type AgentFault =
  /** Returns an error and changes nothing. */
  | { readonly kind: "fail"; readonly rc: number }
  /** Does its work, but says that it failed. */
  | { readonly kind: "fail-after-effect"; readonly rc: number }
  /** Never ends by itself; whether it had an effect is a toss-up. */
  | { readonly kind: "hang" };

/** Asked before each run; undefined: the agent works. */
export type FaultSource = (
  host: string,
  resource: string,
  action: string,
) => AgentFault | undefined;

type Done = (outcome: AgentOutcome) => void;

interface Run {
  readonly command: AgentCommand;
  readonly begun: Instant;
  done: Done | undefined;
  ended: boolean;
}

const OCF = { success: 0, notRunning: 7, promoted: 8 } as const;

/**
 * The resources of one host, and the agents that work on them. Resources and running agents outlive
 * the daemon; they end with the host. A start counts as active from its first moment, a stop as
 * inactive from its last: what is between is counted against us.
 */
export class AgentWorld {
  readonly host: string;
  readonly #queue: EventQueue;
  readonly #random: Random;
  readonly #active = new Map<string, ActiveResource>();
  #runs = new Set<Run>();
  faults: FaultSource = () => undefined;
  latencyMin: Millis = 2;
  latencyMean: Millis = 15;
  /** Told after every change of what is active. */
  onChange: (resource: string, isActive: boolean) => void = () => {};
  /** Told after every promotion and every end of one. */
  onPromoted: (resource: string, isPromoted: boolean) => void = () => {};
  /** Told of every run that begins. */
  onRun: (command: AgentCommand) => void = () => {};
  /** Told of every run that ends, whether or not anybody waits for it. */
  onOutcome: (command: AgentCommand, outcome: AgentOutcome) => void = () => {};

  constructor(host: string, queue: EventQueue, random: Random) {
    this.host = host;
    this.#queue = queue;
    this.#random = random;
  }

  active(): ReadonlyMap<string, ActiveResource> {
    return this.#active;
  }

  run(command: AgentCommand, done: Done): void {
    const run: Run = { command, begun: this.#queue.now, done, ended: false };
    this.#runs.add(run);
    this.onRun(command);
    const fault = this.faults(this.host, command.resource, command.action);
    if (mayTakeEffectEarly(command.action) && this.#takesEffect(fault)) this.#apply(command);
    this.#queue.after(command.timeoutMs, () => this.#end(run, "timeout", undefined));
    if (fault?.kind === "hang") return;
    const latency = this.latencyMin - this.latencyMean * Math.log(1 - this.#random.next());
    this.#queue.after(latency, () => this.#finish(run, fault));
  }

  #takesEffect(fault: AgentFault | undefined): boolean {
    if (fault === undefined || fault.kind === "fail-after-effect") return true;
    return fault.kind === "hang" && this.#random.next() < 0.5;
  }

  #finish(run: Run, fault: AgentFault | undefined): void {
    if (run.ended) return;
    const { action } = run.command;
    if (fault?.kind !== "fail" && !mayTakeEffectEarly(action)) this.#apply(run.command);
    const rc =
      fault === undefined || fault.kind === "hang" ? this.#exitCode(run.command) : fault.rc;
    this.#end(run, "exited", rc);
  }

  #exitCode({ action, resource }: AgentCommand): number {
    if (action !== "monitor" && action !== "status") return OCF.success;
    const state = this.#active.get(resource);
    if (state === undefined) return OCF.notRunning;
    return state.promoted ? OCF.promoted : OCF.success;
  }

  #apply({ action, resource }: AgentCommand): void {
    const before = this.#active.get(resource);
    switch (action) {
      case "start":
      case "migrate_from":
        if (before === undefined) this.#set(resource, { promoted: false, since: this.#queue.now });
        break;
      case "promote":
        this.#set(resource, { promoted: true, since: before?.since ?? this.#queue.now });
        break;
      case "demote":
        if (before !== undefined) this.#set(resource, { ...before, promoted: false });
        break;
      case "stop":
      case "migrate_to":
        this.kill(resource);
        break;
    }
  }

  #set(resource: string, state: ActiveResource): void {
    const wasPromoted = this.#active.get(resource)?.promoted === true;
    this.#active.set(resource, state);
    this.onChange(resource, true);
    if (wasPromoted !== state.promoted) this.onPromoted(resource, state.promoted);
  }

  #end(run: Run, reason: AgentOutcome["reason"], rc: number | undefined): void {
    if (run.ended) return;
    run.ended = true;
    this.#runs.delete(run);
    const durationMs = this.#queue.now - run.begun;
    const outcome = { rc, reason, stdout: "", stderr: "", durationMs };
    this.onOutcome(run.command, outcome);
    run.done?.(outcome);
  }

  /** The daemon has the agent killed. */
  killRun(runId: number): void {
    for (const run of [...this.#runs]) {
      if (run.command.runId === runId && run.done !== undefined)
        this.#end(run, "killed", undefined);
    }
  }

  /** The resource dies by itself, or is taken away behind the daemon's back. */
  kill(resource: string): void {
    const state = this.#active.get(resource);
    if (state === undefined) return;
    this.#active.delete(resource);
    this.onChange(resource, false);
    if (state.promoted) this.onPromoted(resource, false);
  }

  /** The daemon is gone: its agents go on, and nobody waits for them. */
  orphanRuns(): void {
    for (const run of this.#runs) run.done = undefined;
  }

  /** The power is off. */
  clear(): void {
    for (const run of this.#runs) run.ended = true;
    this.#runs = new Set();
    for (const resource of [...this.#active.keys()]) this.kill(resource);
  }
}

function mayTakeEffectEarly(action: string): boolean {
  return action === "start" || action === "promote" || action === "migrate_from";
}
