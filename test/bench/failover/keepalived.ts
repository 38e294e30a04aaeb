import { existsSync, readFileSync } from "node:fs";
import { startKeepalived } from "../../support/keepalived-lab.ts";
import { Lab } from "../../support/lab.ts";
import { until } from "../../support/lab-commands.ts";
import type { LabNode } from "../../support/lab-node.ts";
import { Prober, startEchoes } from "../../support/prober.ts";
import { type Case, outagesByCut } from "./cuts.ts";
import { definitionFor } from "./paceline.ts";

const VIP = "10.77.0.100";
const PORT = 5005;

/** The same cut on the same namespaces with Debian's keepalived, VRRP version 3. */
export async function keepalivedOutages(options: Case): Promise<number[]> {
  return await withKeepalived(options, async (lab, prober) => {
    return await outagesByCut(options, lab, prober, () => first(lab, prober));
  });
}

/** Ends the first node's daemon in good order, which gives its address up; the client's gap. */
export async function keepalivedStops(options: Case): Promise<number[]> {
  return await withKeepalived(options, async (lab, prober, daemons) => {
    const outages: number[] = [];
    while (outages.length < options.runs) {
      const node = await first(lab, prober);
      const seen = prober.answers.length;
      const daemon = daemons.get(node) ?? 0;
      process.kill(daemon, "SIGTERM");
      outages.push((await prober.awaitChange(seen, 30_000)).gapMs);
      await until("keepalived has ended", async () => !existsSync(`/proc/${daemon}`));
      daemons.set(node, startKeepalived(lab, node, options.interval));
    }
    return outages;
  });
}

async function withKeepalived(
  { nodes, interval, settleMs }: Case,
  body: (lab: Lab, prober: Prober, daemons: Map<LabNode, number>) => Promise<number[]>,
): Promise<number[]> {
  const names = Array.from({ length: nodes }, (_, i) => `node${i + 1}`);
  const lab = new Lab({ nodes: names, definition: definitionFor(names, interval) });
  try {
    await startEchoes(lab, VIP, PORT);
    const daemons = new Map(
      lab.nodes.map((node) => [node, startKeepalived(lab, node, interval)] as const),
    );
    const prober = new Prober(lab, VIP, PORT);
    await new Promise((done) => setTimeout(done, settleMs));
    return await body(lab, prober, daemons);
  } finally {
    lab.close();
  }
}

/** The node with the highest priority, once it alone has the address. */
async function first(lab: Lab, prober: Prober): Promise<LabNode> {
  await until("node1 alone has the address", () => onlyFirst(lab, prober), 60_000);
  return lab.nodes[0] as LabNode;
}

async function onlyFirst(lab: Lab, prober: Prober): Promise<boolean> {
  if (prober.current !== "node1") return false;
  for (const node of lab.nodes) {
    if ((await node.hasAddress(VIP)) !== (node.name === "node1")) return false;
  }
  return true;
}

/** How often a node became master, by its log. */
export function mastersOf(node: LabNode): number {
  return readFileSync(node.logFile, "utf8").split("Entering MASTER STATE").length - 1;
}
