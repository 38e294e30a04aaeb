import type { SimulatedCluster } from "../simulated-cluster.ts";
import type { Checker } from "./checker.ts";

/** What a client was told is committed is in the CIB of every node once faults have stopped. */
export class AcknowledgedWrites implements Checker {
  readonly name = "acknowledged-writes";
  readonly #marks: string[] = [];

  /** The write that carries this mark was acknowledged. */
  acknowledged(mark: string): void {
    this.#marks.push(mark);
  }

  get count(): number {
    return this.#marks.length;
  }

  atEnd(cluster: SimulatedCluster): string | undefined {
    for (const host of cluster.hosts) {
      const text = cluster.observe(host)?.cibText();
      if (text === undefined) continue;
      const lost = this.#marks.find((mark) => !text.includes(mark));
      if (lost !== undefined) return `${lost} was acknowledged, and ${host.name} does not have it`;
    }
    return undefined;
  }
}
