import { afterEach, describe, expect, test } from "vitest";
import { Lab } from "../support/lab.ts";
import { canMakeNamespaces, until } from "../support/lab-commands.ts";
import type { LabNode } from "../support/lab-node.ts";
import { Prober, startEchoes } from "../support/prober.ts";

const VIP = "10.77.0.100";
const PORT = 7007;
const usable = canMakeNamespaces();
if (!usable) console.warn("skipped: emptying nodes (this user may make no namespaces)");

const DEFINITION = `cluster: empty
nodes: { node1: 10.77.0.1, node2: 10.77.0.2, node3: 10.77.0.3 }
messaging: { key-file: KEYFILE }
properties: { fencing-enabled: false }
resources:
  vip: { agent: vip, params: { ip: ${VIP}/24, nic: eth0 } }
  work: { agent: dummy }
constraints:
  colocation: [ { resource: work, with: vip } ]
`;

describe.skipIf(!usable)("a node is emptied, a client looks on", { timeout: 120_000 }, () => {
  let lab: Lab;
  afterEach(() => lab.close());

  /** A cluster with a client; the owner of the address, and a node that is not. */
  async function start(): Promise<{ owner: LabNode; other: LabNode; prober: Prober }> {
    lab = new Lab({ nodes: ["node1", "node2", "node3"], definition: DEFINITION });
    for (const node of lab.nodes) node.start();
    await until("both resources run", async () => {
      const reports = await Promise.all(lab.nodes.map((node) => node.report()));
      return reports.every(
        (report) =>
          report?.transition.state === "idle" &&
          report.nodes.every(({ state }) => state === "online") &&
          report.resources.every(({ role }) => role === "Started"),
      );
    });
    await startEchoes(lab, VIP, PORT);
    const prober = new Prober(lab, VIP, PORT);
    const name = await until("the client is answered", async () => prober.current);
    const owner = lab.node(name);
    return { owner, other: lab.nodes.find((node) => node !== owner) as LabNode, prober };
  }

  async function placesSeenBy(node: LabNode): Promise<string[]> {
    const report = await node.report();
    return report?.resources.flatMap(({ nodes }) => nodes) ?? [];
  }

  test("paceline node drain: it returns when nothing is left, and the node stays a member", async () => {
    const { owner, other, prober } = await start();
    const { code, stderr } = await other.paceline("node", "drain", owner.name);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(await placesSeenBy(other)).not.toContain(owner.name);
    expect(await owner.hasAddress(VIP)).toBe(false);
    await until("another node answers the client", async () => prober.current !== owner.name);
    const row = (await other.report())?.nodes.find(({ name }) => name === owner.name);
    expect(row?.state).toBe("standby");
    prober.stop();
  });

  test("systemctl stop: what ran there is answered elsewhere before the daemon has ended", async () => {
    const { owner, other, prober } = await start();
    await owner.stop();
    expect(await owner.hasAddress(VIP)).toBe(false);
    const places = await placesSeenBy(other);
    expect(places).toHaveLength(2);
    expect(places).not.toContain(owner.name);
    await until("another node answers the client", async () => prober.current !== owner.name);
    const report = await until("its goodbye has come", async () => {
      const seen = await other.report();
      return seen?.nodes.find(({ name }) => name === owner.name)?.state === "offline" && seen;
    });
    const row = report.nodes.find(({ name }) => name === owner.name);
    expect(row?.detail).toBe("left cleanly");
    prober.stop();
  });
});
