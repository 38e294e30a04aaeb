import { describe, expect, test } from "vitest";
import { SeededRandom } from "../../src/core/random.ts";
import type { Checker } from "./checkers/checker.ts";
import { whatIsMissing } from "./checkers/convergence.ts";
import { buildCluster } from "./cluster-simulation.ts";
import type { SimulatedHost } from "./simulated-host.ts";
import { busyHostOf, dcOf, profileOf } from "./small-cluster.ts";

/*
 * The shortest definition there is, with nothing but defaults: two nodes, an address, no fencing.
 * Whoever is left carries on; who meet again after a split settle who keeps the address.
 */

const TEN_LINES = `cluster: edge
nodes: { node1: 10.77.0.1, node2: 10.77.0.2 }
resources:
  vip: { agent: vip, params: { ip: 10.77.0.100/24 } }
`;
const SEEDS = [1, 2, 3, 4, 5, 6];
const ADDRESS = { running: ["vip"] };

/** Notes what is done to the address, and on which node, once it is done. */
class AddressWatch implements Checker {
  readonly name = "address-watch";
  readonly done: string[] = [];

  onOutcome(host: SimulatedHost, { action }: { action: string }): undefined {
    if (action !== "monitor") this.done.push(`${action} on ${host.name}`);
  }
}

/** That cluster, settled; by default the DC, node1, is the owner. */
function settledPair(seed: number, wanted = "node1") {
  const watch = new AddressWatch();
  const profile = profileOf("calm", 2);
  const run = { seed, profile, moreCheckers: [watch] };
  const { cluster } = buildCluster(run, new SeededRandom(seed));
  for (const host of cluster.hosts) host.definitionText = TEN_LINES;
  cluster.startAll();
  const settles = () =>
    cluster.runUntil(() => whatIsMissing(cluster, ADDRESS) === undefined, 30_000);
  expect(settles()).toBe(true);
  if (wanted !== "node1") {
    const override = { kind: "migrate", target: "vip", node: wanted, author: "t" } as const;
    const request = {
      method: "override-set",
      override: { id: "migrate:vip", ...override },
    } as const;
    dcOf(cluster).request(request, () => {});
    expect(cluster.runUntil(() => busyHostOf(cluster)?.name === wanted, 5_000)).toBe(true);
    expect(settles()).toBe(true);
  }
  expect([dcOf(cluster).name, busyHostOf(cluster).name]).toEqual(["node1", wanted]);
  return { cluster, settles, done: watch.done };
}

describe("two nodes with nothing but addresses", () => {
  describe.each([
    ["the DC", "node1", "node2"],
    ["not the DC", "node2", "node1"],
  ])("the owner, %s, dies", (_, owner, other) => {
    test.each(SEEDS)("the other has the address within a second (seed %i)", (seed) => {
      const { cluster, done } = settledPair(seed, owner);
      done.length = 0;
      cluster.host(owner).powerOff();
      const isTakenOver = () => done.includes(`start on ${other}`);
      expect(cluster.runUntil(isTakenOver, 1_000, 5)).toBe(true);
    });
  });

  test.each(SEEDS)(
    "split, both have it; healed, one lets go at once and the other announces it again (seed %i)",
    (seed) => {
      const { cluster, done, settles } = settledPair(seed);
      const holders = () => cluster.hosts.filter((host) => host.world.active().has("vip"));
      cluster.network.partition([["node1"], ["node2"]], cluster.links);
      expect(cluster.runUntil(() => holders().length === 2, 5_000)).toBe(true);
      cluster.runFor(5_000);
      const since = new Map(holders().map((host) => [host, host.world.active().get("vip")?.since]));
      done.length = 0;
      cluster.network.healAll();
      expect(cluster.runUntil(() => holders().length === 1, 1_000, 5)).toBe(true);
      expect(settles()).toBe(true);
      cluster.runFor(1_000);
      const [keeper] = holders() as [SimulatedHost];
      expect(keeper.world.active().get("vip")?.since).toBe(since.get(keeper));
      const loser = cluster.hosts.find((host) => host !== keeper)!;
      // Nothing else is done to it, and the neighbours hear of it last from the one that keeps it.
      expect(done).toEqual([`stop on ${loser.name}`, `announce on ${keeper.name}`]);
    },
  );
});
