import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { MAX_VERSION } from "../../src/wire/frame-header.ts";
import { Lab } from "../support/lab.ts";
import { canMakeNamespaces, until } from "../support/lab-commands.ts";
import type { LabNode } from "../support/lab-node.ts";
import { buildSpeaking, type Spoken } from "../support/other-version.ts";

const usable = canMakeNamespaces();
if (!usable) console.warn("skipped: builds of several versions (this user may make no namespaces)");

const DEFINITION = `cluster: mixed
nodes: { node1: 10.77.0.1, node2: 10.77.0.2, node3: 10.77.0.3 }
messaging: { key-file: KEYFILE }
properties: { fencing-enabled: false }
resources:
  vip: { agent: vip, params: { ip: 10.77.0.100/24, nic: eth0 } }
`;

/** The release after this one speaks its own version and this one's. */
const NEXT: Spoken = { min: MAX_VERSION, max: MAX_VERSION + 1 };
/** The one after that no longer speaks ours. */
const AFTER_NEXT: Spoken = { min: MAX_VERSION + 1, max: MAX_VERSION + 2 };

describe.skipIf(!usable)("versions of the protocol", { timeout: 120_000 }, () => {
  let lab: Lab;
  afterEach(() => lab.close());

  function build(spoken: Spoken): string {
    return buildSpeaking(spoken, join(lab.directory, `build-${spoken.min}-${spoken.max}`));
  }

  /** All of these see one another, and nothing is left to do. */
  async function settled(nodes: readonly LabNode[]): Promise<void> {
    const names = nodes.map(({ name }) => name).join(" ");
    await until(`${names} are a cluster`, async () => {
      const reports = await Promise.all(nodes.map((node) => node.report()));
      return reports.every((report) => {
        const online = report?.nodes.filter(({ state }) => state === "online") ?? [];
        const serves = report?.resources.every(({ role }) => role === "Started") === true;
        const isIdle = report?.transition.state === "idle";
        return online.map(({ name }) => name).join(" ") === names && serves && isIdle;
      });
    });
  }

  test("nodes are upgraded one by one; this release and the next work together all the while", async () => {
    lab = new Lab({ nodes: ["node1", "node2", "node3"], definition: DEFINITION });
    const next = build(NEXT);
    for (const node of lab.nodes) node.start();
    await settled(lab.nodes);
    for (const node of lab.nodes) {
      await node.stop();
      node.start(next);
      await settled(lab.nodes);
    }
    const override = { id: "maintenance:node1", kind: "maintenance", target: "node1" } as const;
    const set = { method: "override-set", override: { ...override, author: "test" } } as const;
    expect(await lab.nodes[2]?.ask(set)).toBeDefined();
  });

  test("a node that does not speak our version is kept out, and both sides say why", async () => {
    lab = new Lab({ nodes: ["node1", "node2", "node3"], definition: DEFINITION });
    const [first, second, stranger] = lab.nodes as [LabNode, LabNode, LabNode];
    first.start();
    second.start();
    stranger.start(build(AFTER_NEXT));
    await settled([first, second]);
    const ours = `${MAX_VERSION}`;
    const theirs = `${AFTER_NEXT.min} to ${AFTER_NEXT.max}`;
    await until("it is said", () =>
      Promise.resolve(
        says(first, `10.77.0.3 speaks protocol versions ${theirs}, this one ${ours}.`) &&
          says(stranger, `speaks protocol version ${ours}, this one ${theirs}.`),
      ),
    );
    expect(await stranger.hasAddress("10.77.0.100")).toBe(false);
    const seen = await stranger.report();
    expect(seen?.quorum.quorate).toBe(false);
  });
});

function says(node: LabNode, text: string): boolean {
  return readFileSync(node.logFile, "utf8").includes(text);
}
