import { readFileSync } from "node:fs";
import { afterEach, describe, expect, test } from "vitest";
import { Lab } from "../support/lab.ts";
import { canMakeNamespaces, until } from "../support/lab-commands.ts";
import type { LabNode } from "../support/lab-node.ts";
import { Prober, startEchoes } from "../support/prober.ts";

const VIP = "10.77.0.100";
const PORT = 7007;
const usable = canMakeNamespaces();
if (!usable) console.warn("skipped: rolling restarts (this user may make no namespaces)");

function definition(count: number, more = ""): string {
  const nodes = Array.from({ length: count }, (_, i) => `node${i + 1}: 10.77.0.${i + 1}`);
  return `cluster: rolling
nodes: { ${nodes.join(", ")} }
messaging: { key-file: KEYFILE }
${more}resources:
  vip: { agent: vip, params: { ip: ${VIP}/24, nic: eth0 } }
  work: { agent: dummy }
`;
}

const UNFENCED = "properties: { fencing-enabled: false }\n";

describe.skipIf(!usable)("daemons are restarted, resources stay", { timeout: 180_000 }, () => {
  let lab: Lab;
  afterEach(() => lab.close());

  async function start(count: number, more: string): Promise<readonly LabNode[]> {
    const nodes = Array.from({ length: count }, (_, i) => `node${i + 1}`);
    lab = new Lab({ nodes, definition: definition(count, more) });
    for (const node of lab.nodes) node.start();
    await settled(lab.nodes);
    return lab.nodes;
  }

  async function settled(nodes: readonly LabNode[]): Promise<void> {
    await until("all are there and nothing is left to do", async () => {
      const reports = await Promise.all(nodes.map((node) => node.report()));
      return reports.every(
        (report) =>
          report?.transition.state === "idle" &&
          report.nodes.every(({ state }) => state === "online") &&
          report.resources.every(({ role, nodes: on }) => role === "Started" && on.length === 1),
      );
    });
  }

  async function places(): Promise<string> {
    const report = await lab.nodes[0]?.report();
    return JSON.stringify(report?.resources.map(({ id, nodes }) => [id, nodes]));
  }

  test.each([
    ["three nodes", 3, UNFENCED],
    ["two nodes", 2, `${UNFENCED}quorum: { auto-tie-breaker: true }\n`],
  ])("%s, one daemon after the other: the client notices nothing", async (_, count, more) => {
    const nodes = await start(count, more);
    const before = await places();
    await startEchoes(lab, VIP, PORT);
    const prober = new Prober(lab, VIP, PORT);
    const owner = (await holders(nodes))[0] as LabNode;
    await prober.awaitNode(owner.name);
    prober.forgetLongest();
    const marks = nodes.map((node) => readFileSync(node.logFile, "utf8").length);
    for (const node of nodes) {
      await node.restart();
      await settled(nodes);
    }
    expect(await places()).toBe(before);
    for (const [i, node] of nodes.entries()) {
      const since = readFileSync(node.logFile, "utf8").slice(marks[i]);
      expect(since).toContain('"event":"restart-awaited"');
      expect(since).not.toMatch(/"operation":"(start|stop)"/);
      expect(since).not.toContain('"event":"guardian-acted"');
    }
    // As long as one answer takes on a busy machine: the address was never down.
    expect(await prober.longestGapMs()).toBeLessThan(1_000);
    expect(new Set(prober.answers.map((answer) => answer.node))).toEqual(new Set([owner.name]));
    prober.stop();
  });

  test("who does not come back in time is taken over, and holds nothing by then", async () => {
    const nodes = await start(3, UNFENCED);
    const [owner] = (await holders(nodes)) as [LabNode];
    const others = nodes.filter((node) => node !== owner);
    await owner.endForRestart();
    const pending = await others[0]?.report();
    const row = pending?.nodes.find(({ name }) => name === owner.name);
    expect(row?.detail).toContain("its daemon restarts");
    const taken = await until("another node has the address", async () => {
      const [holder, second] = await holders(nodes);
      expect(second).toBeUndefined();
      return holder !== undefined && holder !== owner ? holder : undefined;
    });
    expect(others).toContain(taken);
    owner.start();
    await settled(nodes);
  });
});

async function holders(nodes: readonly LabNode[]): Promise<LabNode[]> {
  const found: LabNode[] = [];
  for (const node of nodes) if (await node.hasAddress(VIP)) found.push(node);
  return found;
}
