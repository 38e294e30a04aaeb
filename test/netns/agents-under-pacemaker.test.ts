import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { OWN_AGENT_DIR } from "../../src/io/agent-lookup.ts";
import { Lab } from "../support/lab.ts";
import { canMakeNamespaces, until } from "../support/lab-commands.ts";
import type { LabNode } from "../support/lab-node.ts";
import {
  allOnline,
  bootPacemaker,
  havePacemaker,
  nvpairs,
  within,
} from "../support/pacemaker-lab.ts";

/** Our agents in the hands of another cluster manager: they keep to OCF and know nothing of ours. */

const SKIPPED = !canMakeNamespaces()
  ? "network namespaces cannot be made here"
  : havePacemaker()
    ? undefined
    : "corosync and pacemaker are not installed";
if (SKIPPED !== undefined) console.log(`our agents under Pacemaker are not tested: ${SKIPPED}`);

const labs: Lab[] = [];
afterEach(() => {
  for (const lab of labs.splice(0)) lab.close();
});

function primitive(type: string, params: Readonly<Record<string, string | number>>): string {
  const ops = `<op id="${type}-m" name="monitor" interval="2s" timeout="20s"/>`;
  return `<primitive id="${type}" class="ocf" provider="paceline" type="${type}"><instance_attributes id="${type}-i">${nvpairs(type, params)}</instance_attributes><operations>${ops}</operations></primitive>`;
}

function promotable(type: string): string {
  const ops = [
    `<op id="${type}-m" name="monitor" interval="2s" timeout="20s"/>`,
    `<op id="${type}-p" name="monitor" interval="3s" timeout="20s" role="Promoted"/>`,
  ].join("");
  return `<clone id="${type}-clone"><meta_attributes id="${type}-c">${nvpairs(`${type}-c`, { promotable: "true" })}</meta_attributes><primitive id="${type}" class="ocf" provider="paceline" type="${type}"><operations>${ops}</operations></primitive></clone>`;
}

async function replace(node: LabNode, section: string, xml: string): Promise<void> {
  const command = ["cibadmin", "--replace", "-o", section, "--xml-text", xml];
  await until(`${section} is taken`, async () => (await within(node, ...command)).code === 0);
}

/** Resource to its role, or `failed`. */
async function rolesOn(node: LabNode): Promise<Record<string, string>> {
  const { stdout } = await within(node, "crm_mon", "-1", "--output-as=xml");
  const rows = [
    ...stdout.matchAll(
      /<resource id="([\w-]+)"[^>]* role="(\w+)"[^>]* active="(\w+)"[^>]* failed="(\w+)"/g,
    ),
  ];
  return Object.fromEntries(
    rows.map(([, id, role, , failed]) => [id, failed === "true" ? "failed" : role]),
  );
}

test.skipIf(SKIPPED !== undefined)(
  "Pacemaker starts, watches, promotes and stops what our agents run",
  async () => {
    const lab = new Lab({ nodes: ["node1"], definition: "" });
    labs.push(lab);
    const node = lab.node("node1");
    bootPacemaker(lab, node, 0, OWN_AGENT_DIR);
    await until("it is online", () => allOnline(lab), 60_000);
    const options = nvpairs("o", { "stonith-enabled": "false" });
    const set = `<cluster_property_set id="o">${options}</cluster_property_set>`;
    await replace(node, "crm_config", `<crm_config>${set}</crm_config>`);
    const log = join(lab.directory, "service.log");
    const resources = [
      primitive("vip", { ip: "10.77.0.100/24", nic: "eth0" }),
      primitive("service", { command: "exec sleep 1000", log }),
      primitive("dummy", {}),
      promotable("stateful"),
    ];
    await replace(node, "resources", `<resources>${resources.join("")}</resources>`);

    const wanted = {
      vip: "Started",
      service: "Started",
      dummy: "Started",
      stateful: "Promoted",
    };
    const isAsWanted = async () =>
      JSON.stringify(await rolesOn(node)) === JSON.stringify(wanted) ? true : undefined;
    await until("all runs, and one is promoted", isAsWanted, 60_000);
    expect(await node.hasAddress("10.77.0.100")).toBe(true);

    // What goes away behind its back is noticed by our monitor, and mended.
    await node.exec("ip", "addr", "del", "10.77.0.100/24", "dev", "eth0");
    await until("the address is up again", () => node.hasAddress("10.77.0.100"), 60_000);

    const standby = ["crm_attribute", "-N", "node1", "-n", "standby", "-v", "on"];
    // While the failure of the address is recorded that may be refused.
    await until("standby is taken", async () => (await within(node, ...standby)).code === 0);
    // Between two states of its own crm_mon may list nothing.
    const isStopped = async () =>
      Object.values(await rolesOn(node)).every((role) => role === "Stopped") &&
      !(await node.hasAddress("10.77.0.100"));
    await until("all is stopped, and the address is gone", isStopped, 60_000);
  },
  180_000,
);
