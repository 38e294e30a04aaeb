import { expect, test } from "vitest";
import { SeededRandom } from "../../src/core/random.ts";
import { whatIsMissing } from "./checkers/convergence.ts";
import { buildCluster, type Profile } from "./cluster-simulation.ts";
import { bmcOf } from "./power-plant.ts";
import { PROFILES } from "./profiles.ts";

const PROFILE: Profile = {
  ...PROFILES.find(({ name }) => name === "fencing")!,
  nodes: [2, 2],
};

test.each([1, 2])(
  "seed %i: one of two is fenced for a failed stop and takes the quorum with it: one order, one record",
  (seed) => {
    const run = { seed, profile: PROFILE, traceLimit: 50_000 };
    const { cluster, expected } = buildCluster(run, new SeededRandom(seed));
    const nodes = cluster.hosts.map(({ name }, i) => `${name}: 10.77.0.${i + 1}`).join(", ");
    const devices = cluster.hosts.map(
      ({ name }) =>
        `    ${bmcOf(name)}: { agent: exec, targets: [${name}], params: { off: x, on: x, status: x } }\n`,
    );
    const text = `cluster: sim
nodes: { ${nodes} }
messaging: { transport: unicast, advert-interval: 200ms }
resources:
  r1: { agent: dummy }
  r2: { agent: dummy }
fencing:
  devices:
${devices.join("")}`;
    for (const host of cluster.hosts) host.definitionText = text;
    cluster.startAll();
    const settles = (withinMs: number) =>
      cluster.runUntil(() => whatIsMissing(cluster, expected) === undefined, withinMs);
    expect(settles(30_000)).toBe(true);
    const dc = cluster.hosts.find((host) => cluster.observe(host)?.leads)!;
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
