import { expect, test } from "vitest";
import { profileOf, smallCluster, smallDefinition, statusOf } from "./small-cluster.ts";

/**
 * node3 is lost and its device refuses; what runs on node2 stops only after what runs on node3 is
 * certain to have stopped, and node2 is told to leave.
 */
function waitingLeave() {
  const { cluster } = smallCluster(7, profileOf("fencing", 3), (names) => {
    const resources = names.map((name) => `  on-${name}: { agent: dummy }\n`).join("");
    const location = names.map((name) => `{ resource: on-${name}, node: ${name}, score: 100 }`);
    const text = smallDefinition(names, { resources, location: location.join(", ") });
    const order = "order: [ { first: on-node2, then: on-node3 } ]";
    return text.replace("constraints: {", `constraints: { ${order},`);
  });
  cluster.startAll();
  cluster.runFor(20_000);
  const [, leaver, lost] = cluster.hosts;
  cluster.power.setMood("bmc-node3", "fails");
  lost!.powerOff();
  cluster.runFor(20_000);
  leaver!.deliver({ kind: "shutdown", mode: "leave" });
  const told = (event: string) => cluster.trace.lines().filter((line) => line.includes(event));
  return { cluster, told, isGone: () => leaver!.daemon === undefined };
}

test("a leave that waits for a fencing says so, and ends with a person's word", () => {
  const { cluster, told, isGone } = waitingLeave();
  cluster.runFor(30_000);
  expect(isGone()).toBe(false);
  const [warning] = statusOf(cluster).warnings.filter(({ code }) => code === "LEAVE_WAITS");
  expect(warning).toMatchObject({
    node: "node2",
    message: "node2 wants to leave: on-node2 goes first, and waits for the fencing of node3",
    hint: expect.stringContaining("paceline fence confirm node3"),
  });
  expect(told(" leave-waits: ")).toEqual([
    expect.stringMatching(
      /node2 .*moved away first \(on-node2\).*; in 110 s everything is stopped/,
    ),
    expect.stringContaining("in 100 s"),
  ]);
  // It asks every second, which is no reason to plan anew.
  expect(told("(node2 wants to leave):")).toHaveLength(1);
  const request = { method: "fence", action: "confirm", target: "node3", author: "jo" } as const;
  cluster.host("node1").request(request, () => undefined);
  expect(cluster.runUntil(isGone, 5_000)).toBe(true);
  expect(told(" stopping-everything: ")).toEqual([]);
});

test("who has said goodbye does not warn of the quorum that it is no part of any more", () => {
  const { cluster } = smallCluster(7, profileOf("fencing", 3));
  cluster.startAll();
  cluster.runFor(20_000);
  const since = cluster.trace.lines().length;
  const [, leaver] = cluster.hosts;
  leaver!.deliver({ kind: "shutdown", mode: "leave" });
  expect(cluster.runUntil(() => leaver!.daemon === undefined, 10_000)).toBe(true);
  const said = cluster.trace.lines().slice(since);
  const own = said.filter((line) => line.includes(` ${leaver!.name} `));
  expect(own.filter((line) => / (warn|error) | coordinates /.test(line))).toEqual([]);
});

test("else it stops by itself what it runs, and says why", () => {
  const { cluster, told, isGone } = waitingLeave();
  expect(cluster.runUntil(isGone, 125_000)).toBe(true);
  expect(told(" stopping-everything: ")).toEqual([
    expect.stringContaining("it leaves, and the cluster has not moved it away in 120 s"),
  ]);
});
