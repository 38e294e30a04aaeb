import type { Lab } from "../../support/lab.ts";
import type { LabNode } from "../../support/lab-node.ts";
import type { Prober } from "../../support/prober.ts";

export interface Case {
  readonly interval: number;
  readonly nodes: number;
  readonly runs: number;
  /** How long a cluster has run when the first cut comes. */
  readonly settleMs: number;
}

/**
 * Cuts the link of the node that has the address, again and again; each outage as the client saw
 * it. `owner`: that node, once all is settled.
 */
export async function outagesByCut(
  { interval, runs }: Case,
  lab: Lab,
  prober: Prober,
  owner: () => Promise<LabNode>,
): Promise<number[]> {
  const outages: number[] = [];
  while (outages.length < runs) {
    const node = await owner();
    // Vary the phase of the cut against the advertisements.
    await pause(300 + Math.random() * Math.max(interval, 100));
    // At 10 ms a busy machine may make a node look dead for a moment, ours and the peer's.
    if (prober.current !== node.name) {
      process.stderr.write("the address had moved by itself before a cut: that cut is left out\n");
      continue;
    }
    const seen = prober.answers.length;
    lab.setCable(node, false);
    outages.push((await prober.awaitChange(seen, 30_000)).gapMs);
    await pause(300);
    lab.setCable(node, true);
  }
  return outages;
}

async function pause(ms: number): Promise<void> {
  await new Promise((done) => setTimeout(done, ms));
}
