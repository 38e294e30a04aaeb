import { describe, expect, test } from "vitest";
import { simulateCluster } from "./cluster-simulation.ts";
import { bmcOf } from "./power-plant.ts";
import { PROFILES } from "./profiles.ts";
import type { SimulatedCluster } from "./simulated-cluster.ts";
import type { SimulatedHost } from "./simulated-host.ts";
import { dcOf, profileOf, smallCluster } from "./small-cluster.ts";
import { GATEWAY } from "./tie-breakers.ts";

/*
 * What the simulator has found once must not come back: the course of events that showed it, played
 * again by hand where that is possible, else by its seed.
 */

const CALM = profileOf("calm", 3);

/** Three nodes, settled, with a trace. */
function settledCluster(seed: number, profile = CALM) {
  const built = smallCluster(seed, profile);
  built.cluster.startAll();
  expect(built.settles(10_000)).toBe(true);
  return built;
}

function plansOf(cluster: SimulatedCluster): number {
  return cluster.trace.lines().filter((line) => line.includes(" info plan: ")).length;
}

describe("a member that comes back", () => {
  test("is asked anew by the DC that never changed, and takes its orders", () => {
    const { cluster, settles } = settledCluster(3);
    const dc = dcOf(cluster);
    const cut = cluster.hosts.find((host) => host !== dc)!;
    const others = cluster.hosts.filter((host) => host !== cut).map((host) => host.name);
    cluster.network.partition([[cut.name], others], cluster.links);
    cluster.runFor(6_000);
    cluster.network.healAll();
    expect(settles(5_000)).toBe(true);
    // Everything must go to the node that was away.
    for (const target of others) {
      const override = { id: `standby:${target}`, kind: "standby", target, author: "t" } as const;
      dcOf(cluster).request({ method: "override-set", override }, () => {});
    }
    const moved = () =>
      cluster.hosts.every((host) => host === cut || host.world.active().size === 0) &&
      cut.world.active().size > 0;
    expect(cluster.runUntil(moved, 5_000)).toBe(true);
  });
});

describe("a node that leaves", () => {
  test("is not let go while its stop is in flight, however often the plan is made anew", () => {
    const { cluster, expected } = settledCluster(3);
    const dc = dcOf(cluster);
    for (const target of expected.running) {
      const id = `migrate:${target}`;
      const override = { id, kind: "migrate", target, node: dc.name, author: "t" } as const;
      dc.request({ method: "override-set", override }, () => {});
    }
    cluster.runFor(5_000);
    expect(dc.world.active().size).toBe(expected.running.length);
    dc.world.latencyMin = 700;
    let activeAtEnd: number | undefined;
    const { daemon } = dc;
    const hasEnded = () => {
      if (dc.daemon === daemon) return false;
      activeAtEnd ??= dc.world.active().size;
      return true;
    };
    dc.deliver({ kind: "shutdown", mode: "leave" });
    const other = cluster.hosts.find((host) => host !== dc)!;
    for (let i = 0; i < 10; i++) {
      const id = `standby:${other.name}`;
      const override = { id, kind: "standby", target: other.name, author: `t${i}` } as const;
      other.request({ method: "override-set", override }, () => {});
      cluster.runFor(40);
    }
    expect(cluster.runUntil(hasEnded, 20_000, 5)).toBe(true);
    expect(activeAtEnd).toBe(0);
  });
});

describe("planning", () => {
  test("a plan with nothing to do is not made again and again while something is in flight", () => {
    const { cluster } = settledCluster(5);
    const before = plansOf(cluster);
    for (const host of cluster.hosts) {
      host.world.latencyMean = 400;
      host.request({ method: "cleanup" }, () => {});
    }
    cluster.runFor(8_000);
    expect(plansOf(cluster) - before).toBeLessThan(30);
  });

  test("a node's loss is planned for at once, however many plans there were just before", () => {
    const { cluster } = settledCluster(7);
    for (let i = 0; i < 10; i++) {
      dcOf(cluster).request({ method: "cleanup" }, () => {});
      cluster.runFor(150);
    }
    const dc = dcOf(cluster);
    const other = cluster.hosts.find((host) => host !== dc)!;
    other.powerOff();
    cluster.runFor(12_000);
    const ofDc = cluster.trace.lines().filter((line) => line.includes(` ${dc.name} `));
    const at = (line: string | undefined) => 1_000 * Number(line?.trim().split(" ")[0]);
    const lost = ofDc.findIndex((line) => line.includes("member-lost"));
    const plan = ofDc.slice(lost).find((line) => line.includes(" plan: "));
    // The pacer would let it wait for a second; the lost node gets an interval to let go, no more.
    const intervalMs = 500;
    expect(at(plan) - at(ofDc[lost])).toBeLessThan(intervalMs + 5);
  });
});

describe("a node that left and came back", () => {
  const FENCED = profileOf("fencing", 3);

  function set(host: SimulatedHost, target: string, reason: string): void {
    const override = {
      id: `standby:${target}`,
      kind: "standby",
      target,
      author: "t",
      reason,
    } as const;
    host.request({ method: "override-set", override }, () => {});
  }

  test("is fenced when it is lost: its goodbye was of an earlier life", () => {
    const { cluster, settles } = settledCluster(5, FENCED);
    const dc = dcOf(cluster);
    const back = cluster.hosts.find((host) => host !== dc)!;
    const { daemon } = back;
    back.deliver({ kind: "shutdown", mode: "leave" });
    expect(cluster.runUntil(() => back.daemon !== daemon, 20_000, 5)).toBe(true);
    if (back.daemon === undefined) back.startDaemon();
    // The CIB changes while the new life is heard and not a member yet.
    const names = cluster.hosts.map((host) => host.name);
    for (let i = 0; i < 100; i++) {
      set(dc, back.name, `change ${i}`);
      cluster.runFor(5);
    }
    dc.request({ method: "override-remove", ids: [`standby:${back.name}`] }, () => {});
    expect(settles(10_000)).toBe(true);
    const others = names.filter((name) => name !== back.name);
    for (const name of others) set(dc, name, "all to the one that came back");
    expect(cluster.runUntil(() => back.world.active().size > 0, 10_000)).toBe(true);
    dc.request(
      { method: "override-remove", ids: others.map((name) => `standby:${name}`) },
      () => {},
    );
    cluster.runFor(1_000);
    const before = dcOf(cluster);
    cluster.network.partition([[back.name], others], cluster.links);
    const isFenced = () =>
      cluster
        .observe(before)
        ?.cib?.fencing.some(
          (record) => record.target === back.name && record.outcome === "succeeded",
        ) === true;
    expect(cluster.runUntil(isFenced, 30_000)).toBe(true);
  });
});

describe("a node that is back while it is still being fenced", () => {
  const FENCED = profileOf("fencing", 3);

  test.each([
    ["its controller reports an error", "fails"],
    ["its controller takes orders and does nothing", "ignores"],
  ] as const)("is not switched off in its new life: %s", (_, mood) => {
    const { cluster, settles } = settledCluster(5, FENCED);
    const dc = dcOf(cluster);
    const back = cluster.hosts.find((host) => host !== dc)!;
    const bmc = bmcOf(back.name);
    const lines = (what: string) => cluster.trace.lines().filter((line) => line.includes(what));
    cluster.power.setMood(bmc, mood);
    // It has power again before anybody could see that it had none.
    back.powerOff();
    cluster.power.pressButton(back.name);
    cluster.runUntil(() => lines(`calls ${bmc}: off`).length > 0, 30_000);
    const isMember = () => cluster.observe(dc)?.members.includes(back.name) === true;
    expect(cluster.runUntil(isMember, 10_000)).toBe(true);
    cluster.runFor(1_000);
    cluster.power.setMood(bmc, "works");
    const { daemon } = back;
    cluster.runFor(120_000);
    expect(back.daemon).toBe(daemon);
    expect(lines(`${back.name}    power off`)).toHaveLength(1);
    expect(settles(10_000)).toBe(true);
  });
});

describe("half of the votes with a ping target", () => {
  const PINGING = {
    ...profileOf("fencing", 4),
    shape: { quorum: [`ping-targets: [${GATEWAY}]`] },
  };

  test("fences who was lost, and not who had left before", () => {
    const { cluster } = settledCluster(4, PINGING);
    const dc = dcOf(cluster);
    const [leaver, lost] = cluster.hosts.filter((host) => host !== dc);
    leaver!.deliver({ kind: "shutdown", mode: "leave" });
    expect(cluster.runUntil(() => leaver!.daemon === undefined, 20_000, 5)).toBe(true);
    lost!.powerOff();
    const isFenced = () =>
      cluster.observe(dc)?.cib?.fencing.some(({ target, outcome }) => {
        return target === lost!.name && outcome === "succeeded";
      }) === true;
    // That nobody who left is switched off is a checker's to say.
    expect(cluster.runUntil(isFenced, 60_000)).toBe(true);
  });
});

describe("by seed", () => {
  test.each([
    ["a full disk is only trouble until there is room again", "everything", 11, false],
    ["members refuse, and say so, where they serve another coordinator", "everything", 8, false],
    [
      "a coordinator without quorum gives no orders to a node that has it",
      "everything",
      1029,
      true,
    ],
    ["a start in flight from an earlier plan is known to the next one", "power", 2102, true],
    ["a failure counts although the wall clock was set back", "everything", 2266, true],
    ["a partition without quorum can't tell what there is to remove", "writes", 11, true],
    ["a DC that has just started knows nothing of who was lost before", "fencing", 106, true],
    ["what a probe failed to find is not started without quorum", "watchdogs", 540067, true],
    ["who was left out when it was the DC is let in again", "members", 26, false],
    ["who lost power right after it had added nodes fences nobody for ever", "members", 44, false],
  ])("%s", { timeout: 120_000 }, (_, name, seed, isShort) => {
    const profile = PROFILES.find((candidate) => candidate.name === name)!;
    simulateCluster({ seed, profile, isShort });
  });
});
