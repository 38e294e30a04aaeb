import { afterEach, describe, expect, test } from "vitest";
import { IpmiLab, statesSeenBy } from "../support/ipmi-lab.ts";
import { haveIpmi } from "../support/ipmi-sim.ts";
import { canMakeNamespaces, until } from "../support/lab-commands.ts";
import type { LabNode } from "../support/lab-node.ts";

const usable = canMakeNamespaces() && haveIpmi();
if (!usable) console.warn("skipped: clean leaves with fencing (needs namespaces, ipmi_sim)");

async function isQuorate(node: LabNode): Promise<boolean> {
  const report = await node.status();
  return (report?.["quorum"] as { quorate: boolean } | undefined)?.quorate === true;
}

/** Longer than a coordinator waits for a node that it has never seen. */
const START_UP_MS = 25_000;

describe.skipIf(!usable)("a clean leave is remembered", { timeout: 180_000 }, () => {
  let lab: IpmiLab;
  afterEach(() => lab.close());

  test("a later DC, that never saw it leave, does not fence it; once back it is fenced again", async () => {
    lab = new IpmiLab({ nodes: 3 });
    const [first, second, third] = await lab.startAll();
    await third.stop();
    await until("it is seen to have left", async () =>
      (await statesSeenBy(first)).includes("node3 offline"),
    );
    const restarted = Date.now();
    // Both others start anew, one after the other: nobody is left that heard the goodbye.
    for (const node of [first, second]) {
      await node.stop();
      node.start();
      await until("both are up", async () =>
        (await statesSeenBy(node)).startsWith("node1 online, node2 online"),
      );
    }
    await until("the address is up", async () => (await lab.holders()).length === 1);
    // A node that was never seen is waited for at start-up; that time passes first.
    await until("start-up is over", async () => {
      const { stdout } = await first.paceline("status", "--json");
      return Date.now() - restarted > START_UP_MS && stdout.includes("node3");
    });
    expect(lab.sims.map((sim) => sim.orders)).toEqual([[], [], []]);
    third.start();
    await until("it is back", async () => {
      return (await statesSeenBy(first)) === "node1 online, node2 online, node3 online";
    });
    await third.crash();
    await until("this time it is fenced", async () => lab.simOf(third).orders[0] === "0");
  });

  test("of two: the survivor leads at once; started alone from cold a node waits, and says for whom", async () => {
    lab = new IpmiLab({ nodes: 2 });
    const [first, second] = await lab.startAll();
    await second.stop();
    await until("the survivor leads", async () => isQuorate(first));
    await until("it has the address", () => first.hasAddress(lab.vip));
    expect(lab.sims.map((sim) => sim.orders)).toEqual([[], []]);
    await first.stop();
    // The one that left first knows nothing of what came after: it must not go on alone.
    second.start();
    const status = await until("it says for whom it waits", async () => {
      const { stdout } = await second.paceline("status");
      return stdout.includes("waiting for node1") ? stdout : undefined;
    });
    expect(status).toMatch(/not seen since the start/);
    expect(await lab.holders()).toEqual([]);
    expect(lab.sims.map((sim) => sim.orders)).toEqual([[], []]);
    first.start();
    await until("both are up", async () => {
      return (await statesSeenBy(second)) === "node1 online, node2 online";
    });
    await until("the address is up once", async () => (await lab.holders()).length === 1);
    expect(lab.sims.map((sim) => sim.orders)).toEqual([[], []]);
  });

  test("a node whose resource does not stop says no goodbye: the other fences it", async () => {
    const resources = "  stuck: { agent: dummy, params: { fail: stop } }\n";
    const more = "constraints:\n  location: [ { resource: stuck, node: node2, score: 100 } ]\n";
    lab = new IpmiLab({ nodes: 2, resources, more, boots: true });
    const [, second] = await lab.startAll();
    await until("it runs on node2", async () => {
      const report = await second.status();
      const rows = (report?.["resources"] ?? []) as { id: string; nodes: string[] }[];
      return rows.some((row) => row.id === "stuck" && row.nodes.includes("node2"));
    });
    void second.stop();
    await until("it is fenced", async () => lab.simOf(second).orders[0] === "0");
    expect(lab.sims[0]?.orders).toEqual([]);
    // What the device did is looked at before it is on record.
    await until("it is on record", async () => {
      const { stdout } = await lab.nodes[0]!.paceline("fence", "history");
      return /node2 +succeeded/.test(stdout);
    });
  });
});
