import { expect, test } from "vitest";
import { SeededRandom } from "../../src/core/random.ts";
import type { StatusReport } from "../../src/model/status-report.ts";
import { buildCluster, type Profile } from "./cluster-simulation.ts";
import { bmcOf } from "./power-plant.ts";
import { PROFILES } from "./profiles.ts";

const PROFILE: Profile = {
  ...PROFILES.find(({ name }) => name === "fencing")!,
  nodes: [3, 3],
};

const MINUTE = 60_000;

/** Each of these nodes has a resource that cannot be started there; that calls for fencing, again and again. */
function loopingCluster(bad: readonly string[]) {
  const run = { seed: 5, profile: PROFILE, traceLimit: 50_000 };
  const { cluster } = buildCluster(run, new SeededRandom(5));
  const nodes = cluster.hosts.map(({ name }, i) => `${name}: 10.77.0.${i + 1}`).join(", ");
  const devices = cluster.hosts.map(
    ({ name }) =>
      `    ${bmcOf(name)}: { agent: exec, targets: [${name}], params: { off: x, on: x, status: x } }\n`,
  );
  const text = `cluster: sim
nodes: { ${nodes} }
messaging: { transport: unicast, advert-interval: 200ms }
resources:
${bad.map((name) => `  app-${name}: { agent: dummy, operations: { start: { on-fail: fence } } }\n`).join("")}constraints:
  location: [ ${bad.map((name) => `{ resource: app-${name}, node: ${name}, score: INFINITY }`).join(", ")} ]
fencing:
  devices:
${devices.join("")}`;
  for (const host of cluster.hosts) {
    host.definitionText = text;
    host.world.faults = (name, _resource, action) =>
      bad.includes(name) && action === "start" ? { kind: "fail", rc: 1 } : undefined;
  }
  cluster.startAll();
  const dc = () => cluster.hosts.find((host) => cluster.observe(host)?.leads)!;
  const records = () =>
    cluster.hosts.flatMap((host) => {
      const seen = cluster.observe(host);
      return seen?.leads ? (seen.cib?.fencing ?? []) : [];
    });
  const fencings = () =>
    records().filter(({ target, outcome }) => target === "node3" && outcome === "succeeded").length;
  const status = (): StatusReport => {
    let report: unknown;
    dc().request({ method: "status" }, (reply) => {
      report = reply.ok ? reply.result : undefined;
    });
    return report as StatusReport;
  };
  return { cluster, dc, records, fencings, status };
}

test("a fence loop is broken: held, said with what to do, and open to a person", () => {
  const { cluster, dc, records, fencings, status } = loopingCluster(["node3"]);
  expect(cluster.runUntil(() => fencings() === 5, 5 * MINUTE)).toBe(true);
  cluster.runFor(5 * MINUTE);
  expect(fencings()).toBe(5);
  const what = /was fenced 5 times within 15 minutes.*paceline fence off node3/;
  expect(status().fencing.held).toMatch(what);
  const failure = status().warnings.find(({ code }) => code === "FENCING_FAILED");
  expect(failure?.message).toMatch(what);
  // A later DC holds it as well.
  const before = dc();
  before.powerOff();
  const isSucceeded = () => cluster.hosts.some((host) => host !== before && host === dc());
  expect(cluster.runUntil(isSucceeded, MINUTE)).toBe(true);
  cluster.runFor(2 * MINUTE);
  expect(fencings()).toBe(5);
  expect(status().fencing.held).toMatch(what);
  let answer = "";
  const byHand = { method: "fence", action: "off", target: "node3", author: "jo" } as const;
  dc().request(byHand, (reply) => {
    answer = JSON.stringify(reply);
  });
  expect(cluster.runUntil(() => answer.includes('"succeeded"'), MINUTE)).toBe(true);
  expect(status().fencing.held).toBeNull();
  expect(records().at(-1)).toMatchObject({ target: "node3", requestedBy: "jo" });
});

test("a DC that leaves does not wait for a fencing that is held back", () => {
  const { cluster, dc, fencings, records } = loopingCluster(["node3"]);
  expect(cluster.runUntil(() => fencings() === 5, 5 * MINUTE)).toBe(true);
  cluster.runFor(MINUTE);
  const leaver = dc();
  leaver.deliver({ kind: "shutdown", mode: "leave" });
  expect(cluster.runUntil(() => leaver.daemon === undefined, 15_000)).toBe(true);
  cluster.runFor(MINUTE);
  const seen = cluster.observe(dc())?.cib;
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
