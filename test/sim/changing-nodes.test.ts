import { describe, expect, test } from "vitest";
import type { SimulatedCluster } from "./simulated-cluster.ts";
import {
  asked,
  busyHostOf,
  dcOf,
  profileOf,
  type SmallDefinition,
  smallCluster,
  smallDefinition,
  statusOf,
} from "./small-cluster.ts";
import { GATEWAY } from "./tie-breakers.ts";

/*
 * Nodes that a new definition adds, and nodes that it leaves out.
 */

const ALL = ["node1", "node2", "node3", "node4"];
const FIRST = ALL.slice(0, 3);

/** Three nodes, settled, and a fourth machine whose daemon has not been started yet. */
function threeNodes(profile: "fencing" | "calm", properties?: string) {
  const more: SmallDefinition = {
    ...(profile === "calm" && { fencing: "" }),
    ...(properties !== undefined && { properties }),
  };
  const define = (names: readonly string[]) => smallDefinition(names, more);
  const built = smallCluster(5, profileOf(profile, 4), () => define(FIRST));
  const { cluster, settles } = built;
  cluster.host("node4").definitionText = define(ALL);
  for (const name of FIRST) cluster.host(name).startDaemon();
  expect(settles(30_000, FIRST)).toBe(true);
  const apply = (names: readonly string[], how: { readonly dryRun?: true } = {}) => {
    const request = { method: "config-apply", text: define(names), author: "t", ...how } as const;
    return asked(cluster, request);
  };
  return { cluster, settles, apply };
}

/** The same with the fourth one in. */
function fourNodes(profile: "fencing" | "calm", properties?: string) {
  const built = threeNodes(profile, properties);
  expect(built.apply(ALL)).toMatchObject({ ok: true });
  built.cluster.host("node4").startDaemon();
  expect(built.settles(30_000)).toBe(true);
  return built;
}

const without = (gone: string) => ALL.filter((name) => name !== gone);

function quorumOf(cluster: SimulatedCluster) {
  const { votes, expected, needed } = statusOf(cluster).quorum;
  return { votes, expected, needed };
}

function activeOn(cluster: SimulatedCluster, name: string): string[] {
  return [...cluster.host(name).world.active().keys()];
}

function leave(cluster: SimulatedCluster, name: string): void {
  const host = cluster.host(name);
  host.deliver({ kind: "shutdown", mode: "leave" });
  expect(cluster.runUntil(() => host.daemon === undefined, 20_000)).toBe(true);
}

describe("a node that a definition adds", () => {
  test("is waited for without a word from it, and joins with a vote", () => {
    const { cluster, settles, apply } = threeNodes("fencing");
    // For minutes: who installs it takes that long. It is no node that hangs.
    expect(apply(ALL)).toMatchObject({ ok: true, result: { changes: [] } });
    cluster.runFor(180_000);
    expect(cluster.trace.lines().filter((line) => line.includes("power off"))).toEqual([]);
    const added = statusOf(cluster).nodes.find(({ name }) => name === "node4");
    expect(added).toMatchObject({
      state: "offline",
      detail: "new in the definition: has not joined yet",
    });
    expect(quorumOf(cluster)).toEqual({ votes: 3, expected: 3, needed: 2 });
    cluster.host("node4").startDaemon();
    expect(settles(30_000)).toBe(true);
    expect(quorumOf(cluster)).toEqual({ votes: 4, expected: 4, needed: 3 });
  });

  test("is fenced like any other once it was a member", () => {
    const { cluster, settles } = fourNodes("fencing");
    cluster.host("node4").powerOff();
    const fenced = () => dcOf(cluster) && statusOf(cluster).nodes[3]?.detail === "fenced";
    expect(cluster.runUntil(() => fenced() === true, 30_000)).toBe(true);
    cluster.power.pressButton("node4");
    expect(settles(60_000)).toBe(true);
  });
});

describe("a node that a definition leaves out", () => {
  test.each([
    ["the DC", (cluster: SimulatedCluster) => dcOf(cluster).name],
    ["a node with resources", (cluster: SimulatedCluster) => busyHostOf(cluster).name],
  ])("%s is kept while it is a member, and goes once it has left", (_, choose) => {
    const { cluster, settles, apply } = fourNodes("fencing");
    const gone = choose(cluster);
    const rest = without(gone);
    const before = activeOn(cluster, gone);
    for (const how of [{ dryRun: true }, {}] as const) {
      expect(apply(rest, how)).toMatchObject({
        ok: false,
        code: "NODE_PRESENT",
        message: `The definition leaves out ${gone}, which may still run resources.`,
        hint: expect.stringContaining("stop paceline there first"),
      });
    }
    cluster.runFor(5_000);
    expect(activeOn(cluster, gone)).toEqual(before);
    expect(quorumOf(cluster)).toEqual({ votes: 4, expected: 4, needed: 3 });

    leave(cluster, gone);
    expect(activeOn(cluster, gone)).toEqual([]);
    expect(apply(rest)).toMatchObject({ ok: true });
    expect(settles(10_000, rest)).toBe(true);
    expect(quorumOf(cluster)).toEqual({ votes: 3, expected: 3, needed: 2 });

    // The vote of the one that was added counts: with one of the first it is a majority.
    const lost = rest.find((name) => name !== "node4")!;
    cluster.host(lost).powerOff();
    const left = rest.filter((name) => name !== lost);
    expect(settles(60_000, left)).toBe(true);

    // Started by mistake with the files that it has, it runs nothing, and disturbs nobody.
    cluster.host(gone).startDaemon();
    cluster.runFor(60_000);
    expect(activeOn(cluster, gone)).toEqual([]);
    // The lost one was switched on again by its fencing.
    expect(settles(10_000, rest)).toBe(true);
  });

  test("may still run something if it was lost: it goes once somebody has looked", () => {
    const { cluster, settles, apply } = fourNodes("calm");
    const gone = FIRST.find((name) => name !== dcOf(cluster).name)!;
    const rest = without(gone);
    cluster.host(gone).powerOff();
    expect(settles(30_000, rest)).toBe(true);
    expect(apply(rest)).toMatchObject({ ok: false, code: "NODE_PRESENT" });
    const looked = { method: "fence", target: gone, action: "confirm", author: "jo" } as const;
    expect(asked(cluster, looked)).toMatchObject({ ok: true });
    expect(apply(rest)).toMatchObject({ ok: true });
    expect(settles(10_000, rest)).toBe(true);
    expect(quorumOf(cluster)).toEqual({ votes: 3, expected: 3, needed: 2 });
  });

  test("that comes back at that moment is in or out, and runs nothing if it is out", () => {
    const outcomes = [0, 200, 400, 600, 800, 1_000, 1_500, 2_000].map((afterMs) => {
      const { cluster, settles, apply } = fourNodes("fencing");
      const gone = FIRST.find((name) => name !== dcOf(cluster).name)!;
      leave(cluster, gone);
      // Commits take their time, so that they and the return meet in either order.
      for (const host of cluster.hosts) host.disk.latencyMin = 100;
      cluster.host(gone).startDaemon();
      cluster.runFor(afterMs);
      const isOut = apply(without(gone))?.ok === true;
      cluster.runFor(30_000);
      if (isOut) expect(activeOn(cluster, gone)).toEqual([]);
      expect(settles(30_000, isOut ? without(gone) : ALL)).toBe(true);
      return isOut;
    });
    expect(new Set(outcomes)).toEqual(new Set([true, false]));
  });
});

test("a node that is put back needs no more than that", () => {
  const { cluster, settles, apply } = fourNodes("fencing");
  const gone = FIRST.find((name) => name !== dcOf(cluster).name)!;
  leave(cluster, gone);
  expect(apply(without(gone))).toMatchObject({ ok: true });
  cluster.host(gone).startDaemon();
  cluster.runFor(20_000);
  expect(activeOn(cluster, gone)).toEqual([]);
  expect(apply(ALL)).toMatchObject({ ok: true });
  expect(settles(30_000)).toBe(true);
  expect(quorumOf(cluster)).toEqual({ votes: 4, expected: 4, needed: 3 });
});

test("who has missed the node that is the DC by now hears of it from one that it knows", () => {
  const { cluster, settles, apply } = threeNodes("fencing");
  leave(cluster, "node1");
  expect(apply(ALL)).toMatchObject({ ok: true });
  cluster.host("node4").startDaemon();
  expect(settles(30_000, ALL.slice(1))).toBe(true);
  // The office goes to who runs nothing.
  const override = { id: "standby:node4", kind: "standby", target: "node4", author: "t" } as const;
  expect(asked(cluster, { method: "override-set", override })).toMatchObject({ ok: true });
  expect(cluster.runUntil(() => dcOf(cluster)?.name === "node4", 120_000)).toBe(true);
  cluster.host("node1").startDaemon();
  expect(settles(30_000)).toBe(true);
  expect(cluster.trace.lines().join("\n")).toMatch(/node1 .*definition-heard: node[23] works by/);
});

/** Of two that run, one leaves and is taken out of the definition. */
function takeOut(
  { cluster, settles }: ReturnType<typeof smallCluster>,
  gone: string,
  stays: string,
  text: string,
): void {
  cluster.startAll();
  expect(settles(30_000)).toBe(true);
  leave(cluster, gone);
  expect(asked(cluster, { method: "config-apply", text, author: "t" })).toMatchObject({ ok: true });
  expect(settles(10_000, [stays])).toBe(true);
}

// By multicast it hears the other, which does not heed it any more; by unicast it is answered.
test.each(["multicast", "unicast"])(
  "one of two that was taken out serves nothing beside the other, though it need not ask anybody: %s",
  (transport) => {
    const [stays, gone] = ["node1", "node2"] as const;
    const define = (names: readonly string[]) =>
      smallDefinition(names, { properties: "no-quorum-policy: ignore", fencing: "" }).replace(
        "transport: unicast",
        `transport: ${transport}`,
      );
    const built = smallCluster(2, profileOf("calm", 2), define);
    const { cluster } = built;
    takeOut(built, gone, stays, define([stays]));
    cluster.host(gone).startDaemon();
    cluster.runFor(30_000);
    expect(activeOn(cluster, gone)).toEqual([]);
    expect(activeOn(cluster, stays)).toEqual(["r1", "r2"]);
  },
);

function powerOf(cluster: SimulatedCluster): string[] {
  return cluster.trace.lines().filter((line) => / power (off|on)$/.test(line));
}

describe("one of three that was taken out, and need not ask anybody", () => {
  function goneOfFour() {
    const built = fourNodes("fencing", "no-quorum-policy: ignore");
    const gone = FIRST.find((name) => name !== dcOf(built.cluster).name)!;
    leave(built.cluster, gone);
    expect(built.apply(without(gone))).toMatchObject({ ok: true });
    expect(built.settles(10_000, without(gone))).toBe(true);
    return { ...built, gone };
  }

  test("fences nobody, nor wants to: it speaks first, is answered, and decides after that", () => {
    const { cluster, settles, gone } = goneOfFour();
    cluster.host(gone).startDaemon();
    cluster.runFor(60_000);
    expect(cluster.trace.lines().filter((line) => line.includes("warn fencing: "))).toEqual([]);
    expect(activeOn(cluster, gone)).toEqual([]);
    expect(settles(10_000, without(gone))).toBe(true);
    expect(powerOf(cluster)).toEqual([]);
  });

  test("fences nobody that it comes to hear before it has", () => {
    const { cluster, settles, gone } = goneOfFour();
    cluster.network.partition([[gone], without(gone)], cluster.links);
    cluster.host(gone).startDaemon();
    cluster.runFor(10_000);
    expect(cluster.trace.lines().join("\n")).toMatch(
      new RegExp(`${gone} .*warn fencing: reboot of `),
    );
    cluster.network.healAll();
    cluster.runFor(60_000);
    expect(activeOn(cluster, gone)).toEqual([]);
    expect(settles(10_000, without(gone))).toBe(true);
    expect(powerOf(cluster)).toEqual([]);
  });
});

describe("one of two that was taken out, and is to fence the other for quorum", () => {
  function goneOfTwo() {
    const [stays, gone] = ["node1", "node2"] as const;
    const quorum = `ping-targets: [${GATEWAY}]`;
    const define = (names: readonly string[]) =>
      smallDefinition(names).replace("resources:", `quorum: { ${quorum} }\nresources:`);
    const built = smallCluster(
      5,
      { ...profileOf("fencing", 2), shape: { quorum: [quorum] } },
      define,
    );
    takeOut(built, gone, stays, define([stays]));
    return { cluster: built.cluster, stays, gone };
  }

  function expectPeace({ cluster, stays, gone }: ReturnType<typeof goneOfTwo>): void {
    cluster.runFor(60_000);
    expect(activeOn(cluster, gone)).toEqual([]);
    expect(activeOn(cluster, stays)).toEqual(["r1", "r2"]);
    expect(powerOf(cluster)).toEqual([]);
  }

  test("leaves it alone", () => {
    const built = goneOfTwo();
    built.cluster.host(built.gone).startDaemon();
    expectPeace(built);
  });

  test("leaves it alone, too, if it comes to hear it before it has", () => {
    const built = goneOfTwo();
    const { cluster, stays, gone } = built;
    cluster.network.partition([[gone], [stays]], cluster.links);
    cluster.host(gone).startDaemon();
    const isAsked = () => cluster.trace.lines().some((line) => line.includes("warn fencing: "));
    expect(cluster.runUntil(isAsked, 10_000)).toBe(true);
    cluster.network.healAll();
    expectPeace(built);
  });
});
