import type { FencingRecord } from "../../../src/model/cib.ts";
import type { AgentCommand, AgentOutcome } from "../../../src/model/operation.ts";
import type { SimulatedHost } from "../simulated-host.ts";
import type { Checker, NodeObservation } from "./checker.ts";

const RC_NOT_RUNNING = 7;

/**
 * An exclusive resource is not started while it may still run elsewhere: after a start it may run
 * on that host until a stop there succeeded, a probe said that it doesn't run, the guardian of a dead
 * daemon stopped it, or the host has lost its power and a fencing of it is in a CIB since. Stricter
 * than what is really active: here a lucky guess counts as a fault.
 */
export class UnknownIsNotStopped implements Checker {
  readonly name = "unknown-is-not-stopped";
  readonly #exclusive: (resource: string) => boolean;
  /** Resource to the hosts where it may run. */
  readonly #mayRun = new Map<string, Set<string>>();
  /** Hosts that lost their power, of which nobody has proved that yet. */
  readonly #unproved = new Map<string, Set<string>>();
  /** Fencing records seen already, in any CIB. */
  readonly #records = new Set<string>();
  readonly #lastSeen = new Map<string, readonly FencingRecord[]>();

  constructor(exclusive: (resource: string) => boolean) {
    this.#exclusive = exclusive;
  }

  afterStep(host: SimulatedHost, seen: NodeObservation): undefined {
    const records = seen.cib?.fencing;
    if (records === undefined || this.#lastSeen.get(host.name) === records) return;
    this.#lastSeen.set(host.name, records);
    for (const record of records) {
      if (record.outcome !== "succeeded" || this.#records.has(record.id)) continue;
      this.#records.add(record.id);
      this.#proved(record.target);
    }
  }

  #proved(target: string): void {
    for (const resource of this.#unproved.get(target) ?? []) this.#hostsOf(resource).delete(target);
    this.#unproved.delete(target);
  }

  onRun(host: SimulatedHost, { action, resource }: AgentCommand): string | undefined {
    if (action !== "start" || !this.#exclusive(resource)) return undefined;
    const hosts = this.#hostsOf(resource);
    const others = [...hosts].filter((name) => name !== host.name).sort();
    hosts.add(host.name);
    this.#unproved.get(host.name)?.delete(resource);
    if (others.length === 0) return undefined;
    return `${resource} is started on ${host.name}, and may still run on ${others.join(", ")}`;
  }

  onOutcome(host: SimulatedHost, command: AgentCommand, outcome: AgentOutcome): undefined {
    const { action, resource } = command;
    const stopped = action === "stop" && outcome.rc === 0;
    const absent = action === "monitor" && outcome.rc === RC_NOT_RUNNING;
    if (stopped || absent) this.#hostsOf(resource).delete(host.name);
  }

  onPowerOff(host: SimulatedHost): undefined {
    const ran = [...this.#mayRun].filter(([, hosts]) => hosts.has(host.name));
    this.#unproved.set(host.name, new Set(ran.map(([resource]) => resource)));
  }

  onGuardianStop(host: SimulatedHost, resource: string): undefined {
    this.#hostsOf(resource).delete(host.name);
  }

  #hostsOf(resource: string): Set<string> {
    const hosts = this.#mayRun.get(resource) ?? new Set();
    this.#mayRun.set(resource, hosts);
    return hosts;
  }
}
