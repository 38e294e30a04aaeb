import { expect, test } from "vitest";
import { profileOf, smallCluster, smallDefinition, statusOf } from "./small-cluster.ts";

test("a node that is not fenced because its vote is needed: status does not blame the device", () => {
  const { cluster } = smallCluster(2, profileOf("fencing", 3), (names) =>
    smallDefinition(names, {
      properties: "fencing-action: off",
      resources: "  r1: { agent: dummy, meta: { migration-threshold: 1 } }\n",
      location: "{ resource: r1, node: node2, score: 100 }",
    }),
  );
  cluster.startAll();
  cluster.runFor(30_000);
  cluster.hosts.find(({ name }) => name === "node3")!.powerOff();
  cluster.runFor(30_000);
  const node2 = cluster.hosts.find(({ name }) => name === "node2")!;
  expect([...node2.world.active().keys()]).toEqual(["r1"]);
  node2.world.faults = (_name, _resource, action) =>
    action === "stop" ? { kind: "fail", rc: 1 } : undefined;
  const override = { id: "ban:r1:node2", kind: "ban", target: "r1", node: "node2", author: "jo" };
  node2.request({ method: "override-set", override } as never, () => undefined);
  cluster.runFor(20_000);
  const failed = statusOf(cluster).warnings.find(({ code }) => code === "FENCING_FAILED");
  expect(failed?.message).toContain("without node2 only 1 of 3 votes are left");
  expect(failed?.hint).toBe(
    "bring the other nodes back; or cut its power all the same: paceline fence reboot node2",
  );
});
