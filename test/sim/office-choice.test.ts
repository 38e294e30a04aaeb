import { expect, test } from "vitest";
import { SeededRandom } from "../../src/core/random.ts";
import { buildCluster } from "./cluster-simulation.ts";
import { PROFILES } from "./profiles.ts";

/** What the DC runs once all has been calm for long. */
function runsOnDc(count: number): number {
  const profile = {
    ...PROFILES.find(({ name }) => name === "calm")!,
    nodes: [count, count],
  } as const;
  const { cluster } = buildCluster({ seed: 1, profile }, new SeededRandom(1));
  const nodes = cluster.hosts.map(({ name }, i) => `${name}: 10.77.0.${i + 1}`).join(", ");
  for (const host of cluster.hosts) {
    host.definitionText = `cluster: sim
nodes: { ${nodes} }
messaging: { transport: unicast, advert-interval: 200ms }
properties: { fencing-enabled: false, no-quorum-policy: ${count === 2 ? "ignore" : "stop"} }
resources: { r1: { agent: dummy } }
`;
  }
  cluster.startAll();
  cluster.runFor(30_000);
  const dc = cluster.hosts.filter((host) => cluster.observe(host)?.leads);
  expect(dc.length).toBe(1);
  expect(cluster.hosts.flatMap((host) => [...host.world.active().keys()])).toEqual(["r1"]);
  return dc[0]!.world.active().size;
}

test("of three voters the DC is one that runs nothing", () => {
  expect(runsOnDc(3)).toBe(0);
});

test("of two it is who has what is at stake in a split", () => {
  expect(runsOnDc(2)).toBe(1);
});
