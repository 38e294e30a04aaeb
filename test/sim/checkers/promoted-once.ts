import type { SimulatedHost } from "../simulated-host.ts";
import type { Checker } from "./checker.ts";

/** Of a promotable clone with fencing no two instances are promoted at once. */
export class PromotedOnce implements Checker {
  readonly name = "promoted-once";
  readonly #where = new Map<string, Set<string>>();

  constructor(promotables: readonly string[]) {
    for (const name of promotables) this.#where.set(name, new Set());
  }

  onPromoted(host: SimulatedHost, resource: string, isPromoted: boolean): string | undefined {
    const hosts = this.#where.get(resource.replace(/:\d+$/, ""));
    if (hosts === undefined) return undefined;
    if (isPromoted) hosts.add(host.name);
    else hosts.delete(host.name);
    if (hosts.size < 2) return undefined;
    return `${resource} is promoted on ${[...hosts].sort().join(" and ")}`;
  }
}
