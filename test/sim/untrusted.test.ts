import { describe, expect, test } from "vitest";
import { loadDefinition } from "../../src/config/load-definition.ts";
import type { SimulatedCluster } from "./simulated-cluster.ts";
import type { SimulatedHost } from "./simulated-host.ts";
import { dcOf, profileOf, smallCluster, smallDefinition, statusOf } from "./small-cluster.ts";

const MINUTE = 60_000;

/** Three nodes with a power controller each, settled, and every one of them busy. */
function busyCluster(properties = "", resource = "") {
  const { cluster, settles } = smallCluster(5, profileOf("fencing", 3), (names) => {
    const text = smallDefinition(names, {
      properties: `fencing-enabled: true${properties}`,
      resources: `  r1: { agent: dummy${resource} }\n  r2: { agent: dummy${resource} }\n`,
    });
    const { diagnostics } = loadDefinition(text);
    expect(diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
    return text;
  });
  cluster.startAll();
  expect(settles(30_000)).toBe(true);
  // Until every clock was told of.
  cluster.runFor(1_000);
  return { cluster, settles };
}

const busyAndNotDc = (cluster: SimulatedCluster) =>
  cluster.hosts.find(
    (host) => host.world.active().size > 0 && host !== dcOf(cluster),
  ) as SimulatedHost;

const isIdle = (host: SimulatedHost) => () => host.world.active().size === 0;

function fenced(cluster: SimulatedCluster): string[] {
  const seen = dcOf(cluster) ?? cluster.hosts.find((host) => host.daemon !== undefined);
  return cluster.observe(seen)?.cib?.fencing.map((record) => record.target) ?? [];
}

/** The whole report as text: the name of a field in it is not the point. */
const reportOf = (cluster: SimulatedCluster): string => JSON.stringify(statusOf(cluster));

describe("a clock that is far off", () => {
  test("of one node: its resources move, it is named, and nobody is fenced; set right, it is trusted again", () => {
    const { cluster, settles } = busyCluster();
    const wrong = busyAndNotDc(cluster);
    wrong.clock.jump(20 * MINUTE);
    expect(cluster.runUntil(isIdle(wrong), 2 * MINUTE)).toBe(true);
    expect(settles(MINUTE)).toBe(true);
    expect(reportOf(cluster)).toContain(
      `${wrong.name} is not trusted: its clock is 1200 s ahead of the others`,
    );
    wrong.clock.jump(-20 * MINUTE);
    const isTrusted = () => !reportOf(cluster).includes("not trusted");
    expect(cluster.runUntil(isTrusted, 2 * MINUTE)).toBe(true);
    expect(fenced(cluster)).toEqual([]);
  });

  test("of the DC: it distrusts itself and nobody else, and hands its office over", () => {
    const { cluster, settles } = busyCluster();
    const wrong = dcOf(cluster);
    wrong.clock.jump(-20 * MINUTE);
    const handedOver = () => dcOf(cluster) !== undefined && dcOf(cluster) !== wrong;
    expect(cluster.runUntil(handedOver, 2 * MINUTE)).toBe(true);
    expect(settles(MINUTE)).toBe(true);
    expect(cluster.runUntil(isIdle(wrong), 2 * MINUTE)).toBe(true);
    const text = reportOf(cluster);
    expect(text).toContain(`${wrong.name} is not trusted`);
    expect(text.match(/is not trusted/g)?.length).toBe(1);
    expect(fenced(cluster)).toEqual([]);
  });

  test("below the limit it is a warning, and with untrusted-node-policy: warn always", () => {
    const { cluster } = busyCluster(", untrusted-node-policy: warn");
    const wrong = busyAndNotDc(cluster);
    wrong.clock.jump(MINUTE);
    cluster.runFor(MINUTE);
    expect(reportOf(cluster)).toContain(`the clock of ${wrong.name} is 60 s ahead`);
    wrong.clock.jump(20 * MINUTE);
    cluster.runFor(MINUTE);
    expect(reportOf(cluster)).toContain(`${wrong.name} is not trusted`);
    expect(isIdle(wrong)()).toBe(false);
  });

  test("with untrusted-node-policy: fence it is fenced", () => {
    const { cluster, settles } = busyCluster(", untrusted-node-policy: fence");
    const wrong = busyAndNotDc(cluster);
    wrong.clock.jump(20 * MINUTE);
    const isFenced = () => fenced(cluster).includes(wrong.name);
    expect(cluster.runUntil(isFenced, 2 * MINUTE)).toBe(true);
    wrong.clock.jump(-20 * MINUTE);
    expect(settles(2 * MINUTE)).toBe(true);
    expect(new Set(fenced(cluster))).toEqual(new Set([wrong.name]));
  });
});

describe("a disk that takes nothing", () => {
  test("its node gives its resources to others, though nothing was to be written, and gets them back", () => {
    const { cluster, settles } = busyCluster();
    const broken = busyAndNotDc(cluster);
    broken.disk.isFull = true;
    expect(cluster.runUntil(isIdle(broken), 3 * MINUTE)).toBe(true);
    expect(settles(MINUTE)).toBe(true);
    expect(reportOf(cluster)).toContain(`${broken.name} is not trusted: it cannot write its state`);
    broken.disk.isFull = false;
    const isTrusted = () => !reportOf(cluster).includes("not trusted");
    expect(cluster.runUntil(isTrusted, 2 * MINUTE)).toBe(true);
    expect(fenced(cluster)).toEqual([]);
  });

  test("where its resources do not stop, it is fenced", () => {
    const { cluster, settles } = busyCluster();
    const broken = busyAndNotDc(cluster);
    broken.world.faults = (_host, _resource, action) =>
      action === "stop" ? { kind: "fail", rc: 1 } : undefined;
    broken.disk.isFull = true;
    const isFenced = () => fenced(cluster).includes(broken.name);
    expect(cluster.runUntil(isFenced, 3 * MINUTE)).toBe(true);
    broken.world.faults = () => undefined;
    broken.disk.isFull = false;
    expect(settles(2 * MINUTE)).toBe(true);
  });

  test("all of them: nothing is moved for nothing", () => {
    const { cluster } = busyCluster();
    const before = cluster.hosts.map((host) => [...host.world.active().keys()]);
    for (const host of cluster.hosts) host.disk.isFull = true;
    cluster.runFor(4 * MINUTE);
    expect(cluster.hosts.map((host) => [...host.world.active().keys()])).toEqual(before);
    expect(fenced(cluster)).toEqual([]);
  });
});

describe("a main thread that hangs while the messaging thread speaks on", () => {
  test("is named as stuck, and its node fenced before anything starts elsewhere", () => {
    const { cluster, settles } = busyCluster();
    const stuck = busyAndNotDc(cluster);
    stuck.blockMain(10 * MINUTE);
    const isFenced = () => fenced(cluster).includes(stuck.name);
    expect(cluster.runUntil(isFenced, 2 * MINUTE)).toBe(true);
    const said = cluster.trace.lines().filter((line) => line.includes(" member-lost: "));
    expect(said.join()).toContain(`${stuck.name} is lost: its daemon hangs`);
    expect(settles(2 * MINUTE)).toBe(true);
  });
});
