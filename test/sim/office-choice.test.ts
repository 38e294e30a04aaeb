import { expect, test } from "vitest";
import { profileOf, smallCluster, smallDefinition } from "./small-cluster.ts";

/** What the DC runs once all has been calm for long. */
function runsOnDc(count: number): number {
  const policy = count === 2 ? "ignore" : "stop";
  const { cluster } = smallCluster(1, profileOf("calm", count), (names) =>
    smallDefinition(names, {
      properties: `fencing-enabled: false, no-quorum-policy: ${policy}`,
      resources: "  r1: { agent: dummy }\n",
      fencing: "",
    }),
  );
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
