import { Lab } from "../../support/lab.ts";
import { until } from "../../support/lab-commands.ts";
import type { LabNode } from "../../support/lab-node.ts";
import { Prober, startEchoes } from "../../support/prober.ts";
import { type Case, outagesByCut } from "./cuts.ts";

const VIP = "10.77.0.100";
const PORT = 5005;

export function definitionFor(names: readonly string[], interval: number): string {
  const nodes = names.map((name, i) => `  ${name}: 10.77.0.${i + 1}`).join("\n");
  return `cluster: bench
nodes:
${nodes}
messaging: { advert-interval: ${interval}ms, key-file: KEYFILE }
properties: { fencing-enabled: false }
resources:
  vip: { agent: vip, params: { ip: ${VIP}/24, nic: eth0 } }
`;
}

/** Outages of ours. */
export async function pacelineOutages(options: Case): Promise<number[]> {
  return await withCluster(options, async (lab, prober) => {
    const owner = async () => lab.node(await settledOwner(lab, prober));
    return await outagesByCut(options, lab, prober, owner);
  });
}

/** Moves the VIP by hand; the client's longest gap. */
export async function migrateOutages(options: Case): Promise<number[]> {
  return await withCluster(options, async (lab, prober) => {
    const outages: number[] = [];
    for (let i = 0; i < options.runs; i++) {
      const owner = await settledOwner(lab, prober);
      const target = lab.nodes.find((node) => node.name !== owner) as LabNode;
      const seen = prober.answers.length;
      const moved = target.paceline("resource", "migrate", "vip", target.name, "--reason", "bench");
      const answer = await prober.awaitChange(seen, 30_000);
      outages.push(answer.gapMs);
      const { code, stderr } = await moved;
      if (code !== 0) throw new Error(`migrate failed: ${stderr}`);
      await target.paceline("resource", "clear", "vip");
    }
    return outages;
  });
}

async function withCluster(
  options: Case,
  body: (lab: Lab, prober: Prober) => Promise<number[]>,
): Promise<number[]> {
  const names = Array.from({ length: options.nodes }, (_, i) => `node${i + 1}`);
  const lab = new Lab({
    nodes: names,
    definition: definitionFor(names, options.interval),
    logLevel: "warn",
  });
  try {
    await startEchoes(lab, VIP, PORT);
    for (const node of lab.nodes) node.start();
    const prober = new Prober(lab, VIP, PORT);
    await new Promise((done) => setTimeout(done, options.settleMs));
    return await body(lab, prober);
  } finally {
    lab.close();
  }
}

/** Waits until exactly one node has the address, all are in one view, and the client reaches it. */
export async function settledOwner(lab: Lab, prober: Prober): Promise<string> {
  return await until(
    "the cluster has settled",
    async () => {
      const report = await lab.nodes[0]?.status();
      const nodes = (report?.["nodes"] ?? []) as { state: string }[];
      const transition = report?.["transition"] as { state: string } | undefined;
      if (nodes.length === 0 || nodes.some((node) => node.state !== "online")) return undefined;
      if (transition?.state !== "idle") return undefined;
      const holders: string[] = [];
      for (const node of lab.nodes) if (await node.hasAddress(VIP)) holders.push(node.name);
      return holders.length === 1 && prober.current === holders[0] ? holders[0] : undefined;
    },
    60_000,
  );
}
