import { expect, test } from "vitest";
import { dcOf, profileOf, smallCluster, smallDefinition, statusOf } from "./small-cluster.ts";

const MINUTE = 60_000;

/** Each of these nodes has a resource that cannot be started there; that calls for fencing, again and again. */
function loopingCluster(bad: readonly string[], properties?: string) {
  const apps = bad.map(
    (name) => `  app-${name}: { agent: dummy, operations: { start: { on-fail: fence } } }\n`,
  );
  const places = bad.map((name) => `{ resource: app-${name}, node: ${name}, score: INFINITY }`);
  const { cluster } = smallCluster(5, profileOf("fencing", 3), (names) =>
    smallDefinition(names, {
      resources: apps.join(""),
      location: places.join(", "),
      ...(properties === undefined ? {} : { properties }),
    }),
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
  const what = /was fenced 5 times within 15min .*starts nowhere else.*paceline fence off node3/;
  expect(statusOf(cluster).fencing.held).toMatch(what);
  // It is no failure of the device, and not said twice.
  expect(statusOf(cluster).warnings.map(({ code }) => code)).not.toContain("FENCING_FAILED");
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

test("a server that boots for ten minutes: the loop is told of, and ended by a longer window", () => {
  const { cluster, fencings } = loopingCluster(["node3"], "fencing-loop-limit: 3");
  cluster.power.slowBootMs = 10 * MINUTE;
  expect(cluster.runUntil(() => fencings() === 3, 40 * MINUTE)).toBe(true);
  cluster.runFor(MINUTE);
  const { fencing, warnings } = statusOf(cluster);
  expect(fencing.held).toBeNull();
  const [told] = warnings.filter(({ code }) => code === "FENCING_LOOP");
  expect(told).toMatchObject({ node: "node3", hint: expect.stringContaining("-window: 30min") });
  const before = dcOf(cluster).definitionText as string;
  const text = before.replace("limit: 3", "limit: 3, fencing-loop-window: 1h");
  let answer = "";
  dcOf(cluster).request({ method: "config-apply", text, author: "jo" }, (reply) => {
    answer = JSON.stringify(reply);
  });
  expect(cluster.runUntil(() => answer.includes('"ok":true'), MINUTE)).toBe(true);
  expect(statusOf(cluster).fencing.held).toMatch(/node3 was fenced 3 times within 1h/);
  expect(statusOf(cluster).warnings.map(({ code }) => code)).not.toContain("FENCING_LOOP");
  cluster.runFor(15 * MINUTE);
  expect(fencings()).toBe(3);
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
