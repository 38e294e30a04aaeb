import { execFileSync } from "node:child_process";
import type { Lab } from "./lab.ts";
import { pidsIn, run } from "./lab-commands.ts";
import type { LabNode } from "./lab-node.ts";

/** corosync and pacemaker on the nodes of a lab, each as on a machine of its own. */

const PROGRAMS = ["corosync", "pacemakerd", "crm_mon", "cibadmin"];

/** Whether corosync, pacemaker and further programs are installed here. */
export function havePacemaker(...more: readonly string[]): boolean {
  try {
    for (const name of [...PROGRAMS, ...more]) execFileSync("sh", ["-c", `command -v ${name}`]);
    return true;
  } catch {
    return false;
  }
}

/** Starts a node's corosync and pacemaker, with directories of their own as on a machine of its own. */
export function bootPacemaker(
  lab: Lab,
  node: LabNode,
  token: number,
  /** A directory of agents for the provider `paceline`. */
  agents = "",
): void {
  const conf = corosyncConf(lab.nodes, token);
  const script = `
    for d in /run /dev/shm /var/lib/pacemaker /var/lib/corosync /var/log/pacemaker /var/log/corosync; do
      mount -t tmpfs -o mode=755 tmpfs $d || exit 1
    done
    if [ -n "${agents}" ]; then
      mount -t tmpfs tmpfs /usr/lib/ocf/resource.d && cd /usr/lib/ocf/resource.d &&
        mkdir paceline && mount --bind "${agents}" paceline && cd / || exit 1
    fi
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
  lab.spawn(node.namespace, "unshare", [...spaces, "bash", "-c", script, conf], {
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
export async function within(
  node: LabNode,
  ...command: string[]
): Promise<{ code: number; stdout: string }> {
  const pid = pidsIn(node.namespace).at(-1);
  if (pid === undefined) return { code: -1, stdout: "" };
  return await run("nsenter", ["-t", String(pid), "-m", "-n", "-u", "-p", "--", ...command]);
}

export async function allOnline(lab: Lab): Promise<boolean> {
  const asked = lab.nodes[0] as LabNode;
  const { stdout } = await within(asked, "crm_mon", "-1", "--output-as=xml");
  const online = [
    ...stdout.matchAll(/<node name="(\w+)"[^>]* online="true"[^>]* pending="false"/g),
  ];
  return new Set(online.map(([, name]) => name)).size === lab.nodes.length;
}

export async function isIdle(lab: Lab): Promise<boolean> {
  const asked = lab.nodes[0] as LabNode;
  const dc = /is: (\S+)/.exec((await within(asked, "crmadmin", "-D")).stdout)?.[1];
  if (dc === undefined) return false;
  return (await within(asked, "crmadmin", "-S", dc)).stdout.includes("S_IDLE");
}

/** An address as a primitive of a CIB. */
export function addressPrimitive(ip: string): string {
  const params = nvpairs("vip", { ip, cidr_netmask: 24, nic: "eth0" });
  return `<primitive id="vip" class="ocf" provider="heartbeat" type="IPaddr2"><instance_attributes id="vip-ia">${params}</instance_attributes><operations><op id="vip-mon" name="monitor" interval="10s" timeout="20s"/></operations></primitive>`;
}

export function nvpairs(id: string, values: Readonly<Record<string, string | number>>): string {
  return Object.entries(values)
    .map(([name, value]) => `<nvpair id="${id}-${name}" name="${name}" value="${value}"/>`)
    .join("");
}
