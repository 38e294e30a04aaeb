import type { ChildProcess } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
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
  const names = Array.from({ length: options.nodes }, (_, i) => `node${i + 1}`);
  const lab = new Lab({ nodes: names, definition: definitionFor(names, options.interval) });
  try {
    await startEchoes(lab, VIP, PORT);
    for (const node of lab.nodes) start(lab, node, options.interval);
    const prober = new Prober(lab, VIP, PORT);
    await new Promise((done) => setTimeout(done, options.settleMs));
    return await outagesByCut(options, lab, prober, async () => {
      await until("node1 alone has the address", () => onlyFirst(lab, prober), 60_000);
      return lab.nodes[0] as LabNode;
    });
  } finally {
    lab.close();
  }
}

async function onlyFirst(lab: Lab, prober: Prober): Promise<boolean> {
  if (prober.current !== "node1") return false;
  for (const node of lab.nodes) {
    if ((await node.hasAddress(VIP)) !== (node.name === "node1")) return false;
  }
  return true;
}

function start(lab: Lab, node: LabNode, intervalMs: number): ChildProcess {
  const file = join(node.directory, "keepalived.conf");
  const run = (what: string): string => join(node.directory, what);
  writeFileSync(
    file,
    `global_defs {
  router_id ${node.name}
  vrrp_version 3
}
vrrp_instance VI_1 {
  state BACKUP
  interface eth0
  virtual_router_id 51
  priority ${200 - 50 * node.index}
  advert_int ${intervalMs / 1000}
  virtual_ipaddress {
    ${VIP}/24 dev eth0
  }
}
`,
  );
  const args = ["-n", "-l", "-D", "-P", "-f", file];
  args.push("-p", run("ka.pid"), "-r", run("ka-vrrp.pid"), "-c", run("ka-check.pid"));
  return lab.spawn(node.namespace, "keepalived", args, { log: node.logFile });
}

/** How often a node became master, by its log. */
export function mastersOf(node: LabNode): number {
  return readFileSync(node.logFile, "utf8").split("Entering MASTER STATE").length - 1;
}
