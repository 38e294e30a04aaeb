import { describe, expect, test } from "vitest";
import { SeededRandom } from "../../src/core/random.ts";
import { leastWatchdogWait } from "../../src/model/watchdog-times.ts";
import type { Profile } from "./cluster-simulation.ts";
import { drawCluster } from "./drawn-cluster.ts";
import { PROFILES } from "./profiles.ts";
import type { SimulatedCluster } from "./simulated-cluster.ts";
import type { SimulatedHost } from "./simulated-host.ts";
import { busyHostOf, dcOf, smallCluster } from "./small-cluster.ts";

/** Nothing may ever be active twice: that is what the checkers of these runs hold. */
const PROFILE: Profile = { ...PROFILES[0]!, nodes: [3, 5], overlapMaxMs: 0 };

/** A cluster without any fencing device whose nodes have watchdogs, settled. */
function guarded(seed: number, profile = PROFILE) {
  const drawn = drawCluster(new SeededRandom(seed), profile);
  // The shortest that can be proven: what does not hold shows with that first.
  const waitMs = leastWatchdogWait(drawn.definition.messaging.advertIntervalMs);
  const wanted = `fencing-enabled: true, fencing-watchdog-timeout: ${waitMs}ms`;
  const text = drawn.definition.text.replace("fencing-enabled: false", wanted);
  const { cluster, settles } = smallCluster(seed, profile, () => text);
  cluster.startAll();
  expect(settles(30_000)).toBe(true);
  cluster.runFor(1_000);
  return { cluster, settles, waitMs };
}

function resets(cluster: SimulatedCluster): string[] {
  return cluster.trace.lines().filter((line) => line.includes("the watchdog resets the machine"));
}

const SEEDS = Array.from({ length: 12 }, (_, i) => i + 1);
const FEW_SEEDS = SEEDS.slice(0, 4);

function standby(dc: SimulatedHost, targets: readonly string[]): void {
  for (const target of targets) {
    const override = { id: `standby:${target}`, kind: "standby", target, author: "t" } as const;
    dc.request({ method: "override-set", override }, () => {});
  }
}

describe("watchdog self-fencing in whole clusters", () => {
  test.each(SEEDS)(
    "seed %i: a busy node that is cut off and cannot stop is reset before anything starts elsewhere",
    (seed) => {
      const { cluster, settles } = guarded(seed);
      const victim = busyHostOf(cluster);
      const was = [...victim.world.active().keys()];
      victim.world.faults = (_host, _resource, action) =>
        action === "stop" || action === "demote" ? { kind: "fail", rc: 1 } : undefined;
      const others = cluster.hosts.filter((host) => host !== victim).map((host) => host.name);
      cluster.network.partition([[victim.name], others], cluster.links);
      const taken = () =>
        was.some((resource) =>
          cluster.hosts.some((host) => host !== victim && host.world.active().has(resource)),
        );
      cluster.runUntil(() => resets(cluster).length > 0 || taken(), 60_000);
      expect(resets(cluster).length).toBe(1);
      expect(victim.world.active().size).toBe(0);
      victim.world.faults = () => undefined;
      cluster.network.healAll();
      expect(settles(60_000)).toBe(true);
      expect(resets(cluster).length).toBe(1);
    },
  );

  test.each(SEEDS)("seed %i: one that stops all in time is not reset", (seed) => {
    const { cluster, settles, waitMs } = guarded(seed);
    const victim = busyHostOf(cluster);
    const others = cluster.hosts.filter((host) => host !== victim).map((host) => host.name);
    cluster.network.partition([[victim.name], others], cluster.links);
    cluster.runFor(3 * waitMs);
    expect(others.some((name) => cluster.host(name).world.active().size > 0)).toBe(true);
    cluster.network.healAll();
    expect(settles(30_000)).toBe(true);
    expect(resets(cluster)).toEqual([]);
  });

  test.each(FEW_SEEDS)(
    "seed %i: one that was not reset, and is lost again in the same life, is waited for again",
    (seed) => {
      const { cluster, settles, waitMs } = guarded(seed);
      const victim = busyHostOf(cluster);
      const others = cluster.hosts.filter((host) => host !== victim).map((host) => host.name);
      cluster.network.partition([[victim.name], others], cluster.links);
      cluster.runFor(3 * waitMs);
      cluster.network.healAll();
      expect(settles(30_000)).toBe(true);
      const dc = dcOf(cluster);
      standby(dc, others);
      expect(cluster.runUntil(() => victim.world.active().size > 0, 10_000)).toBe(true);
      const ids = others.map((name) => `standby:${name}`);
      dc.request({ method: "override-remove", ids }, () => {});
      cluster.runFor(1_000);
      victim.world.faults = (_host, _resource, action) =>
        action === "stop" ? { kind: "fail", rc: 1 } : undefined;
      cluster.network.partition([[victim.name], others], cluster.links);
      // That nothing is ever active twice is a checker's to say.
      expect(cluster.runUntil(() => resets(cluster).length > 0, 60_000)).toBe(true);
      cluster.runFor(3 * waitMs);
      victim.world.faults = () => undefined;
      cluster.network.healAll();
      expect(settles(60_000)).toBe(true);
    },
  );

  test.each(FEW_SEEDS)(
    "seed %i: one that is back just before its fencing is committed is no fenced node, and stays inside",
    (seed) => {
      const { cluster, settles } = guarded(seed);
      const victim = busyHostOf(cluster);
      const others = cluster.hosts.filter((host) => host !== victim);
      const names = others.map((host) => host.name);
      const told = () =>
        cluster.trace.lines().some((line) => line.includes(`fenced: reboot of ${victim.name}`));
      cluster.network.partition([[victim.name], names], cluster.links);
      const isFencing = () =>
        cluster.trace.lines().some((line) => line.includes(`fencing: reboot of ${victim.name}`));
      cluster.runUntil(isFencing, 30_000, 5);
      cluster.runFor(500);
      for (const { disk } of others) disk.latencyMin = 1_500;
      expect(cluster.runUntil(told, 30_000, 1)).toBe(true);
      cluster.network.healAll();
      cluster.runFor(5_000);
      for (const { disk } of others) disk.latencyMin = 0.1;
      expect(settles(30_000)).toBe(true);
    },
  );

  test.each(SEEDS)("seed %i: a main thread that hangs is reset", (seed) => {
    const { cluster, settles } = guarded(seed);
    busyHostOf(cluster).blockMain(60_000);
    expect(cluster.runUntil(() => resets(cluster).length > 0, 60_000)).toBe(true);
    expect(settles(60_000)).toBe(true);
  });

  test.each(FEW_SEEDS)(
    "seed %i: nothing is started on a node that is back before its watchdog is armed",
    (seed) => {
      const five: Profile = { ...PROFILE, nodes: [5, 5], intervalMs: 200 };
      const { cluster, settles, waitMs } = guarded(seed, five);
      const back = cluster.hosts.find((host) => !cluster.observe(host)?.leads) as SimulatedHost;
      const others = cluster.hosts.filter((host) => host !== back).map((host) => host.name);
      back.powerOff();
      cluster.runFor(3 * waitMs);
      const dc = dcOf(cluster);
      standby(dc, others);
      cluster.runFor(2_000);
      // Only the DC and the node that comes back hear each other: it has no quorum in its own view.
      const deaf = others.filter((name) => name !== dc.name);
      cluster.network.partition([[back.name], deaf], cluster.links);
      back.world.faults = (_host, _resource, action) =>
        action === "stop" ? { kind: "fail", rc: 1 } : undefined;
      cluster.power.pressButton(back.name);
      expect(cluster.runUntil(() => back.world.active().size > 0, 10_000, 1)).toBe(true);
      const ids = others.map((name) => `standby:${name}`);
      dc.request({ method: "override-remove", ids }, () => {});
      // That nothing is ever active twice is a checker's to say.
      expect(cluster.runUntil(() => resets(cluster).length > 0, 30_000)).toBe(true);
      back.world.faults = () => undefined;
      cluster.network.healAll();
      expect(settles(60_000)).toBe(true);
    },
  );

  test.each(SEEDS)("seed %i: a member whose stop fails is told to starve, and is reset", (seed) => {
    const { cluster, settles } = guarded(seed);
    const victim = busyHostOf(cluster);
    victim.world.faults = (_host, _resource, action) =>
      action === "stop" ? { kind: "fail", rc: 1 } : undefined;
    const id = `standby:${victim.name}`;
    const override = { id, kind: "standby", target: victim.name, author: "t" } as const;
    const dc = dcOf(cluster);
    dc.request({ method: "override-set", override }, () => {});
    expect(cluster.runUntil(() => resets(cluster).length > 0, 30_000)).toBe(true);
    victim.world.faults = () => undefined;
    cluster.runFor(20_000);
    dcOf(cluster)?.request({ method: "override-remove", ids: [id] }, () => {});
    expect(settles(60_000)).toBe(true);
  });
});
