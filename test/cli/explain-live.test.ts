import { beforeAll, describe, expect, test } from "vitest";
import { explainCommand } from "../../src/cli/commands/explain-command.ts";
import type { ControlClient } from "../../src/io/control-client.ts";
import type { ControlReply, ControlRequest } from "../../src/model/control.ts";
import type { SimulatedCluster } from "../sim/simulated-cluster.ts";
import { dcOf, profileOf, smallCluster, smallDefinition } from "../sim/small-cluster.ts";
import { capture } from "./captured-context.ts";

const RESOURCES = `  web: { agent: dummy, meta: { resource-stickiness: 5 } }
  disk: { agent: dummy }
  base: { agent: dummy }
  stack: { group: [disk, base] }
  stacks: { clone: stack }
  box: { bundle: { podman: { image: web, replicas: 1 }, network: { ip-range-start: 10.0.0.9 } } }
`;
const LOCATION =
  "{ id: odd, resource: web, node: n1, score: 0 }, { id: some, resource: web, node: n1, score: 7 }," +
  " { id: much, resource: web, node: n1, score: 300 }, { id: not, resource: stacks, node: n2, score: -INFINITY }";

let cluster: SimulatedCluster;

beforeAll(() => {
  ({ cluster } = smallCluster(1, profileOf("calm", 3), (names) =>
    smallDefinition(names, {
      properties: "fencing-enabled: false, no-quorum-policy: stop",
      resources: RESOURCES,
      location: LOCATION.replaceAll("n1", names[0]!).replaceAll("n2", names[1]!),
      fencing: "",
    }),
  ));
  cluster.startAll();
  const active = () => cluster.hosts.flatMap(({ world }) => [...world.active().keys()]);
  expect(cluster.runUntil(() => active().length === 7, 60_000)).toBe(true);
});

/** A connection to the DC of the simulated cluster. */
function client(): ControlClient {
  const request = (asked: ControlRequest) => {
    let answer: ControlReply | undefined;
    dcOf(cluster).request(asked, (reply) => {
      answer = reply;
    });
    cluster.runUntil(() => answer !== undefined, 1_000);
    return answer?.ok === true ? Promise.resolve(answer.result) : Promise.reject(answer);
  };
  return { request, close: () => {} } as unknown as ControlClient;
}

async function explained(resource: string, node?: string): Promise<string> {
  const { context, texts } = capture({ connect: () => Promise.resolve(client()) });
  expect(await explainCommand(context, resource, node, {})).toBe(0);
  return texts.out;
}

/** The lines under the title of the scores of one resource. */
function scoresIn(text: string, resource: string): string[] {
  const lines = text.split("\n");
  const start = lines.indexOf(`Nodes for ${resource}, best first`) + 1;
  return lines.slice(start, lines.indexOf("", start));
}

const names = (): string[] => cluster.hosts.map(({ name }) => name);
const titles = (text: string) =>
  [...text.matchAll(/^Why (.*) is where it is$/gm)].map(([, id]) => id);

describe("paceline explain, of a live cluster", () => {
  test("a resource: in words, then the scores, the most decisive first, without what gives nothing", async () => {
    const [first, second, third] = names();
    const text = await explained("web");
    expect(text).toContain(
      `\n  it stays on ${first}: it has the highest score, 312 against 0 on ${second} (location much)\n`,
    );
    expect(scoresIn(text, "web")).toEqual([
      `  ${first}  312  (chosen, is here)`,
      "          300  location much",
      "            7  location some",
      "            5  stickiness",
      `  ${second}  0`,
      `  ${third}  0`,
    ]);
  });

  test("a resource and a node: why not there", async () => {
    const [first, second] = names();
    const text = await explained("web", second);
    expect(text).toContain(
      `\n  not on ${second}: it scores 0 there and 312 on ${first} (location much)\n`,
    );
    expect(scoresIn(text, "web")).toEqual([`  ${second}  0`]);
    expect(await explained("stacks", second)).toContain(`\n  not on ${second}: location not\n`);
  });

  test("a group in a clone, by its name or the clone's: every member of every instance", async () => {
    const all = ["base:0", "base:1", "base:2", "disk:0", "disk:1", "disk:2"];
    expect(titles(await explained("stacks"))).toEqual(all);
    expect(titles(await explained("stack"))).toEqual(all);
    expect(titles(await explained("disk"))).toEqual(["disk:0", "disk:1", "disk:2"]);
    expect(titles(await explained("disk:1"))).toEqual(["disk:1"]);
    const one = await explained("stack:1");
    expect(titles(one)).toEqual(["base:1", "disk:1"]);
    expect(one.split("\n").filter((line) => / is (Started|Stopped)/.test(line))).toHaveLength(2);
  });

  test("a bundle: its containers, and what belongs to them", async () => {
    const all = titles(await explained("box"));
    expect(all).toEqual(["box-ip-10.0.0.9", "box-podman-0"]);
  });

  test("what nothing is called is an error, with what may be meant", async () => {
    await expect(explained("stak")).rejects.toMatchObject({
      code: "UNKNOWN_RESOURCE",
      hint: "did you mean stack?",
    });
  });
});
