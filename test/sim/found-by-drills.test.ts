import { expect, test } from "vitest";
import { SeededRandom } from "../../src/core/random.ts";
import { buildCluster, type Profile } from "./cluster-simulation.ts";
import { PROFILES } from "./profiles.ts";

/*
 * What drills with real daemons have found (test/drills), played again on virtual time.
 */

const CALM: Profile = { ...PROFILES[0]!, nodes: [3, 3] };

test("a node that has only just started lets go as soon as it is cut off", () => {
  const { cluster } = buildCluster({ seed: 4, profile: CALM }, new SeededRandom(4));
  cluster.startAll();
  const owner = () => cluster.hosts.find((host) => host.world.active().size > 0);
  expect(cluster.runUntil(() => owner() !== undefined, 1_000, 5)).toBe(true);
  const cut = owner()!;
  const others = cluster.hosts.filter((host) => host !== cut).map((host) => host.name);
  cluster.network.partition([[cut.name], others], cluster.links);
  // It listens for 1.3 s after a start before it decides anything alone; this must not wait for it.
  expect(cluster.runUntil(() => cut.world.active().size === 0, 600, 5)).toBe(true);
});
