import { expect, test } from "vitest";
import { bmcOf } from "./power-plant.ts";
import { dcOf, profileOf, smallCluster, smallDefinition } from "./small-cluster.ts";

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

test.each([1, 2, 3, 4, 5, 6])(
  "a DC that runs nothing can be fenced by hand, however long its device takes: seed %i",
  (seed) => {
    const { cluster } = smallCluster(seed, profileOf("fencing", 3), (names) =>
      smallDefinition(names, { resources: "  r1: { agent: dummy }\n" }),
    );
    cluster.startAll();
    cluster.runFor(30_000);
    const dc = dcOf(cluster);
    expect(dc.world.active().size).toBe(0);
    cluster.power.setMood(bmcOf(dc.name), "slow");
    let answer = "";
    const request = { method: "fence", action: "off", target: dc.name, author: "jo" } as const;
    cluster.hosts
      .find((host) => host !== dc)!
      .request(request, (reply) => {
        answer = JSON.stringify(reply);
      });
    expect(cluster.runUntil(() => answer !== "", 60_000)).toBe(true);
    expect(answer).toContain('"succeeded"');
  },
);
