import { readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Lab } from "../support/lab.ts";
import { canMakeNamespaces, ip, run, until } from "../support/lab-commands.ts";
import type { LabNode } from "../support/lab-node.ts";
import { canFilterBridges, setCuts } from "../support/lab-switch.ts";
import { PresenceWatcher } from "../support/presence-watcher.ts";

const VIP = "10.77.0.100";
const usable = canMakeNamespaces() && canFilterBridges();
if (!usable) console.warn("skipped: two real daemons (need namespaces and nftables)");

/** The shortest definition, a key that is not in /etc, and patience: a busy machine loses nobody. */
const TEN_LINES = `cluster: edge
nodes: { node1: 10.77.0.1, node2: 10.77.0.2 }
messaging: { key-file: KEYFILE, advert-interval: 500ms }
resources:
  vip: { agent: vip, params: { ip: ${VIP}/24 } }
`;

describe.skipIf(!usable)("two real daemons with addresses only", { timeout: 120_000 }, () => {
  let lab: Lab;
  let nodes: [LabNode, LabNode];

  beforeEach(async () => {
    lab = new Lab({ nodes: ["node1", "node2"], definition: TEN_LINES });
    nodes = [...lab.nodes] as [LabNode, LabNode];
    for (const node of nodes) node.start();
    await whole();
  }, 120_000);
  afterEach(() => lab.close());

  /** Both see both, nothing is left to do, and one has the address. */
  async function whole(): Promise<LabNode> {
    return await until(
      "the cluster is whole",
      async () => {
        for (const node of nodes) {
          const report = await node.report();
          if (report?.transition.state !== "idle") return false;
          if (!report.nodes.every(({ state }) => state === "online")) return false;
        }
        const [holder, second] = await holders();
        return second === undefined && holder;
      },
      60_000,
    );
  }

  async function holders(): Promise<LabNode[]> {
    const held = await Promise.all(nodes.map((node) => node.hasAddress(VIP)));
    return nodes.filter((_, i) => held[i]);
  }

  test("the survivor carries on alone; status says what a split would do, and how to decide it", async () => {
    const owner = await whole();
    await owner.crash();
    const survivor = nodes.find((node) => node !== owner) as LabNode;
    await until("the survivor has the address", () => survivor.hasAddress(VIP));
    const { stdout } = await survivor.paceline("status");
    expect(stdout).toMatch(
      /! if node1 and node2 lose each other, both carry on.*\n +→ decide splits: a third node with role: witness, quorum: \{ arbiter: ADDRESS \}/,
    );
    owner.start();
    expect(await whole()).toBe(survivor);
  });

  test("split, both have it; healed, one lets go before the other announces it again, and nothing else happens", async () => {
    const [one, two] = nodes;
    setCuts(lab, [
      [one, two],
      [two, one],
    ]);
    await until("both have the address, and have no more to do", async () => {
      const reports = await Promise.all(nodes.map((node) => node.report()));
      const isIdle = reports.every((report) => report?.transition.state === "idle");
      return isIdle && (await holders()).length === 2;
    });
    const watch = new PresenceWatcher(lab, VIP);
    await until("it is seen on both", async () => watch.presences.length === 2);
    const marks = nodes.map((node) => readFileSync(node.logFile, "utf8").length);
    // What a neighbour has learned of it is out of date.
    neighbourBelieves("02:00:00:00:00:99");
    setCuts(lab, []);
    const keeper = await whole();
    const loser = nodes.find((node) => node !== keeper) as LabNode;
    const since = (node: LabNode) => operationsSince(node, marks[nodes.indexOf(node)] ?? 0);
    await until("it is announced", async () => since(keeper).length > 0);
    expect(since(loser).map(({ operation }) => operation)).toEqual(["stop"]);
    expect(since(keeper).map(({ operation }) => operation)).toEqual(["announce"]);
    const times = [loser, keeper].map((node) => since(node)[0]?.time);
    expect(times).toEqual([...times].sort());
    const open = watch.presences.filter(({ to }) => to === undefined);
    expect(open.map(({ node }) => node)).toEqual([keeper.name]);
    expect(watch.presences).toHaveLength(2);
    watch.stop();
    const hardware = await hardwareOf(keeper);
    await until("a neighbour has learned who has it", async () => (await believed()) === hardware);
  });

  function neighbourBelieves(hardware: string): void {
    const entry = [VIP, "lladdr", hardware, "dev", "eth0", "nud", "stale"];
    ip("-n", lab.clientNamespace, "neigh", "replace", ...entry);
  }

  /** The hardware address at which a neighbour would send to the address. */
  async function believed(): Promise<string | undefined> {
    const { stdout } = await run("ip", ["-n", lab.clientNamespace, "-j", "neigh", "show", VIP]);
    return (JSON.parse(stdout) as { lladdr?: string }[])[0]?.lladdr;
  }
});

interface Operation {
  /** As in ISO 8601. */
  readonly time: string;
  readonly operation: string;
}

/** What agents did on a node since then, but for looking. */
function operationsSince(node: LabNode, mark: number): Operation[] {
  const lines = readFileSync(node.logFile, "utf8").slice(mark).split("\n").slice(0, -1);
  const entries = lines.map((line) => JSON.parse(line) as Operation & { event?: string });
  const done = entries.filter(({ event }) => event === "operation-done");
  return done.filter(({ operation }) => operation !== "monitor");
}

async function hardwareOf(node: LabNode): Promise<string> {
  const { stdout } = await node.exec("ip", "-j", "link", "show", "eth0");
  return (JSON.parse(stdout) as { address: string }[])[0]?.address ?? "none";
}
