import { IpmiLab, statesSeenBy } from "../../support/ipmi-lab.ts";
import { until } from "../../support/lab-commands.ts";
import { cutOwner, type Takeover } from "./fencing-run.ts";

/** Where the time went, in milliseconds. */
export interface Phases extends Takeover {
  /** From the cut until a survivor says that the node is lost. */
  readonly detectMs: number;
  /** From then on until the fencing is begun: election, status, plan. */
  readonly decideMs: number;
  /** From there to the verified and committed end of the fencing. */
  readonly fenceMs: number;
  readonly startMs: number;
}

/** Three nodes with a controller each; the owner is cut off `runs` times. */
export async function pacelineFencings(runs: number): Promise<Phases[]> {
  const lab = new IpmiLab({ nodes: 3, boots: true });
  const results: Phases[] = [];
  try {
    await lab.startAll();
    for (let run = 0; run < runs; run++) {
      const takeover = await cutOwner(lab);
      results.push(withPhases(lab, takeover));
      lab.lab.setCable(takeover.owner, true, 0);
      const wanted = lab.nodes.map((node) => `${node.name} online`).join(", ");
      await until(
        "all are members again",
        async () => {
          const seen = await Promise.all(lab.nodes.map((node) => statesSeenBy(node)));
          return seen.every((each) => each === wanted);
        },
        60_000,
      );
    }
  } finally {
    lab.close();
  }
  return results;
}

function withPhases(lab: IpmiLab, takeover: Takeover): Phases {
  const { owner, cutAt, upMs } = takeover;
  const lines = lab.nodes.filter((node) => node !== owner).flatMap((node) => node.logEntries());
  const first = (event: string): number => {
    const times = lines.filter((line) => line.event === event).map(({ time }) => Date.parse(time));
    return Math.min(...times.filter((at) => at >= cutAt)) - cutAt;
  };
  const lost = first("member-lost");
  const begun = first("fencing");
  const fenced = first("fenced");
  return {
    ...takeover,
    detectMs: lost,
    decideMs: begun - lost,
    fenceMs: fenced - begun,
    startMs: upMs - fenced,
  };
}
