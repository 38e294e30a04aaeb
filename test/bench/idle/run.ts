import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { hasKeepalived, startKeepalived } from "../../support/keepalived-lab.ts";
import { Lab } from "../../support/lab.ts";
import { canMakeNamespaces, pidsIn, until } from "../../support/lab-commands.ts";
import type { LabNode } from "../../support/lab-node.ts";
import {
  addressPrimitive,
  allOnline,
  bootPacemaker,
  havePacemaker,
  isIdle,
  within,
} from "../../support/pacemaker-lab.ts";
import { treeOf } from "../../support/process-tree.ts";
import { table } from "../bench-table.ts";
import { type Cost, costOf } from "./process-cost.ts";

/**
 * What a daemon costs that has nothing to do: three nodes, one VIP and its monitor, everything
 * settled; processor time and memory per node, beside Debian's keepalived in the same namespaces.
 */
const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "30" },
    interval: { type: "string", default: "100" },
    /** V8 compiles well only what has run often, which takes an idle daemon some minutes. */
    settle: { type: "string", default: "300" },
    "no-peer": { type: "boolean", default: false },
  },
});

const VIP = "10.77.0.100";
const NAMES = ["node1", "node2", "node3"];
const HEAD = ["daemon", "role", "CPU s/min", "% of a core", "PSS MB", "RSS MB"];

const DEFINITION = `cluster: idle
nodes:
${NAMES.map((name, i) => `  ${name}: 10.77.0.${i + 1}`).join("\n")}
messaging: { advert-interval: ${values.interval}ms, key-file: KEYFILE }
properties: { fencing-enabled: false }
resources:
  vip: { agent: vip, params: { ip: ${VIP}/24, nic: eth0 } }
`;

if (!canMakeNamespaces()) {
  process.stdout.write("needs root: network namespaces cannot be made here\n");
  process.exit(1);
}

const seconds = Number(values.seconds);
const rows = [HEAD, ...(await withLab(paceline))];
if (values["no-peer"]) rows.push(["keepalived", "not run", "-", "-", "-", "-"]);
else if (hasKeepalived()) rows.push(...(await withLab(keepalived)));
else rows.push(["keepalived", "not installed", "-", "-", "-", "-"]);
if (values["no-peer"]) rows.push(["corosync + pacemaker", "not run", "-", "-", "-", "-"]);
else if (havePacemaker()) rows.push(...(await withLab(pacemaker)));
else rows.push(["corosync + pacemaker", "not installed", "-", "-", "-", "-"]);
process.stdout.write(`${seconds} s at advertisements every ${values.interval} ms\n\n`);
process.stdout.write(`${table(rows)}\n`);

async function withLab(measure: (lab: Lab) => Promise<string[][]>): Promise<string[][]> {
  const lab = new Lab({ nodes: NAMES, definition: DEFINITION, logLevel: "warn" });
  try {
    return await measure(lab);
  } finally {
    lab.close();
  }
}

async function paceline(lab: Lab): Promise<string[][]> {
  for (const node of lab.nodes) node.start();
  const coordinator = await until("the cluster has settled", () => settledCoordinator(lab), 60_000);
  const roles = new Map<string, string>();
  for (const node of lab.nodes) {
    const role = (await node.hasAddress(VIP)) ? "active" : "standby";
    roles.set(node.name, node.name === coordinator ? `${role}, coordinator` : role);
  }
  return await measured(
    lab.nodes.map((node) => ({
      name: `paceline ${node.name}`,
      role: roles.get(node.name) ?? "",
      pids: () => treeOf(node.pid ?? 0),
    })),
  );
}

async function settledCoordinator(lab: Lab): Promise<string | undefined> {
  const report = await lab.nodes[0]?.status();
  const nodes = (report?.["nodes"] ?? []) as { state: string }[];
  const transition = report?.["transition"] as { state: string } | undefined;
  if (nodes.length < NAMES.length || nodes.some((node) => node.state !== "online"))
    return undefined;
  if (transition?.state !== "idle" || (await holder(lab)) === undefined) return undefined;
  const name = report?.["dc"];
  return typeof name === "string" && name !== "" ? name : undefined;
}

async function holder(lab: Lab): Promise<LabNode | undefined> {
  for (const node of lab.nodes) if (await node.hasAddress(VIP)) return node;
  return undefined;
}

async function keepalived(lab: Lab): Promise<string[][]> {
  const started = lab.nodes.map((node) => startKeepalived(lab, node, Number(values.interval)));
  const active = await until("keepalived has put the address up", () => holder(lab), 60_000);
  return await measured(
    lab.nodes.map((node, i) => ({
      name: `keepalived ${node.name}`,
      role: node === active ? "active" : "standby",
      pids: () => treeOf(started[i] ?? 0),
    })),
  );
}

/** With an address of the same kind, monitored as often. */
async function pacemaker(lab: Lab): Promise<string[][]> {
  for (const node of lab.nodes) bootPacemaker(lab, node, 0);
  await until("all are online", () => allOnline(lab), 120_000);
  await configure(lab, lab.nodes[0] as LabNode);
  const active = await until("pacemaker has put the address up", () => holder(lab), 60_000);
  return await measured(
    lab.nodes.map((node) => ({
      name: `corosync + pacemaker ${node.name}`,
      role: node === active ? "active" : "standby",
      pids: () => pidsIn(node.namespace),
    })),
  );
}

async function configure(lab: Lab, node: LabNode): Promise<void> {
  const options = `<cluster_property_set id="o"><nvpair id="o-s" name="stonith-enabled" value="false"/></cluster_property_set>`;
  const resources = `<resources>${addressPrimitive(VIP)}</resources>`;
  const sections = [
    ["crm_config", `<crm_config>${options}</crm_config>`],
    ["resources", resources],
  ] as const;
  for (const [section, xml] of sections) {
    const replace = ["cibadmin", "--replace", "-o", section, "--xml-text", xml];
    await until(`${section} taken`, async () => (await within(node, ...replace)).code === 0);
  }
  await until("all is idle", () => isIdle(lab), 60_000);
}

interface Daemon {
  readonly name: string;
  readonly role: string;
  readonly pids: () => number[];
}

async function measured(daemons: readonly Daemon[]): Promise<string[][]> {
  // A start leaves work behind that ends: code runs slowly until it was compiled well.
  await sleep(Number(values.settle) * 1000);
  const before = daemons.map((daemon) => costOf(daemon.pids()));
  const start = performance.now();
  await sleep(seconds * 1000);
  const spanMs = performance.now() - start;
  return daemons.map((daemon, i) => row(daemon, before[i] as Cost, costOf(daemon.pids()), spanMs));
}

function row(daemon: Daemon, before: Cost, after: Cost, spanMs: number): string[] {
  const share = (after.cpuMs - before.cpuMs) / spanMs;
  return [
    daemon.name,
    daemon.role,
    (share * 60).toFixed(2),
    (share * 100).toFixed(2),
    after.pssMb.toFixed(1),
    after.rssMb.toFixed(1),
  ];
}
