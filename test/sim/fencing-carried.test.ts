import { expect, test } from "vitest";
import { bmcOf } from "./power-plant.ts";
import { asked, dcOf, profileOf, smallCluster, smallDefinition } from "./small-cluster.ts";

test.each([1, 2])(
  "seed %i: one of two is fenced for a failed stop and takes the quorum with it: one order, one record",
  (seed) => {
    const { cluster, settles } = smallCluster(seed, profileOf("fencing", 2), smallDefinition);
    cluster.startAll();
    expect(settles(30_000)).toBe(true);
    const dc = dcOf(cluster);
    const other = cluster.hosts.find((host) => host !== dc)!;
    // Its controller says "on" until long after the loss was noticed.
    cluster.power.setMood(bmcOf(other.name), "lies-on");
    other.world.faults = (_host, _resource, action) =>
      action === "stop" ? { kind: "fail", rc: 1 } : undefined;
    const id = `standby:${other.name}`;
    const override = { id, kind: "standby", target: other.name, author: "t" } as const;
    dc.request({ method: "override-set", override }, () => {});
    const records = () => cluster.observe(dc)?.cib?.fencing ?? [];
    const isFenced = () => records().some(({ outcome }) => outcome === "succeeded");
    expect(cluster.runUntil(isFenced, 30_000)).toBe(true);
    expect(records()).toMatchObject([{ target: other.name, outcome: "succeeded" }]);
    expect(records()[0]?.reason).toContain("failed there");
    const calls = cluster.trace
      .lines()
      .filter((line) => line.includes(`calls ${bmcOf(other.name)}: off`));
    expect(calls.length).toBe(1);
    other.world.faults = () => undefined;
    cluster.power.mendAll();
  },
);

test("a node that comes late to the first start is not fenced any more: withdrawn, not failed", () => {
  const { cluster } = smallCluster(3, profileOf("fencing", 3), (names) =>
    smallDefinition(names, { properties: "fencing-timeout: 60s" }),
  );
  const [first, second, late] = cluster.hosts;
  cluster.power.setMood(bmcOf(late!.name), "ignores");
  first!.startDaemon();
  second!.startDaemon();
  const records = () => cluster.observe(first!)?.cib?.fencing ?? [];
  const isBegun = () => records().some(({ outcome }) => outcome === "pending");
  expect(cluster.runUntil(isBegun, 30_000)).toBe(true);
  late!.startDaemon();
  const isEnded = () => records().every(({ outcome }) => outcome !== "pending");
  expect(cluster.runUntil(isEnded, 30_000)).toBe(true);
  expect(records()).toMatchObject([{ target: late!.name, outcome: "withdrawn" }]);
});

test("a fencing that only waits is withdrawn once no plan wants it any more", () => {
  const { cluster } = smallCluster(4, profileOf("fencing", 3), smallDefinition);
  const [first, second, absent] = cluster.hosts;
  first!.startDaemon();
  second!.startDaemon();
  const records = () => cluster.observe(first!)?.cib?.fencing ?? [];
  const isAsked = () => records().some(({ outcome }) => outcome === "pending");
  expect(cluster.runUntil(isAsked, 10_000)).toBe(true);
  const names = cluster.hosts.map(({ name }) => name);
  const text = smallDefinition(names, { properties: "stonith-enabled: false" });
  expect(asked(cluster, { method: "config-apply", text, author: "t" })).toMatchObject({ ok: true });
  expect(
    cluster.runUntil(
      () => dcOf(cluster) !== undefined && cluster.observe(first!)?.settled === true,
      10_000,
    ),
  ).toBe(true);
  cluster.runFor(60_000);
  expect(records()).toMatchObject([{ target: absent!.name, outcome: "withdrawn" }]);
  expect(records()[0]?.detail).toContain("is not wanted any more");
});
