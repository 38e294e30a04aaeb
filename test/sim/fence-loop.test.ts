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

/** `app` belongs on node3, where it cannot be started; that calls for fencing, again and again. */
function loopingCluster() {
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
  app: { agent: dummy, operations: { start: { on-fail: fence } } }
constraints: { location: [ { resource: app, node: node3, score: INFINITY } ] }
fencing:
  devices:
${devices.join("")}`;
  for (const host of cluster.hosts) {
    host.definitionText = text;
    host.world.faults = (name, _resource, action) =>
      name === "node3" && action === "start" ? { kind: "fail", rc: 1 } : undefined;
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
  const { cluster, dc, records, fencings, status } = loopingCluster();
  expect(cluster.runUntil(() => fencings() === 5, 5 * MINUTE)).toBe(true);
  cluster.runFor(5 * MINUTE);
  expect(fencings()).toBe(5);
  // What status says and what goes to those who take alerts.
  const what = /was fenced 5 times within 15 minutes.*paceline fence off node3/;
  expect(status().fencing.held).toMatch(what);
  const isTold = () =>
    records().some(({ outcome, detail = "" }) => outcome === "failed" && what.test(detail));
  expect(cluster.runUntil(isTold, 2 * MINUTE, 1)).toBe(true);
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
