import type { AgentCommand, AgentOutcome } from "../../../src/model/operation.ts";
import type { SimulatedHost } from "../simulated-host.ts";
import type { Checker } from "./checker.ts";

const RC_NOT_RUNNING = 7;

/**
 * An exclusive resource is not started while it may still run elsewhere: after a start it may run
 * on that host until a stop there succeeded, a probe said that it doesn't run, or the host was
 * powered off. Stricter than what is really active: here a lucky guess counts as a fault.
 */
export class UnknownIsNotStopped implements Checker {
  readonly name = "unknown-is-not-stopped";
  readonly #exclusive: (resource: string) => boolean;
  /** Resource to the hosts where it may run. */
  readonly #mayRun = new Map<string, Set<string>>();

  constructor(exclusive: (resource: string) => boolean) {
    this.#exclusive = exclusive;
  }

  onRun(host: SimulatedHost, { action, resource }: AgentCommand): string | undefined {
    if (action !== "start" || !this.#exclusive(resource)) return undefined;
    const hosts = this.#hostsOf(resource);
    const others = [...hosts].filter((name) => name !== host.name).sort();
    hosts.add(host.name);
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
    for (const hosts of this.#mayRun.values()) hosts.delete(host.name);
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
