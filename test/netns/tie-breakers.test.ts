import { readFileSync } from "node:fs";
import { afterEach, describe, expect, test } from "vitest";
import { Lab } from "../support/lab.ts";
import { startArbiter } from "../support/lab-arbiter.ts";
import { canMakeNamespaces, until } from "../support/lab-commands.ts";
import type { LabNode } from "../support/lab-node.ts";

const VIP = "10.77.0.100";
const OUTSIDE = "10.77.0.250";
const usable = canMakeNamespaces();
if (!usable) console.warn("skipped: tie-breakers between namespaces (this user may make none)");

function definition(quorum: string, more = ""): string {
  return `cluster: tied
nodes: { node1: 10.77.0.1, node2: 10.77.0.2 }
messaging: { key-file: KEYFILE }
quorum: ${quorum}
properties: { fencing-enabled: false${more} }
resources:
  vip: { agent: vip, params: { ip: ${VIP}/24, nic: eth0 } }
`;
}

describe.skipIf(!usable)("two nodes that lose each other", { timeout: 120_000 }, () => {
  let lab: Lab;
  afterEach(() => lab.close());

  function start(quorum: string, more?: string): LabNode[] {
    lab = new Lab({ nodes: ["node1", "node2"], definition: definition(quorum, more) });
    for (const node of lab.nodes) node.start();
    return [...lab.nodes];
  }

  async function holders(): Promise<string[]> {
    const found: string[] = [];
    for (const node of lab.nodes) if (await node.hasAddress(VIP)) found.push(node.name);
    return found;
  }

  /** Both are members, one holds the address, and the tie-breaker knows both. */
  async function whole(): Promise<LabNode> {
    await until(
      "both run, and one holds the address",
      async () => {
        for (const node of lab.nodes) {
          const report = await node.report();
          if (report?.quorum.quorate !== true || report.quorum.votes !== 2) return false;
          const breaker = report.quorum.tieBreaker;
          if (breaker?.state !== "ok") return false;
          if (breaker.means !== "ping" && !breaker.detail.includes("node1, node2")) return false;
        }
        return (await holders()).length === 1;
      },
      60_000,
    );
    return lab.node((await holders())[0] ?? "");
  }

  function other(node: LabNode): LabNode {
    return lab.nodes.find((each) => each !== node) as LabNode;
  }

  /** The two do not hear each other; both reach the rest. */
  async function split(): Promise<void> {
    for (const node of lab.nodes) {
      const peer = `10.77.0.${other(node).index}`;
      const rules = `table inet split { chain in { type filter hook input priority 0; ip saddr ${peer} drop; }; }`;
      expect((await node.exec("nft", rules)).stderr).toBe("");
    }
  }

  async function mend(): Promise<void> {
    for (const node of lab.nodes) await node.exec("nft", "delete table inet split");
  }

  /** Exactly one side goes on, and it is that one if given; the other holds nothing any more. */
  async function oneGoesOn(expected?: LabNode): Promise<LabNode> {
    return await until(
      `${expected?.name ?? "one side"} goes on alone`,
      async () => {
        const quorate: LabNode[] = [];
        for (const node of lab.nodes) {
          const { quorum } = (await node.report()) ?? {};
          if (quorum?.votes !== 1) return undefined;
          if (quorum.quorate) quorate.push(node);
        }
        expect(quorate.length).toBeLessThanOrEqual(1);
        const [winner] = quorate;
        if (winner === undefined || (expected !== undefined && winner !== expected))
          return undefined;
        const held = await holders();
        return held.length === 1 && held[0] === winner.name ? winner : undefined;
      },
      60_000,
    );
  }

  test("an arbiter lets exactly one go on, again and again, and also the other where only that is reached", async () => {
    start(`{ arbiter: ${OUTSIDE} }`);
    startArbiter(lab, `${OUTSIDE}:7799`);
    const first = await whole();
    await split();
    const winner = await oneGoesOn();
    await mend();
    await whole();
    // The side without the DC's link to the arbiter cannot go on, whoever it is.
    lab.setCable(winner, false);
    await oneGoesOn(other(winner));
    lab.setCable(winner, true);
    await whole();
    expect(first).toBeDefined();
    const { stdout } = await first.paceline("status");
    expect(stdout).toContain("arbiter ok");
  });

  test("without the arbiter neither goes on; when it is back one does", async () => {
    start(`{ arbiter: ${OUTSIDE} }`);
    startArbiter(lab, `${OUTSIDE}:7799`);
    await whole();
    for (const node of lab.nodes) {
      const rules = `table inet mute { chain in { type filter hook input priority 0; ip saddr ${OUTSIDE} drop; }; }`;
      expect((await node.exec("nft", rules)).stderr).toBe("");
    }
    await split();
    await until("both release", async () => {
      for (const node of lab.nodes)
        if ((await node.report())?.quorum.quorate !== false) return false;
      return (await holders()).length === 0;
    });
    const { stdout } = await lab.node("node1").paceline("status");
    expect(stdout).toContain("the tie-breaker (arbiter 10.77.0.250:7799)");
    for (const node of lab.nodes) await node.exec("nft", "delete table inet mute");
    await oneGoesOn();
  });

  test("a shared disk lets exactly one go on, and shows that the other lives", async () => {
    lab = new Lab({ nodes: ["node1", "node2"], definition: definition("{ disk: KEYFILE.slots }") });
    for (const node of lab.nodes) node.start();
    await whole();
    await split();
    const winner = await oneGoesOn();
    const seen = await until("the other is seen on the disk", async () => {
      const { quorum } = (await winner.report()) ?? {};
      return quorum?.tieBreaker?.seenOnDisk.length === 1 ? quorum.tieBreaker.seenOnDisk : undefined;
    });
    expect(seen).toEqual([other(winner).name]);
    await mend();
    await whole();
  });

  test("with no-quorum-policy: ignore the side that reaches no ping target stops, the other goes on", async () => {
    start(`{ ping-targets: [${OUTSIDE}] }`, ", no-quorum-policy: ignore");
    const owner = await whole();
    lab.setCable(owner, false);
    await until("the cut-off side releases", async () => !(await owner.hasAddress(VIP)), 60_000);
    await until("the other holds the address", () => other(owner).hasAddress(VIP), 60_000);
    expect(readFileSync(owner.logFile, "utf8")).toContain("the tie-breaker chose the other side");
    lab.setCable(owner, true);
    await whole();
  });
});
