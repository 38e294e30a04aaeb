import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { haveIpmi, IPMI_PASSWORD, IpmiSim } from "../support/ipmi-sim.ts";
import { Lab } from "../support/lab.ts";
import { canMakeNamespaces, until } from "../support/lab-commands.ts";
import type { LabNode } from "../support/lab-node.ts";

const VIP = "10.77.0.100";
const BMC_ADDRESS = "10.78.0.200";
const usable = canMakeNamespaces() && haveIpmi();
if (!usable) console.warn("skipped: real fencing (needs network namespaces, ipmitool, ipmi_sim)");

function definition(passwords: readonly string[]): string {
  const devices = passwords.map(
    (password, i) => `    bmc${i + 1}:
      agent: ipmi
      targets: [node${i + 1}]
      params: { address: ${BMC_ADDRESS}, port: ${9001 + i}, username: fence, password: ${password}, cipher-suite: 3 }
      options: { check-interval: 1h }
`,
  );
  const nodes = passwords.map((_, i) => `node${i + 1}: 10.77.0.${i + 1}`).join(", ");
  return `cluster: fenced
nodes: { ${nodes} }
messaging: { key-file: KEYFILE }
fencing:
  devices:
${devices.join("")}resources:
  vip: { agent: vip, params: { ip: ${VIP}/24, nic: eth0 } }
`;
}

/** Cutting the power kills all processes of a node at once and takes its addresses with it. */
function powerCut(node: LabNode): string {
  const { namespace } = node;
  return (
    `for pid in $(ip netns pids ${namespace}); do kill -9 $pid; done; ` +
    `ip -n ${namespace} addr del ${VIP}/24 dev eth0 2>/dev/null; true`
  );
}

describe.skipIf(!usable)("real IPMI fencing", { timeout: 180_000 }, () => {
  let lab: Lab;
  let sims: IpmiSim[] = [];
  afterEach(() => {
    for (const sim of sims) sim.stop();
    lab.close();
  });

  /** Starts a cluster; the answer is the owner of the address and another node. */
  async function start(passwords: readonly string[]): Promise<[LabNode, LabNode]> {
    const nodes = passwords.map((_, i) => `node${i + 1}`);
    lab = new Lab({ nodes, links: 2, definition: definition(passwords) });
    // The controllers are on a network of their own, which no test cuts.
    const network = ["-n", lab.switchNamespace, "addr", "add", `${BMC_ADDRESS}/24`, "dev", "br1"];
    execFileSync("ip", network);
    sims = lab.nodes.map(
      (node, i) =>
        new IpmiSim({
          directory: join(lab.directory, `bmc${i + 1}`),
          address: BMC_ADDRESS,
          port: 9001 + i,
          namespace: lab.switchNamespace,
          onOff: powerCut(node),
        }),
    );
    for (const sim of sims) sim.start();
    for (const node of lab.nodes) node.start();
    const wanted = nodes.map((name) => `${name} online`).join(", ");
    await until("all are up and one has the address", async () => {
      const states = await Promise.all(lab.nodes.map(statesSeenBy));
      return states.every((seen) => seen === wanted) && (await holders()).length === 1;
    });
    const [owner] = await holders();
    const other = lab.nodes.find((node) => node !== owner);
    return [owner, other] as [LabNode, LabNode];
  }

  const simOf = (node: LabNode) => sims[node.index - 1] as IpmiSim;

  async function holders(): Promise<LabNode[]> {
    const found: LabNode[] = [];
    for (const node of lab.nodes) if (await node.hasAddress(VIP)) found.push(node);
    return found;
  }

  test("a crashed owner is fenced, and only then taken over; it comes back with the power", async () => {
    const [owner, survivor] = await start([IPMI_PASSWORD, IPMI_PASSWORD]);
    await owner.crash();
    await until("the survivor has the address", async () => {
      const has = await survivor.hasAddress(VIP);
      if (has) expect(simOf(owner).orders[0]).toBe("0");
      return has;
    });
    await until("power is back", async () => simOf(owner).power === "on");
    expect(simOf(survivor).orders).toEqual([]);
    const { stdout } = await survivor.paceline("fence", "history");
    expect(stdout).toMatch(new RegExp(`reboot +${owner.name} +succeeded`));
    owner.start();
    await until("it is back", async () => {
      return (await statesSeenBy(survivor)) === "node1 online, node2 online";
    });
    expect(await holders()).toEqual([survivor]);
    // It was fenced once, and being back it is not fenced for having been lost.
    expect(simOf(owner).orders).toEqual(["0", "1"]);
  });

  test("a cut between them: the owner of the resources wins, the other is powered off", async () => {
    const [owner, other] = await start([IPMI_PASSWORD, IPMI_PASSWORD]);
    lab.setCable(other, false, 0);
    await until("the other one is fenced", async () => simOf(other).orders[0] === "0");
    await until("the owner carries on with quorum", async () => {
      const report = await owner.status();
      return (report?.["quorum"] as { quorate: boolean } | undefined)?.quorate === true;
    });
    expect(await holders()).toEqual([owner]);
    expect(simOf(owner).orders).toEqual([]);
  });

  test("a node that hangs is powered off by the other two before its address is up elsewhere", async () => {
    const [owner, other] = await start([IPMI_PASSWORD, IPMI_PASSWORD, IPMI_PASSWORD]);
    await until("the controller of the owner answers", async () => {
      const { stdout } = await other.paceline("fence", "test", owner.name);
      return stdout.includes("power is on");
    });
    owner.signal("SIGSTOP");
    await until("another node has the address", async () => {
      const held = await holders();
      return held.length > 0 && !held.includes(owner);
    });
    expect(simOf(owner).orders[0]).toBe("0");
    expect((await holders()).length).toBe(1);
    expect(sims.filter((sim) => sim.orders.length > 0)).toEqual([simOf(owner)]);
  });

  test("a member that an operator reboots is fenced once, and what it ran moves", async () => {
    const [owner, other] = await start([IPMI_PASSWORD, IPMI_PASSWORD, IPMI_PASSWORD]);
    const asked = await other.paceline("fence", "reboot", owner.name, "--yes");
    expect(asked.stdout).toContain(`reboot of ${owner.name} succeeded`);
    await until("another node has the address", async () => {
      const held = await holders();
      return held.length === 1 && !held.includes(owner);
    });
    await until("power is back", async () => simOf(owner).power === "on");
    owner.start();
    const wanted = lab.nodes.map((node) => `${node.name} online`).join(", ");
    await until("it is back", async () => (await statesSeenBy(other)) === wanted);
    expect((await holders()).length).toBe(1);
    expect(simOf(owner).orders).toEqual(["0", "1"]);
  });

  test("a wrong password: blocked, and said; a person's word unblocks it", async () => {
    const [owner, survivor] = await start(["wrong-password", "wrong-password"]);
    await owner.crash();
    const status = await until("the trouble is said", async () => {
      const { stdout } = await survivor.paceline("status");
      return stdout.includes("refuses the password") ? stdout : undefined;
    });
    expect(status).toContain(`paceline fence confirm ${owner.name}`);
    expect(await holders()).toEqual([]);
    expect(simOf(owner).power).toBe("on");
    const { code, stderr } = await survivor.paceline("fence", "confirm", owner.name, "--yes");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    await until("the survivor has the address", () => survivor.hasAddress(VIP));
  });
});

async function statesSeenBy(node: LabNode): Promise<string> {
  const report = await node.status();
  const rows = (report?.["nodes"] ?? []) as { name: string; state: string }[];
  return rows.map((row) => `${row.name} ${row.state}`).join(", ");
}
