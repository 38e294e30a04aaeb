import type { Millis } from "../../../src/core/units.ts";
import type { SimulatedCluster } from "../simulated-cluster.ts";
import type { SimulatedHost } from "../simulated-host.ts";
import type { Checker } from "./checker.ts";

/**
 * No exclusive resource is really active on two hosts, whatever anybody believes. Without fencing
 * a node that was cut off needs a moment to notice and to let go; `overlapMaxMs` says how long that may
 * take. With fencing it is zero.
 */
export class ActiveOnce implements Checker {
  readonly name = "active-once";
  readonly #exclusive: (resource: string) => boolean;
  readonly #overlapMaxMs: Millis;
  readonly #where = new Map<string, Set<string>>();
  readonly #overlapSince = new Map<string, number>();
  #now: () => number = () => 0;

  constructor(exclusive: (resource: string) => boolean, overlapMaxMs: Millis) {
    this.#exclusive = exclusive;
    this.#overlapMaxMs = overlapMaxMs;
  }

  onActive(host: SimulatedHost, resource: string, isActive: boolean): string | undefined {
    if (!this.#exclusive(resource)) return undefined;
    const hosts = this.#where.get(resource) ?? new Set();
    this.#where.set(resource, hosts);
    if (isActive) hosts.add(host.name);
    else hosts.delete(host.name);
    this.#now = () => host.trueTime();
    if (hosts.size > 1) {
      if (!this.#overlapSince.has(resource)) this.#overlapSince.set(resource, this.#now());
      if (this.#overlapMaxMs === 0) return this.#describe(resource);
      return undefined;
    }
    const problem = this.#tooLong(resource);
    this.#overlapSince.delete(resource);
    return problem;
  }

  afterStep(): string | undefined {
    for (const resource of this.#overlapSince.keys()) {
      const problem = this.#tooLong(resource);
      if (problem !== undefined) return problem;
    }
    return undefined;
  }

  atEnd(_cluster: SimulatedCluster): string | undefined {
    const [resource] = this.#overlapSince.keys();
    return resource === undefined ? undefined : this.#describe(resource);
  }

  #tooLong(resource: string): string | undefined {
    const since = this.#overlapSince.get(resource);
    if (since === undefined || this.#now() - since <= this.#overlapMaxMs) return undefined;
    return this.#describe(resource);
  }

  #describe(resource: string): string {
    const hosts = [...(this.#where.get(resource) ?? [])].sort().join(" and ");
    const since = this.#overlapSince.get(resource) ?? 0;
    return `${resource} is active on ${hosts} since ${(since / 1000).toFixed(4)} s`;
  }
}
