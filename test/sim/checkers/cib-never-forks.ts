import type { SimulatedHost } from "../simulated-host.ts";
import type { Checker, NodeObservation } from "./checker.ts";

/**
 * State machine safety (Raft thesis, figure 3.2): the CIB at one index is the same on every node
 * that ever reaches it; so nothing that was committed is lost or changed.
 */
export class CibNeverForks implements Checker {
  readonly name = "cib-never-forks";
  readonly #texts = new Map<number, { text: string; host: string }>();
  readonly #seen = new Map<string, number>();

  afterStep(host: SimulatedHost, seen: NodeObservation): string | undefined {
    if (this.#seen.get(host.name) === seen.cibIndex) return undefined;
    this.#seen.set(host.name, seen.cibIndex);
    const text = seen.cibText();
    const known = this.#texts.get(seen.cibIndex);
    if (known === undefined) {
      this.#texts.set(seen.cibIndex, { text, host: host.name });
    } else if (known.text !== text) {
      return `CIB ${seen.cibIndex} differs:\n  ${known.host}: ${known.text}\n  ${host.name}: ${text}`;
    }
    return undefined;
  }

  onDaemonEnd(host: SimulatedHost): undefined {
    this.#seen.delete(host.name);
  }
}
