import { BMC_ADDRESS, IpmiLab, portOf } from "../../support/ipmi-lab.ts";
import { IPMI_PASSWORD } from "../../support/ipmi-sim.ts";
import { until } from "../../support/lab-commands.ts";
import type { LabNode } from "../../support/lab-node.ts";
import {
  addressPrimitive,
  allOnline,
  bootPacemaker,
  isIdle,
  nvpairs,
  within,
} from "../../support/pacemaker-lab.ts";
import { cutOwner, type Takeover } from "./fencing-run.ts";

/** The same three nodes, controllers and cut, with corosync and pacemaker. `token` 0: its default. */
export async function pacemakerFencings(token: number, runs: number): Promise<Takeover[]> {
  const lab = new IpmiLab({ nodes: 3 });
  const results: Takeover[] = [];
  try {
    for (const sim of lab.sims) sim.start();
    for (const node of lab.nodes) bootPacemaker(lab.lab, node, token);
    await until("all are online", () => allOnline(lab.lab), 120_000);
    await load(lab.nodes[0] as LabNode);
    for (let count = 0; count < runs; count++) {
      await until("the address is up once", async () => (await lab.holders()).length === 1, 60_000);
      await until("all is idle", () => isIdle(lab.lab), 60_000);
      const takeover = await cutOwner(lab);
      results.push(takeover);
      const { owner } = takeover;
      lab.lab.setCable(owner, true, 0);
      await until("its power is back", async () => lab.simOf(owner).orders.at(-1) === "1", 60_000);
      bootPacemaker(lab.lab, owner, token);
      await until("all are online again", () => allOnline(lab.lab), 120_000);
    }
  } finally {
    lab.close();
  }
  return results;
}

async function load(node: LabNode): Promise<void> {
  const xml = resources([1, 2, 3]);
  const replace = ["cibadmin", "--replace", "-o", "resources", "--xml-text", xml];
  await until("the resources are taken", async () => (await within(node, ...replace)).code === 0);
}

function resources(indexes: readonly number[]): string {
  const devices = indexes.map((index) => {
    const params = {
      ip: BMC_ADDRESS,
      ipport: portOf(index, 0),
      username: "fence",
      password: IPMI_PASSWORD,
      lanplus: 1,
      cipher: 3,
      pcmk_host_list: `node${index}`,
    };
    return `<primitive id="st${index}" class="stonith" type="fence_ipmilan"><instance_attributes id="st${index}-ia">${nvpairs(`st${index}`, params)}</instance_attributes></primitive>`;
  });
  return `<resources>${addressPrimitive("10.77.0.100")}${devices.join("")}</resources>`;
}
