import { existsSync } from "node:fs";
import { afterEach, describe, expect, test } from "vitest";
import { Lab } from "../support/lab.ts";
import { canMakeNamespaces, ROOT, until } from "../support/lab-commands.ts";
import type { LabNode } from "../support/lab-node.ts";

const usable = canMakeNamespaces();
if (!usable) console.warn("skipped: a promotable clone in namespaces (this user may make none)");

const NAMES = ["node1", "node2", "node3"] as const;

/** The agent sets its promotion score by the helper commands: without them nothing is promoted. */
const definition = (agent: string) => `cluster: primary
nodes: { node1: 10.77.0.1, node2: 10.77.0.2, node3: 10.77.0.3 }
messaging: { key-file: KEYFILE }
properties: { fencing-enabled: false }
resources:
  db: { agent: ${agent} }
  db-set: { clone: db, meta: { promotable: true, clone-max: 2 } }
`;

const AGENTS = ["stateful", "ocf:heartbeat:Stateful"].filter(
  (agent) => agent === "stateful" || existsSync("/usr/lib/ocf/resource.d/heartbeat/Stateful"),
);

interface Row {
  readonly role: string;
  readonly nodes: readonly string[];
}

describe.skipIf(!usable)("a promotable clone of real daemons", { timeout: 120_000 }, () => {
  let lab: Lab;
  afterEach(() => lab.close());

  /** Where it is promoted and unpromoted, once all these nodes say the same and nothing is left to do. */
  async function roles(asked: readonly LabNode[]) {
    return await until(
      `${asked.map((node) => node.name).join(", ")} agree on one promoted and one unpromoted`,
      async () => {
        const seen = await Promise.all(asked.map((node) => rolesSeenBy(node)));
        const [first] = seen;
        const same = seen.every((each) => JSON.stringify(each) === JSON.stringify(first));
        const { promoted = [], unpromoted = [] } = first ?? {};
        return same && promoted.length === 1 && unpromoted.length === 1
          ? { promoted: promoted[0] as string, unpromoted: unpromoted[0] as string }
          : undefined;
      },
      60_000,
    );
  }

  // The second one is of the resource-agents tree, where that is installed.
  test.each(AGENTS)(
    "%s is promoted; when its node is cut off another is, and the first one is demoted",
    async (agent) => {
      lab = new Lab({ nodes: NAMES, definition: definition(agent) });
      for (const node of lab.nodes) node.start();
      const before = await roles(lab.nodes);
      const lost = lab.node(before.promoted);
      const rest = lab.nodes.filter((node) => node !== lost);

      expect(await activeOn(lost)).toBe(true);
      lab.setCable(lost, false);
      const between = await until("somebody else is promoted", async () => {
        const now = await roles(rest);
        return now.promoted === before.promoted ? undefined : now;
      });
      // It ran there unpromoted, with a score; the third node had to start it first.
      expect(between.promoted).toBe(before.unpromoted);
      await until("the node that was cut off stops", async () => (await activeOn(lost)) === false);

      lab.setCable(lost, true);
      const after = await roles(lab.nodes);
      expect(after.promoted).toBe(between.promoted);
    },
  );

  test("agents set attributes of other nodes, and permanent ones that all nodes know", async () => {
    lab = new Lab({ nodes: NAMES, definition: definition("stateful") });
    for (const node of lab.nodes) node.start();
    const { promoted, unpromoted } = await roles(lab.nodes);
    const here = lab.node(unpromoted);
    const score = ["crm_attribute", "-N", promoted, "-l", "reboot", "-n", "master-db", "-G", "-q"];
    expect((await helper(here, ...score)).stdout).toBe("10\n");
    // As pgsql does: the better copy is elsewhere.
    const set = [
      "crm_attribute",
      "-N",
      unpromoted,
      "-l",
      "reboot",
      "-n",
      "master-db",
      "-v",
      "1000",
    ];
    expect(await helper(lab.node(promoted), ...set)).toEqual({ code: 0, stdout: "", stderr: "" });
    await until("the promotion moves to the better score", async () => {
      return (await roles(lab.nodes)).promoted === unpromoted;
    });
    const keep = ["crm_attribute", "-l", "forever", "-N", promoted, "-n", "kept"];
    expect((await helper(here, ...keep, "-v", "LATEST")).code).toBe(0);
    const place = ["crm_attribute", "--type", "crm_config", "--name", "repl", "-s", "set"];
    expect((await helper(here, ...place, "-v", "node1|binlog.7|42")).code).toBe(0);
    for (const node of lab.nodes) {
      expect((await helper(node, ...keep, "-G", "-q")).stdout).toBe("LATEST\n");
      expect((await helper(node, ...place, "--query", "-q")).stdout).toBe("node1|binlog.7|42\n");
    }
    const members = await helper(here, "crm_node", "-p");
    expect(members.stdout).toBe("node1 node2 node3\n");
  });
});

async function rolesSeenBy(node: LabNode) {
  const report = await node.status();
  const transition = report?.["transition"] as { state: string } | undefined;
  if (transition?.state !== "idle") return undefined;
  const rows = (report?.["resources"] ?? []) as Row[];
  const where = (role: string) =>
    rows.filter((row) => row.role === role).flatMap((row) => row.nodes);
  return { promoted: where("Promoted"), unpromoted: where("Unpromoted") };
}

/** Whether the agent's own file says that it runs there. */
async function activeOn(node: LabNode): Promise<boolean> {
  const { stdout } = await node.exec("ls", node.agentRunDir);
  return /stateful-/i.test(stdout);
}

async function helper(node: LabNode, ...words: readonly string[]) {
  const [command, ...args] = words;
  const environment = [
    `PACELINE_RUN_DIR=${node.runDir}`,
    `PACELINE_NODE=${node.name}`,
    `PACELINE_NODEJS=${process.execPath}`,
  ];
  return await node.exec("env", ...environment, `${ROOT}/agents/helpers/${command}`, ...args);
}
