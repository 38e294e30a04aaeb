import { readFileSync } from "node:fs";
import { afterEach, describe, expect, test } from "vitest";
import { SeededRandom } from "../../src/core/random.ts";
import { CibClient, CibHistory } from "../support/cib-client.ts";
import { definitionRegister, overrideRegister } from "../support/cib-registers.ts";
import { Lab } from "../support/lab.ts";
import { canMakeNamespaces, until } from "../support/lab-commands.ts";
import type { LabNode } from "../support/lab-node.ts";
import { type Cut, canFilterBridges, setCuts } from "../support/lab-switch.ts";
import { judgeLinearizability } from "../support/linearizability.ts";

const usable = canMakeNamespaces() && canFilterBridges();
if (!usable) console.warn("skipped: the CIB under faults (needs namespaces and nftables)");

const DEFINITION = `cluster: linear
nodes: { node1: 10.77.0.1, node2: 10.77.0.2, node3: 10.77.0.3 }
messaging: { key-file: KEYFILE }
properties: { fencing-enabled: false }
resources:
  work: { agent: dummy }
`;

const IDS = ["maintenance:node1", "maintenance:node2", "maintenance:node3"];
const SEED = Number(process.env["PACELINE_SEED"] ?? 1);
const FAULTS = 8;

describe.skipIf(!usable)("the CIB of real daemons", { timeout: 180_000 }, () => {
  let lab: Lab;
  afterEach(() => lab.close());

  test("clients change it at once during splits and crashes: there is one order that explains it all", async () => {
    lab = new Lab({ nodes: ["node1", "node2", "node3"], definition: DEFINITION });
    for (const node of lab.nodes) node.start();
    await allFollowOne();
    const random = new SeededRandom(SEED);
    const base = readFileSync((lab.nodes[0] as LabNode).configFile, "utf8");
    const history = new CibHistory();
    const clients = lab.nodes.flatMap((node) =>
      ["a", "b"].map((letter) => {
        const name = `${node.name}${letter}`;
        return new CibClient({
          name,
          node,
          history,
          base,
          random: new SeededRandom(random.below(1e9)),
        });
      }),
    );
    let isOver = false;
    const work = clients.map(async (client) => {
      while (!isOver) await pause((await client.act(IDS)) ? 20 : 400);
    });
    for (let i = 0; i < FAULTS; i++) await disturb(random);
    setCuts(lab, []);
    await allFollowOne();
    isOver = true;
    await Promise.all(work);
    for (const client of clients) await client.readAll(IDS);

    const initial = { version: 1, text: base };
    const verdicts = [
      judgeLinearizability(definitionRegister(initial), history.definition.calls()),
      ...IDS.map((id) => judgeLinearizability(overrideRegister, history.override(id).calls())),
    ];
    for (const verdict of verdicts) expect(verdict).toEqual({ kind: "linearizable" });
    // The faults were felt, and yet much was done.
    const done = history.definition.calls().filter((call) => call.ended !== undefined).length;
    expect(done).toBeGreaterThan(20);
    expect(Math.max(...history.unknowns())).toBeGreaterThan(0);
  });

  /** A split, or a daemon that is killed, for a moment. */
  async function disturb(random: SeededRandom): Promise<void> {
    const node = lab.nodes[random.below(lab.nodes.length)] as LabNode;
    const others = lab.nodes.filter((each) => each !== node);
    if (random.below(3) === 0) {
      await node.kill();
      await pause(200 + random.below(800));
      node.start();
    } else {
      const oneWay = random.below(3) === 0;
      const cuts: Cut[] = others.flatMap((other): Cut[] =>
        oneWay
          ? [[node, other]]
          : [
              [node, other],
              [other, node],
            ],
      );
      setCuts(lab, cuts);
      await pause(400 + random.below(1_200));
      setCuts(lab, []);
    }
    await pause(random.below(1_500));
  }

  async function allFollowOne(): Promise<void> {
    await until("all follow one DC and have the same definition", async () => {
      const reports = await Promise.all(lab.nodes.map((node) => node.report()));
      const [first] = reports;
      return (
        first?.dc != null &&
        first.definition !== null &&
        reports.every(
          (report) =>
            report?.dc === first.dc &&
            report.quorum.quorate &&
            report.nodes.every(({ state }) => state === "online" || state === "maintenance"),
        )
      );
    });
  }
});

/** Faults last in real time. */
function pause(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms));
}
