import { expect, test } from "vitest";
import { dcOf, profileOf, smallCluster, smallDefinition, statusOf } from "./small-cluster.ts";

const MINUTE = 60_000;

/** Each of these nodes has a resource that cannot be started there; that calls for fencing, again and again. */
function loopingCluster(bad: readonly string[]) {
  const apps = bad.map(
    (name) => `  app-${name}: { agent: dummy, operations: { start: { on-fail: fence } } }\n`,
  );
  const places = bad.map((name) => `{ resource: app-${name}, node: ${name}, score: INFINITY }`);
  const { cluster } = smallCluster(5, profileOf("fencing", 3), (names) =>
    smallDefinition(names, { resources: apps.join(""), location: places.join(", ") }),
  );
  for (const host of cluster.hosts) {
    host.world.faults = (name, _resource, action) =>
      bad.includes(name) && action === "start" ? { kind: "fail", rc: 1 } : undefined;
  }
  cluster.startAll();
  const records = () =>
    cluster.hosts.flatMap((host) => {
      const seen = cluster.observe(host);
      return seen?.leads ? (seen.cib?.fencing ?? []) : [];
    });
  const fencings = () =>
    records().filter(({ target, outcome }) => target === "node3" && outcome === "succeeded").length;
  return { cluster, records, fencings };
}

test("a fence loop is broken: held, said with what to do, and open to a person", () => {
  const { cluster, records, fencings } = loopingCluster(["node3"]);
  expect(cluster.runUntil(() => fencings() === 5, 5 * MINUTE)).toBe(true);
  cluster.runFor(5 * MINUTE);
  expect(fencings()).toBe(5);
  const what = /was fenced 5 times within 15 minutes.*paceline fence off node3/;
  expect(statusOf(cluster).fencing.held).toMatch(what);
  const failure = statusOf(cluster).warnings.find(({ code }) => code === "FENCING_FAILED");
  expect(failure?.message).toMatch(what);
  // A later DC holds it as well.
  const before = dcOf(cluster);
  before.powerOff();
  const isSucceeded = () => cluster.hosts.some((host) => host !== before && host === dcOf(cluster));
  expect(cluster.runUntil(isSucceeded, MINUTE)).toBe(true);
  cluster.runFor(2 * MINUTE);
  expect(fencings()).toBe(5);
  expect(statusOf(cluster).fencing.held).toMatch(what);
  let answer = "";
  const byHand = { method: "fence", action: "off", target: "node3", author: "jo" } as const;
  dcOf(cluster).request(byHand, (reply) => {
    answer = JSON.stringify(reply);
  });
  expect(cluster.runUntil(() => answer.includes('"succeeded"'), MINUTE)).toBe(true);
  expect(statusOf(cluster).fencing.held).toBeNull();
  expect(records().at(-1)).toMatchObject({ target: "node3", requestedBy: "jo" });
});

test("a DC that leaves does not wait for a fencing that is held back", () => {
  const { cluster, fencings, records } = loopingCluster(["node3"]);
  expect(cluster.runUntil(() => fencings() === 5, 5 * MINUTE)).toBe(true);
  cluster.runFor(MINUTE);
  const leaver = dcOf(cluster);
  leaver.deliver({ kind: "shutdown", mode: "leave" });
  expect(cluster.runUntil(() => leaver.daemon === undefined, 15_000)).toBe(true);
  cluster.runFor(MINUTE);
  const seen = cluster.observe(dcOf(cluster))?.cib;
  expect(seen?.departures?.map(({ node }) => node)).toEqual([leaver.name]);
  expect(records().filter(({ target }) => target === leaver.name)).toEqual([]);
});

test("two of three are wanted fenced at once: one after the other, and quorum is never lost", () => {
  const { cluster, records } = loopingCluster(["node2", "node3"]);
  const fenced = (name: string) =>
    records().some(({ target, outcome }) => target === name && outcome === "succeeded");
  expect(cluster.runUntil(() => fenced("node2") && fenced("node3"), 5 * MINUTE)).toBe(true);
  cluster.runFor(MINUTE);
  const lines = cluster.trace.lines();
  const since = lines.findIndex((line) => line.includes("fencing: reboot of"));
  expect(since).toBeGreaterThan(0);
  // A node that has just started has no quorum yet, which is no warning.
  expect(lines.slice(since).filter((line) => line.includes(" warn no-quorum"))).toEqual([]);
});
