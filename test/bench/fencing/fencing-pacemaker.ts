import { execFileSync } from "node:child_process";
import { BMC_ADDRESS, IpmiLab, portOf } from "../../support/ipmi-lab.ts";
import { IPMI_PASSWORD } from "../../support/ipmi-sim.ts";
import { pidsIn, run, until } from "../../support/lab-commands.ts";
import type { LabNode } from "../../support/lab-node.ts";
import { cutOwner, type Takeover } from "./fencing-run.ts";

const PROGRAMS = ["corosync", "pacemakerd", "fence_ipmilan", "crm_mon", "cibadmin"];

/** Whether corosync, pacemaker and their IPMI agent are installed here. */
export function havePacemaker(): boolean {
  try {
    for (const name of PROGRAMS) execFileSync("sh", ["-c", `command -v ${name}`]);
    return true;
  } catch {
    return false;
  }
}

/** The same three nodes, controllers and cut, with corosync and pacemaker. `token` 0: its default. */
export async function pacemakerFencings(token: number, runs: number): Promise<Takeover[]> {
  const lab = new IpmiLab({ nodes: 3 });
  const results: Takeover[] = [];
  try {
    for (const sim of lab.sims) sim.start();
    for (const node of lab.nodes) boot(lab, node, token);
    await until("all are online", () => allOnline(lab), 120_000);
    await load(lab.nodes[0] as LabNode);
    for (let count = 0; count < runs; count++) {
      await until("the address is up once", async () => (await lab.holders()).length === 1, 60_000);
      await until("all is idle", () => isIdle(lab), 60_000);
      const takeover = await cutOwner(lab);
      results.push(takeover);
      const { owner } = takeover;
      lab.lab.setCable(owner, true, 0);
      await until("its power is back", async () => lab.simOf(owner).orders.at(-1) === "1", 60_000);
      boot(lab, owner, token);
      await until("all are online again", () => allOnline(lab), 120_000);
    }
  } finally {
    lab.close();
  }
  return results;
}

/** Starts a node's daemons, with directories of their own as on a machine of its own. */
function boot(lab: IpmiLab, node: LabNode, token: number): void {
  const conf = corosyncConf(lab.nodes, token);
  const script = `
    for d in /run /dev/shm /var/lib/pacemaker /var/lib/corosync /var/log/pacemaker /var/log/corosync; do
      mount -t tmpfs -o mode=755 tmpfs $d || exit 1
    done
    hostname ${node.name}
    mkdir -p /run/crm /run/resource-agents /run/corosync
    for d in blackbox cib cores pengine; do mkdir -p /var/lib/pacemaker/$d; done
    chown -R hacluster:haclient /run/crm /var/lib/pacemaker /var/log/pacemaker
    chmod 750 /run/crm; chmod 1755 /run/resource-agents; chmod 1777 /dev/shm
    printf '%s' "$0" > /run/corosync/corosync.conf
    corosync -f -c /run/corosync/corosync.conf &
    until corosync-cfgtool -s > /dev/null 2>&1; do sleep 0.1; done
    exec pacemakerd -f`;
  const spaces = ["--mount", "--uts", "--pid", "--fork", "--kill-child", "--mount-proc"];
  const env = { PCMK_logfile: "/var/log/pacemaker/pacemaker.log", PCMK_logfacility: "none" };
  lab.lab.spawn(node.namespace, "unshare", [...spaces, "bash", "-c", script, conf], {
    log: "/dev/null",
    env,
  });
}

function corosyncConf(nodes: readonly LabNode[], token: number): string {
  const members = nodes.map(
    ({ name, index }) =>
      `  node {\n    name: ${name}\n    nodeid: ${index}\n    ring0_addr: 10.77.0.${index}\n  }\n`,
  );
  const timing = token === 0 ? "" : `  token: ${token}\n`;
  return `totem {
  version: 2
  cluster_name: lab
  transport: knet
  crypto_cipher: none
  crypto_hash: none
${timing}}
nodelist {
${members.join("")}}
quorum {
  provider: corosync_votequorum
}
logging {
  to_syslog: no
  to_logfile: yes
  logfile: /var/log/corosync/corosync.log
}
`;
}

/** Runs a command among the processes of a node. */
async function within(
  node: LabNode,
  ...command: string[]
): Promise<{ code: number; stdout: string }> {
  const pid = pidsIn(node.namespace).at(-1);
  if (pid === undefined) return { code: -1, stdout: "" };
  return await run("nsenter", ["-t", String(pid), "-m", "-n", "-u", "-p", "--", ...command]);
}

async function allOnline(lab: IpmiLab): Promise<boolean> {
  const asked = lab.nodes[0] as LabNode;
  const { stdout } = await within(asked, "crm_mon", "-1", "--output-as=xml");
  const online = [
    ...stdout.matchAll(/<node name="(\w+)"[^>]* online="true"[^>]* pending="false"/g),
  ];
  return new Set(online.map(([, name]) => name)).size === lab.nodes.length;
}

async function isIdle(lab: IpmiLab): Promise<boolean> {
  const asked = lab.nodes[0] as LabNode;
  const dc = /is: (\S+)/.exec((await within(asked, "crmadmin", "-D")).stdout)?.[1];
  if (dc === undefined) return false;
  return (await within(asked, "crmadmin", "-S", dc)).stdout.includes("S_IDLE");
}

async function load(node: LabNode): Promise<void> {
  const xml = resources([1, 2, 3]);
  const replace = ["cibadmin", "--replace", "-o", "resources", "--xml-text", xml];
  await until("the resources are taken", async () => (await within(node, ...replace)).code === 0);
}

function resources(indexes: readonly number[]): string {
  const pairs = (id: string, values: Readonly<Record<string, string | number>>) =>
    Object.entries(values)
      .map(([name, value]) => `<nvpair id="${id}-${name}" name="${name}" value="${value}"/>`)
      .join("");
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
    return `<primitive id="st${index}" class="stonith" type="fence_ipmilan"><instance_attributes id="st${index}-ia">${pairs(`st${index}`, params)}</instance_attributes></primitive>`;
  });
  const vip = pairs("vip", { ip: "10.77.0.100", cidr_netmask: 24, nic: "eth0" });
  return `<resources><primitive id="vip" class="ocf" provider="heartbeat" type="IPaddr2"><instance_attributes id="vip-ia">${vip}</instance_attributes><operations><op id="vip-mon" name="monitor" interval="10s" timeout="20s"/></operations></primitive>${devices.join("")}</resources>`;
}
