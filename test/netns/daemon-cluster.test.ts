import { readFileSync, writeFileSync } from "node:fs";
import { afterEach, describe, expect, test } from "vitest";
import { Lab } from "../support/lab.ts";
import { canMakeNamespaces, until } from "../support/lab-commands.ts";
import type { LabNode } from "../support/lab-node.ts";

const VIP = "10.77.0.100";
const usable = canMakeNamespaces();
if (!usable) console.warn("skipped: real daemons in namespaces (this user may make none)");

/** Patient enough that a busy machine loses nobody: how fast a loss is noticed is for benches. */
function definition(names: readonly string[], extra = ""): string {
  const nodes = names.map((name, i) => `  ${name}: 10.77.0.${i + 1}`).join("\n");
  return `cluster: real
nodes:
${nodes}
messaging: { key-file: KEYFILE, advert-interval: 500ms }
properties: { fencing-enabled: false }
resources:
  vip: { agent: vip, params: { ip: ${VIP}/24, nic: eth0 } }
  work: { agent: dummy }
${extra}`;
}

describe.skipIf(!usable)("a cluster of real daemons", { timeout: 120_000 }, () => {
  let lab: Lab;
  afterEach(() => lab.close());

  function build(count: number, extra = ""): LabNode[] {
    const names = Array.from({ length: count }, (_, i) => `node${i + 1}`);
    lab = new Lab({ nodes: names, definition: definition(names, extra) });
    return [...lab.nodes];
  }

  async function settled(nodes: readonly LabNode[]): Promise<void> {
    await until("the cluster settles", () => isSettled(nodes), 60_000);
  }

  async function holders(): Promise<string[]> {
    const found: string[] = [];
    for (const node of lab.nodes) if (await node.hasAddress(VIP)) found.push(node.name);
    return found;
  }

  /** The others have noticed that this node is lost, and one of them has the address. */
  async function takenOver(lost: LabNode): Promise<void> {
    const others = lab.nodes.filter((node) => node !== lost);
    await until(`${lost.name} is missed`, async () => {
      const reports = await Promise.all(others.map((node) => node.report()));
      return reports.every((report) =>
        report?.nodes.some(({ name, state }) => name === lost.name && state !== "online"),
      );
    });
    await settled(others);
    await until("one of the others has the address, and only that one", async () => {
      const [holder, second] = await holders();
      return second === undefined && holder !== undefined && holder !== lost.name;
    });
  }

  test("a node whose cable is cut is taken over; after the mend exactly one holds the address", async () => {
    const nodes = build(3);
    for (const node of nodes) node.start();
    await settled(nodes);
    const [owner] = await holders();
    const lost = lab.node(owner ?? "");
    lab.setCable(lost, false);
    await takenOver(lost);
    lab.setCable(lost, true);
    await settled(nodes);
    expect((await holders()).length).toBe(1);
    expect(await holders()).not.toEqual([lost.name]);
  });

  test("a daemon that is killed and restarted at once re-adopts what runs: no stop, no start", async () => {
    const nodes = build(3, "  # an interval that leaves time for the restart\n");
    for (const node of nodes) node.start();
    await settled(nodes);
    // Detection must not be faster than a restart of a process takes on a busy machine.
    const [first] = nodes as [LabNode];
    const slow = readFileSync(first.configFile, "utf8").replace(
      "advert-interval: 500ms",
      "advert-interval: 5s",
    );
    await applied(first, slow);
    await settled(nodes);
    const owner = lab.node((await holders())[0] ?? "");
    const before = readFileSync(owner.logFile, "utf8").length;
    await owner.kill();
    owner.start();
    await settled(nodes);
    const log = readFileSync(owner.logFile, "utf8").slice(before);
    expect(log).toContain('"operation":"monitor","rc":0');
    expect(log).not.toMatch(/"operation":"(start|stop)"/);
    expect(await holders()).toEqual([owner.name]);
  });

  test("a daemon that is killed and stays away: its guardian takes the address down", async () => {
    const nodes = build(3);
    for (const node of nodes) node.start();
    await settled(nodes);
    const owner = lab.node((await holders())[0] ?? "");
    await owner.kill();
    await until("the address is gone from the dead daemon's node", async () => {
      return !(await owner.hasAddress(VIP));
    });
    await takenOver(owner);
  });

  test("systemctl stop: resources move away, the node leaves, nobody misses it", async () => {
    const nodes = build(3);
    for (const node of nodes) node.start();
    await settled(nodes);
    const owner = lab.node((await holders())[0] ?? "");
    await owner.stop();
    const others = nodes.filter((node) => node !== owner);
    await settled(others);
    expect(await owner.hasAddress(VIP)).toBe(false);
    await until("its goodbye has come", async () => {
      const report = await others[0]?.report();
      const row = report?.nodes.find(({ name }) => name === owner.name);
      return row?.state === "offline" && row.detail === "left cleanly";
    });
  });

  test("standby moves everything away, and a definition applied on one node is in force on all", async () => {
    const nodes = build(3);
    for (const node of nodes) node.start();
    await settled(nodes);
    const owner = (await holders())[0] ?? "";
    const other = nodes.find((node) => node.name !== owner) as LabNode;
    const standby = await other.paceline("node", "standby", owner, "--reason", "test", "--wait");
    expect(standby.stderr).toBe("");
    expect(standby.code).toBe(0);
    expect(await holders()).not.toContain(owner);
    const next = `${readFileSync(other.configFile, "utf8")}  more: { agent: dummy } # a comment\n`;
    await applied(other, next);
    for (const node of nodes) {
      await until("the new text is on the node", () =>
        Promise.resolve(readFileSync(node.configFile, "utf8") === next),
      );
    }
  });

  test("a node that starts with another text goes by the committed one, and says what it leaves", async () => {
    const nodes = build(3);
    for (const node of nodes) node.start();
    await settled(nodes);
    const [, , changed] = nodes as [LabNode, LabNode, LabNode];
    await changed.stop();
    const committed = readFileSync(changed.configFile, "utf8");
    const written = `${committed}  more: { agent: dummy }\n`;
    writeFileSync(changed.configFile, written);
    changed.start();
    await settled(nodes);
    await until("the committed text is back in the file", () =>
      Promise.resolve(readFileSync(changed.configFile, "utf8") === committed),
    );
    const entry = changed.logEntries().find(({ event }) => event === "definition-replaced");
    expect(readFileSync(String(entry?.["keptAs"]), "utf8")).toBe(written);
    expect(entry?.["message"]).toContain("\n  resource more is added (ocf:paceline:dummy)");
    const report = await changed.report();
    expect(report?.resources.map(({ id }) => id).sort()).toEqual(["vip", "work"]);
  });

  test("two daemons cannot share a state directory, and the second says so", async () => {
    const nodes = build(1);
    const [node] = nodes as [LabNode];
    node.start();
    await settled(nodes);
    const log = node.logTail(5);
    node.startSecond();
    await until("the second daemon has ended", () => Promise.resolve(node.secondEnded));
    expect(node.logTail(3)).toMatch(/another (paceline )?daemon|already|in use/i);
    expect(log).not.toContain("in use");
    expect((await node.status())?.["node"]).toBe("node1");
  });

  async function applied(node: LabNode, text: string): Promise<void> {
    const file = `${node.directory}/next.yaml`;
    writeFileSync(file, text);
    const { code, stderr } = await node.paceline("config", "apply", file, "--yes", "--wait");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  }
});

async function isSettled(nodes: readonly LabNode[]): Promise<boolean> {
  for (const node of nodes) {
    const report = await node.status();
    const rows = (report?.["nodes"] ?? []) as { name: string; state: string }[];
    const online = rows.filter((row) => row.state === "online" || row.state === "standby");
    if (!nodes.every((each) => online.some((row) => row.name === each.name))) return false;
    const transition = report?.["transition"] as { state: string } | undefined;
    const resources = (report?.["resources"] ?? []) as { role: string }[];
    if (transition?.state !== "idle" || resources.length === 0) return false;
    if (resources.some((resource) => resource.role !== "Started")) return false;
  }
  return true;
}
