import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { Lab } from "../support/lab.ts";
import { canMakeNamespaces, until } from "../support/lab-commands.ts";
import type { LabNode } from "../support/lab-node.ts";

const usable = canMakeNamespaces();
if (!usable) console.warn("skipped: nodes added and taken out (this user may make no namespaces)");

let lab: Lab | undefined;
afterEach(() => lab?.close());

/** The definition of nodes 1 to `count`. */
function definitionOf(transport: string, count: number): string {
  const names = Array.from({ length: count }, (_, i) => `node${i + 1}: 10.77.0.${i + 1}`);
  return `cluster: changing
nodes: { ${names.join(", ")} }
messaging: { transport: ${transport}, key-file: KEYFILE, advert-interval: 500ms }
properties: { fencing-enabled: false, no-quorum-policy: stop }
resources:
  work: { agent: dummy }
`;
}

async function apply(node: LabNode, text: string): Promise<{ code: number; stderr: string }> {
  const file = join(node.directory, "next.yaml");
  const key = /key-file: ([^\s,}]+)/.exec(readFileSync(node.configFile, "utf8"))?.[1] ?? "";
  writeFileSync(file, text.replace("KEYFILE", key));
  return await node.paceline("config", "apply", file, "--yes");
}

/** All of these are online, by the word of each. */
async function inOneView(nodes: readonly LabNode[]): Promise<boolean> {
  const reports = await Promise.all(nodes.map((node) => node.report()));
  return reports.every((report) => {
    const online = report?.nodes.filter(({ state }) => state === "online") ?? [];
    return online.length === nodes.length && report?.transition.state === "idle";
  });
}

test.skipIf(!usable).each(["multicast", "unicast"])(
  "a node is taken out, started by mistake, put back, and missed that another was added: %s",
  async (transport) => {
    const definition = (count: number) => definitionOf(transport, count);
    lab = new Lab({ nodes: ["node1", "node2", "node3", "node4"], definition: definition(3) });
    const [node1, node2, node3, node4] = lab.nodes as [LabNode, LabNode, LabNode, LabNode];
    for (const node of [node1, node2, node3]) node.start();
    await until("three are in", () => inOneView([node1, node2, node3]), 60_000);

    const early = await apply(node1, definition(2));
    expect(early).toMatchObject({ code: 1 });
    expect(early.stderr).toContain("The definition leaves out node3, which may still run");
    expect(early.stderr).toContain("stop paceline there first");
    await node3.stop();
    expect(await apply(node1, definition(2))).toMatchObject({ code: 0 });
    await until("two are left", () => inOneView([node1, node2]), 60_000);

    // Started by mistake, with the file and the state that it has.
    node3.start();
    await until("node3 is alone, and says why", async () => {
      const report = await node3.report();
      if (report === undefined || report.quorum.quorate || report.dc !== null) return false;
      return report.warnings.some(({ code }) => code === "OUTDATED");
    });
    expect((await node1.report())?.nodes.map(({ name }) => name)).toEqual(["node1", "node2"]);
    expect((await node3.report())?.resources.flatMap(({ nodes }) => nodes)).toEqual([]);

    // Put back while a fourth one comes, of which it has never heard.
    expect(await apply(node1, definition(4))).toMatchObject({ code: 0 });
    writeFileSync(node4.configFile, readFileSync(node1.configFile, "utf8"));
    node4.start();
    await until("all four are in", () => inOneView(lab?.nodes ?? []), 60_000);
    const texts = lab.nodes.map((node) => readFileSync(node.configFile, "utf8"));
    expect(new Set(texts).size).toBe(1);
  },
  240_000,
);
