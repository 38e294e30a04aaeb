import { describe, expect, test } from "vitest";
import { SeededRandom } from "../../src/core/random.ts";
import { whatIsMissing } from "./checkers/convergence.ts";
import { buildCluster, type Profile } from "./cluster-simulation.ts";
import { PROFILES } from "./profiles.ts";

/*
 * What drills with real daemons have found (test/drills), played again on virtual time.
 */

const CALM: Profile = { ...PROFILES[0]!, nodes: [3, 3] };

test("a node that has only just started lets go as soon as it is cut off", () => {
  const { cluster } = buildCluster({ seed: 4, profile: CALM }, new SeededRandom(4));
  cluster.startAll();
  const owner = () => cluster.hosts.find((host) => host.world.active().size > 0);
  expect(cluster.runUntil(() => owner() !== undefined, 1_000, 5)).toBe(true);
  const cut = owner()!;
  const others = cluster.hosts.filter((host) => host !== cut).map((host) => host.name);
  cluster.network.partition([[cut.name], others], cluster.links);
  // It listens for 1.3 s after a start before it decides anything alone; this must not wait for it.
  expect(cluster.runUntil(() => cut.world.active().size === 0, 600, 5)).toBe(true);
});

describe("without fencing, whenever the owner is cut off", { timeout: 60_000 }, () => {
  /** How long after the owner has let go another one has it; below 0: before. */
  function headStarts(
    nodes: number,
    quorum: readonly string[],
    policy: string,
    // Each time that a pair breaks anew it is distrusted for longer.
    isPairOnly = false,
    rounds = isPairOnly ? 3 : ROUNDS,
  ): number[] {
    const shape = { quorum, properties: [`no-quorum-policy: ${policy}`] };
    const profile: Profile = { ...CALM, nodes: [nodes, nodes], intervalMs: 100, shape };
    const changes: { resource: string; active: boolean; at: number }[] = [];
    const built = buildCluster(
      {
        seed: 7,
        profile,
        moreCheckers: [
          {
            name: "changes",
            onActive: (host, resource, active) => {
              changes.push({ resource, active, at: host.trueTime() });
              return undefined;
            },
          },
        ],
      },
      new SeededRandom(7),
    );
    const { cluster, expected } = built;
    const isWell = () => whatIsMissing(cluster, expected) === undefined;
    // Every agent takes the same time: what differs is when each side acts.
    for (const host of cluster.hosts) host.world.latencyMean = 0;
    cluster.startAll();
    const starts: number[] = [];
    for (let round = 0; round < rounds; round++) {
      expect(cluster.runUntil(isWell, 30_000)).toBe(true);
      // The cut comes at another moment between two advertisements each time.
      cluster.runFor(1_000 + (round * 100) / rounds);
      const leads = (host: (typeof cluster.hosts)[number]) => cluster.observe(host)?.leads === true;
      const owner = cluster.hosts.find(
        (host) => host.world.active().size > 0 && !(isPairOnly && leads(host)),
      )!;
      const [watched] = owner.world.active().keys();
      changes.length = 0;
      const others = cluster.hosts.filter((host) => host !== owner);
      const away = isPairOnly ? others.filter(leads) : others;
      cluster.network.partition([[owner.name], away.map((host) => host.name)], cluster.links);
      cluster.tieBreakers.cutOff(owner.name);
      cluster.runFor(2_500);
      cluster.tieBreakers.mendAll();
      const [off, on] = [false, true].map((is) =>
        changes.find(({ resource, active }) => resource === watched && active === is),
      );
      if (off !== undefined && on !== undefined) starts.push(on.at - off.at);
      cluster.network.healAll();
    }
    return starts;
  }
  const ROUNDS = 10;

  test.each([
    [3, [], "stop"],
    [5, [], "demote"],
    [2, ["arbiter: 10.9.9.9"], "ignore"],
  ] as const)("of %i nodes with %j: it lets go before others start", (nodes, quorum, policy) => {
    const starts = headStarts(nodes, quorum, policy);
    expect(starts).toHaveLength(ROUNDS);
    expect(starts.filter((ms) => ms <= 0)).toEqual([]);
  });

  test("cut off from the DC only, it runs on until it is left out, and has let go before others start", () => {
    const starts = headStarts(3, [], "stop", true);
    expect(starts).toHaveLength(3);
    expect(starts.filter((ms) => ms <= 0)).toEqual([]);
  });

  test("who carries on anyway is not waited for", () => {
    const { cluster } = buildCluster(
      {
        seed: 7,
        profile: { ...CALM, intervalMs: 100, shape: { properties: ["no-quorum-policy: ignore"] } },
      },
      new SeededRandom(7),
    );
    cluster.startAll();
    const owner = () => cluster.hosts.find((host) => host.world.active().size > 0);
    expect(cluster.runUntil(() => owner() !== undefined, 5_000)).toBe(true);
    cluster.runFor(2_000);
    owner()!.powerOff();
    // 175 ms of silence from its last frame on, and what planning takes.
    expect(cluster.runUntil(() => owner() !== undefined, 200, 5)).toBe(true);
  });
});
