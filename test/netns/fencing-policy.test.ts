import { afterEach, describe, expect, test } from "vitest";
import { IpmiLab, statesSeenBy } from "../support/ipmi-lab.ts";
import { haveIpmi } from "../support/ipmi-sim.ts";
import { canMakeNamespaces, until } from "../support/lab-commands.ts";
import type { LabNode } from "../support/lab-node.ts";

const usable = canMakeNamespaces() && haveIpmi();
if (!usable) console.warn("skipped: what the policy fences (needs namespaces, ipmi_sim)");

interface Row {
  readonly id: string;
  readonly nodes: readonly string[];
}

async function nodesOf(resource: string, asked: LabNode): Promise<string> {
  const report = await asked.status();
  const rows = (report?.["resources"] ?? []) as Row[];
  return rows.find((row) => row.id === resource)?.nodes.join(" ") ?? "";
}

async function dcOf(asked: LabNode): Promise<string> {
  return String((await asked.status())?.["dc"]);
}

describe.skipIf(!usable)("what the policy wants fenced is fenced", { timeout: 120_000 }, () => {
  let lab: IpmiLab;
  afterEach(() => lab.close());

  /** Two nodes; `app` has been brought to the DC, or to the other one. */
  async function startWithApp(app: string, onDc: boolean): Promise<[LabNode, LabNode]> {
    const stopped = app.replace("agent: dummy", "agent: dummy, meta: { target-role: Stopped }");
    lab = new IpmiLab({ nodes: 2, resources: `  app: ${stopped}\n`, boots: true });
    const [first] = await lab.startAll();
    const dc = await dcOf(first);
    const owner = lab.nodes.find((node) => (node.name === dc) === onDc) as LabNode;
    const other = lab.nodes.find((node) => node !== owner) as LabNode;
    await other.paceline("resource", "migrate", "app", owner.name);
    await other.paceline("resource", "start", "app");
    await until("it runs there", async () => (await nodesOf("app", other)) === owner.name);
    return [owner, other];
  }

  test.each([true, false])("a stop that fails; on the DC: %s", async (onDc) => {
    // Stopping fails where it runs first; the node that boots afterwards starts it anew.
    const [owner, other] = await startWithApp("{ agent: dummy, params: { fail: stop } }", onDc);
    await other.paceline("resource", "migrate", "app", other.name);
    await until("its node is fenced", async () => lab.simOf(owner).orders[0] === "0");
    await until("it runs on the other node", async () => {
      return (await nodesOf("app", other)) === other.name;
    });
    const { stdout } = await other.paceline("fence", "history");
    expect(stdout).toMatch(new RegExp(`reboot +${owner.name} +succeeded.*app`));
    expect(lab.simOf(other).orders).toEqual([]);
    await until("the fenced node is back", async () => {
      return (await statesSeenBy(other)) === "node1 online, node2 online";
    });
    // The DC did not cut its own power, or it would have been fenced twice.
    expect(lab.simOf(owner).orders).toEqual(["0", "1"]);
  });

  test("a failed monitor with on-fail: fence", async () => {
    const operations = "operations: { monitor: { interval: 1s, on-fail: fence } }";
    const [owner, other] = await startWithApp(`{ agent: dummy, ${operations} }`, false);
    await owner.exec("sh", "-c", `rm '${owner.agentRunDir}'/*app*`);
    await until("its node is fenced", async () => lab.simOf(owner).orders[0] === "0");
    await until("it runs on the other node", async () => {
      return (await nodesOf("app", other)) === other.name;
    });
    expect(lab.simOf(other).orders).toEqual([]);
  });

  test("no-quorum-policy: suicide ends a partition that lost quorum, and only that", async () => {
    lab = new IpmiLab({ nodes: 3, more: "properties: { no-quorum-policy: suicide }\n" });
    await lab.startAll();
    const [owner] = await lab.ownerAndOther();
    const [one] = lab.nodes.filter((node) => node !== owner);
    lab.lab.setCable(owner, false, 0);
    await until("it is fenced", async () => lab.simOf(owner).orders[0] === "0");
    await until("another has the address", async () => {
      const held = await lab.holders();
      return held.length === 1 && held[0] !== owner;
    });
    const rest = lab.nodes.filter((node) => node !== owner);
    expect(rest.map((node) => lab.simOf(node).orders)).toEqual([[], []]);
    expect((await one?.paceline("fence", "history"))?.stdout).toContain(owner.name);
  });

  test.each([
    [true, "is fenced before anything starts"],
    [false, "is left alone"],
  ])("startup-fencing: %s: a node that was never seen %s", async (wanted) => {
    lab = new IpmiLab({ nodes: 3, more: `properties: { startup-fencing: ${wanted} }\n` });
    for (const sim of lab.sims) sim.start();
    const [first, second, absent] = lab.nodes as [LabNode, LabNode, LabNode];
    first.start();
    second.start();
    await until("the address is up", async () => (await lab.holders()).length === 1, 60_000);
    expect(lab.simOf(absent).orders.slice(0, 1)).toEqual(wanted ? ["0"] : []);
    const said = await first.paceline("fence", "history");
    expect(said.stdout).toContain(wanted ? "node3" : "nothing was ever fenced");
  });
});
