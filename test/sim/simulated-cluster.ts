import { SeededRandom } from "../../src/core/random.ts";
import type { Instant, Millis } from "../../src/core/units.ts";
import { AgentWorld } from "./agent-world.ts";
import { type Checker, InvariantViolation, type NodeObservation } from "./checkers/checker.ts";
import type { ComposedDaemon, Transmit } from "./composed-daemon.ts";
import { CrashingDisk } from "./crashing-disk.ts";
import { EventQueue } from "./event-queue.ts";
import { FaultyNetwork, type NetworkWeather } from "./faulty-network.ts";
import { NodeClock } from "./node-clock.ts";
import { PowerPlant } from "./power-plant.ts";
import { SimulatedHost } from "./simulated-host.ts";
import { TieBreakers } from "./tie-breakers.ts";
import { Trace } from "./trace.ts";

/** A daemon, and a way to look into it. */
export interface ObservedDaemon {
  readonly daemon: ComposedDaemon;
  observe(): NodeObservation;
}

export interface ClusterOptions {
  readonly names: readonly string[];
  readonly links: number;
  readonly seed: number;
  readonly newDaemon: (host: SimulatedHost, incarnation: number) => ObservedDaemon;
  readonly checkers: readonly Checker[];
  readonly weather?: NetworkWeather;
  readonly guardGraceMs?: Millis;
  /** How many lines of the trace to keep; 0: none. */
  readonly traceLimit?: number;
}

/** What sets the power plant's luck apart from all other. */
const POWER_SEED = 0x5eed;
const TIE_SEED = 0x71e5;

interface Origin {
  readonly address: string;
  readonly port: number;
}

/** UDP port of all hosts. */
const PORT = 7700;

/** The address of a host on a link. */
export function addressOf(names: readonly string[], name: string, link: number): string {
  return `10.${77 + link}.0.${names.indexOf(name) + 1}`;
}

/** A whole cluster on virtual time. Everything that happens in it follows from its seed. */
export class SimulatedCluster {
  readonly queue = new EventQueue();
  readonly random: SeededRandom;
  readonly trace: Trace;
  readonly network: FaultyNetwork;
  readonly power: PowerPlant;
  readonly tieBreakers: TieBreakers;
  readonly hosts: readonly SimulatedHost[];
  readonly links: number;
  readonly #options: ClusterOptions;
  readonly #observers = new Map<ComposedDaemon, () => NodeObservation>();
  readonly #addresses = new Map<string, string>();
  /** Where a datagram of a host on a link comes from. */
  readonly #origins = new Map<string, readonly Origin[]>();
  readonly #byName: ReadonlyMap<string, SimulatedHost>;
  /** Those who look at every step, which is what costs. */
  readonly #watchful: readonly Checker[];
  #steps = 0;
  /** All faults have ended: what still goes on of one must stop. */
  isHealed = false;

  constructor(options: ClusterOptions) {
    this.#options = options;
    this.links = options.links;
    this.random = new SeededRandom(options.seed);
    this.trace = new Trace(options.traceLimit ?? 0, () => this.queue.now);
    this.#watchful = options.checkers.filter((checker) => checker.afterStep !== undefined);
    const { names } = options;
    for (const name of names) {
      const origins: Origin[] = [];
      for (let link = 0; link < options.links; link++) {
        const address = addressOf(names, name, link);
        this.#addresses.set(address, name);
        origins.push({ address, port: PORT });
      }
      this.#origins.set(name, origins);
    }
    this.network = new FaultyNetwork(this.queue, this.#fork(), names, (to, link, sender, bytes) => {
      const from = this.#origins.get(sender)![link]!;
      this.host(to).deliver({ kind: "datagram", link, from, bytes });
    });
    if (options.weather !== undefined) this.network.weather = options.weather;
    this.tieBreakers = new TieBreakers(this.queue, new SeededRandom(options.seed ^ TIE_SEED));
    this.hosts = names.map((name) => this.#newHost(name));
    this.#byName = new Map(this.hosts.map((host) => [host.name, host]));
    const random = new SeededRandom(options.seed ^ POWER_SEED);
    this.power = new PowerPlant(this.queue, random, names, (name) => this.host(name));
  }

  /** A generator of its own, so that one part's draws don't shift another's. */
  #fork(): SeededRandom {
    return new SeededRandom(this.random.below(2 ** 48));
  }

  #newHost(name: string): SimulatedHost {
    const { queue, trace } = this;
    const random = this.#fork();
    const clock = new NodeClock(
      random.below(1_000_000),
      random.below(200) - 100,
      random.below(2_000) - 1_000,
    );
    const world = new AgentWorld(name, queue, this.#fork());
    const host: SimulatedHost = new SimulatedHost({
      name,
      queue,
      clock,
      trace,
      disk: new CrashingDisk(queue, this.#fork()),
      world,
      guardGraceMs: this.#options.guardGraceMs ?? 1_000,
      factory: (_, incarnation) => this.#newDaemon(host, incarnation),
      transmit: (from, output) => this.#transmit(from, output),
      callDevice: (from, command, done) => {
        this.#check((checker) => checker.onDevice?.(host, command, this));
        return this.power.call(from, command, done);
      },
      askTieBreaker: (from, ask, done) => this.tieBreakers.ask(from, ask, done),
      onStep: (hasChanged) => this.#afterStep(host, hasChanged),
      onEvent: (event) => this.#onHostEvent(host, event),
    });
    world.onChange = (resource, isActive) =>
      this.#check((checker) => checker.onActive?.(host, resource, isActive));
    world.onPromoted = (resource, isPromoted) =>
      this.#check((checker) => checker.onPromoted?.(host, resource, isPromoted));
    world.onRun = (command) => this.#check((checker) => checker.onRun?.(host, command));
    world.onOutcome = (command, outcome) =>
      this.#check((checker) => checker.onOutcome?.(host, command, outcome));
    return host;
  }

  #newDaemon(host: SimulatedHost, incarnation: number): ComposedDaemon {
    const { daemon, observe } = this.#options.newDaemon(host, incarnation);
    this.#observers.set(daemon, observe);
    daemon.onCommand = (command) => this.#check((checker) => checker.onCommand?.(host, command));
    daemon.onPeerEvent = (event) => this.#check((checker) => checker.onPeerEvent?.(host, event));
    return daemon;
  }

  #onHostEvent(host: SimulatedHost, event: HostEvent): void {
    switch (event.kind) {
      case "daemon-ended":
        this.#observers.delete(event.daemon);
        this.#check((checker) => checker.onDaemonEnd?.(host));
        break;
      case "power-off":
        this.#check((checker) => checker.onPowerOff?.(host));
        break;
      case "disk-lost":
        this.#check((checker) => checker.onDiskLost?.(host));
        break;
      case "guardian-stop":
        this.#check((checker) => checker.onGuardianStop?.(host, event.resource));
        break;
    }
  }

  #transmit(from: string, { link, to, bytes }: Transmit): void {
    if (to === "group") {
      this.network.send(from, link, "group", bytes);
      return;
    }
    const target = this.#addresses.get(to.address);
    if (target !== undefined) this.network.send(from, link, target, bytes);
  }

  /** A step that the main thread had no part in has changed nothing that a checker could see. */
  #afterStep(host: SimulatedHost, hasChanged: boolean): void {
    this.#steps++;
    const seen = hasChanged ? this.observe(host) : undefined;
    if (seen === undefined) return;
    for (const checker of this.#watchful) this.#report(checker, checker.afterStep?.(host, seen));
  }

  #check(ask: (checker: Checker) => string | undefined): void {
    for (const checker of this.#options.checkers) this.#report(checker, ask(checker));
  }

  #report(checker: Checker, problem: string | undefined): void {
    if (problem === undefined) return;
    throw new InvariantViolation(checker.name, this.queue.now, problem);
  }

  /** Steps of all daemons so far. */
  get steps(): number {
    return this.#steps;
  }

  host(name: string): SimulatedHost {
    return this.#byName.get(name)!;
  }

  observe(host: SimulatedHost): NodeObservation | undefined {
    return host.daemon === undefined ? undefined : this.#observers.get(host.daemon)?.();
  }

  startAll(): void {
    for (const host of this.hosts) host.startDaemon();
  }

  runFor(span: Millis): void {
    const end = this.queue.now + span;
    while (this.queue.runNext(end)) {}
  }

  /** Runs until the condition holds, looked at every so often; false if time is up before. */
  runUntil(condition: () => boolean, within: Millis, every: Millis = 50): boolean {
    const end = this.queue.now + within;
    while (this.queue.now < end) {
      if (condition()) return true;
      this.runFor(Math.min(every, end - this.queue.now));
    }
    return condition();
  }

  /** The last word of every checker. */
  checkEnd(): void {
    this.#check((checker) => checker.atEnd?.(this));
  }
}

/** What happens to a host that its daemon does not do. */
export type HostEvent =
  | { readonly kind: "daemon-ended"; readonly daemon: ComposedDaemon }
  | { readonly kind: "power-off" }
  | { readonly kind: "disk-lost" }
  | { readonly kind: "guardian-stop"; readonly resource: string };

export type { Instant };
