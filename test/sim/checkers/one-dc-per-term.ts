import type { SimulatedHost } from "../simulated-host.ts";
import type { Checker, NodeObservation } from "./checker.ts";

/** Election safety (Raft thesis, figure 3.2): at most one node acts as the DC in one term. */
export class OneDcPerTerm implements Checker {
  readonly name = "one-dc-per-term";
  readonly #leaders = new Map<number, string>();

  afterStep(host: SimulatedHost, seen: NodeObservation): string | undefined {
    if (!seen.leads) return undefined;
    const leader = this.#leaders.get(seen.term);
    if (leader === undefined) this.#leaders.set(seen.term, host.name);
    else if (leader !== host.name) return `${leader} and ${host.name} both lead term ${seen.term}`;
    return undefined;
  }
}
