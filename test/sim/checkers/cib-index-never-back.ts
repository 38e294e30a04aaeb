import type { SimulatedHost } from "../simulated-host.ts";
import type { Checker, NodeObservation } from "./checker.ts";

/** A node's CIB never gets older while its daemon runs. */
export class CibIndexNeverBack implements Checker {
  readonly name = "cib-index-never-back";
  readonly #highest = new Map<string, number>();

  afterStep(host: SimulatedHost, seen: NodeObservation): string | undefined {
    const before = this.#highest.get(host.name) ?? 0;
    if (seen.cibIndex < before) return `${host.name} went from ${before} back to ${seen.cibIndex}`;
    this.#highest.set(host.name, seen.cibIndex);
    return undefined;
  }

  /** What was applied is a matter of memory; after a restart it is applied anew from the log. */
  onDaemonEnd(host: SimulatedHost): undefined {
    this.#highest.delete(host.name);
  }
}
