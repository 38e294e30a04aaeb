import { describe, expect, test } from "vitest";
import type { StatusReport } from "../../src/model/status-report.ts";
import type { Profile } from "./cluster-simulation.ts";
import type { ClusterShape } from "./drawn-cluster.ts";
import { profileOf, type SmallCluster, smallCluster, statusOf } from "./small-cluster.ts";

/*
 * Every option of quorum in one course of events that shows what it is for. Short names: "12|34" is a
 * cut between node1 node2 and node3 node4. The checkers of the simulation watch all of it.
 */

const TIMEOUT_MS = 120_000;

function build(count: number, shape: ClusterShape, more: Partial<Profile> = {}): SmallCluster {
  return smallCluster(1, { ...profileOf("calm", count), intervalMs: 100, shape, ...more });
}

/** That cluster, settled. */
function settled(count: number, shape: ClusterShape, more: Partial<Profile> = {}): SmallCluster {
  const built = build(count, shape, more);
  built.cluster.startAll();
  expect(built.settles(30_000)).toBe(true);
  return built;
}

function cut({ cluster }: SmallCluster, how: string): void {
  const groups = how.split("|").map((digits) => [...digits].map((digit) => `node${digit}`));
  cluster.network.partition(groups, cluster.links);
}

/** Who has quorum, as digits: "12". */
function quorate({ cluster }: SmallCluster): string {
  const names = cluster.hosts.filter((host) => cluster.observe(host)?.quorate);
  return names.map((host) => host.name.replace("node", "")).join("");
}

/** Who decides, as `status` says it on that node. */
function decidersBy({ cluster }: SmallCluster, name: string) {
  let report: StatusReport | undefined;
  cluster.host(name).request({ method: "status" }, (reply) => {
    report = reply.ok ? (reply.result as StatusReport) : undefined;
  });
  expect(cluster.runUntil(() => report !== undefined, 5_000)).toBe(true);
  const { dc, acting, nodes } = report!;
  return { dc, acting, isDc: nodes.filter((node) => node.isDc).map((node) => node.name) };
}

/** How many resources are active on these nodes. */
function activeOn({ cluster }: SmallCluster, digits: string): number {
  return [...digits].reduce((sum, n) => sum + cluster.host(`node${n}`).world.active().size, 0);
}

describe("who goes on after an even split", { timeout: TIMEOUT_MS }, () => {
  test("nobody, where nothing decides it", () => {
    const built = settled(4, {});
    cut(built, "12|34");
    built.cluster.runFor(10_000);
    expect(quorate(built)).toBe("");
  });

  test.each([
    ["lowest", "14|23", "14"],
    ["highest", "14|23", "14"],
    ["highest", "12|34", "34"],
    ["node2", "14|23", "23"],
  ])("auto-tie-breaker-node %s: of %s it is %s", (node, how, who) => {
    const built = settled(4, { quorum: [`auto-tie-breaker-node: ${node}`] });
    cut(built, how);
    built.cluster.runFor(10_000);
    expect(quorate(built)).toBe(who);
  });

  test.each(["arbiter: 10.9.9.9", "disk: /dev/shared"])("%s: one half, and only one", (line) => {
    const built = settled(4, { quorum: [line] });
    cut(built, "12|34");
    built.cluster.runFor(15_000);
    expect(["12", "34"]).toContain(quorate(built));
    expect(activeOn(built, quorate(built))).toBe(built.expected.running.length);
    built.cluster.network.healAll();
    expect(built.settles(30_000)).toBe(true);
  });

  test("arbiter: only a half that reaches it", () => {
    const built = settled(4, { quorum: ["arbiter: 10.9.9.9"] });
    for (const name of ["node1", "node2"]) built.cluster.tieBreakers.cutOff(name);
    cut(built, "12|34");
    built.cluster.runFor(15_000);
    expect(quorate(built)).toBe("34");
  });

  test("arbiter: nobody while it is down, one half once it is back", () => {
    const built = settled(4, { quorum: ["arbiter: 10.9.9.9"] });
    built.cluster.tieBreakers.isDown = true;
    cut(built, "12|34");
    built.cluster.runFor(15_000);
    expect(quorate(built)).toBe("");
    built.cluster.tieBreakers.isDown = false;
    built.cluster.runFor(15_000);
    expect(["12", "34"]).toContain(quorate(built));
  });

  test("two-node with fencing: the one that fences the other", () => {
    const built = settled(2, { quorum: ["two-node: true"], properties: [] }, { fencing: true });
    cut(built, "1|2");
    const { cluster } = built;
    const isAlone = () => quorate(built).length === 1;
    expect(cluster.runUntil(isAlone, 30_000)).toBe(true);
    expect(cluster.runUntil(() => activeOn(built, quorate(built)) > 0, 5_000)).toBe(true);
  });

  test("two-node with fencing: until the other is fenced the survivor keeps what it runs", () => {
    const built = settled(2, { quorum: ["two-node: true"], properties: [] }, { fencing: true });
    const { cluster } = built;
    const before = cluster.hosts.map((host) => new Map(host.world.active()));
    cut(built, "1|2");
    expect(cluster.runUntil(() => quorate(built).length === 1, 30_000)).toBe(true);
    const survivor = cluster.hosts.findIndex((host) => cluster.observe(host)?.quorate);
    const kept = [...before[survivor]!];
    expect(kept.length).toBeGreaterThan(0);
    const now = cluster.hosts[survivor]!.world.active();
    expect(kept.filter(([id, { since }]) => now.get(id)?.since !== since)).toEqual([]);
  });

  test("a witness: the side that it is on, and it runs nothing", () => {
    const built = settled(3, { nodeExtra: new Map([["node3", ", role: witness"]]) });
    expect(activeOn(built, "3")).toBe(0);
    // That it runs nothing is its purpose, and no reason to warn for ever.
    const said = statusOf(built.cluster).warnings.map(({ message }) => message);
    expect(said.filter((message) => message.includes("node3"))).toEqual([]);
    cut(built, "1|23");
    built.cluster.runFor(10_000);
    expect(quorate(built)).toBe("23");
    expect(activeOn(built, "2")).toBe(built.expected.running.length);
    expect(activeOn(built, "13")).toBe(0);
  });

  test("votes: three of one node outweigh two others", () => {
    const built = settled(3, { nodeExtra: new Map([["node1", ", votes: 3"]]) });
    cut(built, "1|23");
    built.cluster.runFor(10_000);
    expect(quorate(built)).toBe("1");
  });
});

describe("how few may go on", { timeout: TIMEOUT_MS }, () => {
  function loseOneByOne(built: SmallCluster, digits: string): void {
    for (const digit of digits) {
      built.cluster.host(`node${digit}`).powerOff();
      built.cluster.runFor(8_000);
    }
  }

  test("a majority, without more", () => {
    const built = settled(5, {});
    loseOneByOne(built, "54");
    expect(quorate(built)).toBe("123");
    loseOneByOne(built, "3");
    expect(quorate(built)).toBe("");
  });

  test("last-man-standing: two, one after the other", () => {
    const quorum = ["last-man-standing: true", "last-man-standing-window: 2s"];
    const built = settled(5, { quorum });
    loseOneByOne(built, "543");
    expect(quorate(built)).toBe("12");
    expect(activeOn(built, "12")).toBe(built.expected.running.length);
  });

  test("last-man-standing: not when a majority goes at once", () => {
    const quorum = ["last-man-standing: true", "last-man-standing-window: 2s"];
    const built = settled(5, { quorum });
    for (const digit of "543") built.cluster.host(`node${digit}`).powerOff();
    built.cluster.runFor(20_000);
    expect(quorate(built)).toBe("");
  });

  test("wait-for-all: none before all were there, a majority afterwards", () => {
    const built = build(3, { quorum: ["wait-for-all: true"] });
    const { cluster } = built;
    for (const name of ["node1", "node2"]) cluster.host(name).startDaemon();
    cluster.runFor(10_000);
    expect(quorate(built)).toBe("");
    expect(activeOn(built, "12")).toBe(0);
    cluster.host("node3").startDaemon();
    expect(built.settles(30_000)).toBe(true);
    cluster.host("node3").powerOff();
    cluster.runFor(10_000);
    expect(quorate(built)).toBe("12");
  });
});

describe("what runs without quorum", { timeout: TIMEOUT_MS }, () => {
  /** Five nodes, of which the two that run everything are cut off. */
  function cutOff(policy: string, more: Partial<Profile> = {}): SmallCluster {
    const built = settled(5, { properties: [`no-quorum-policy: ${policy}`] }, more);
    const { cluster, expected } = built;
    for (const target of expected.running) {
      const id = `migrate:${target}`;
      const override = { id, kind: "migrate", target, node: "node4", author: "t" } as const;
      cluster.hosts[0]!.request({ method: "override-set", override }, () => {});
    }
    expect(cluster.runUntil(() => activeOn(built, "4") === expected.running.length, 10_000)).toBe(
      true,
    );
    expect(built.settles(30_000)).toBe(true);
    cut(built, "123|45");
    cluster.runFor(10_000);
    return built;
  }

  test("stop: nothing", () => {
    const built = cutOff("stop");
    expect(activeOn(built, "45")).toBe(0);
    expect(activeOn(built, "123")).toBe(built.expected.running.length);
  });

  test("freeze: what ran there", () => {
    expect(activeOn(cutOff("freeze"), "45")).toBeGreaterThan(0);
  });

  test("ignore: everything, on both sides", () => {
    const built = cutOff("ignore");
    expect(activeOn(built, "45")).toBe(built.expected.running.length);
    expect(activeOn(built, "123")).toBe(built.expected.running.length);
  });

  test("demote: what is not promotable stops", () => {
    expect(activeOn(cutOff("demote"), "45")).toBe(0);
  });

  test.each(["freeze", "suicide"])(
    "%s with fencing: the side with quorum fences first",
    (policy) => {
      const built = cutOff(policy, { fencing: true });
      expect(built.cluster.runUntil(() => activeOn(built, "123") > 0, 20_000)).toBe(true);
    },
  );
});

describe("what status says of who decides", { timeout: TIMEOUT_MS }, () => {
  test.each([
    ["stop", []],
    ["ignore", ["no-quorum-policy: ignore"]],
  ])(
    "no-quorum-policy %s: the DC is that of the majority; the others name who acts",
    (_policy, properties) => {
      const built = settled(5, { properties });
      cut(built, "12|345");
      built.cluster.runFor(15_000);
      const said = built.cluster.hosts.map((host) => decidersBy(built, host.name));
      expect(said.slice(0, 2)).toEqual(Array(2).fill({ dc: null, acting: "node1", isDc: [] }));
      const { dc } = said[2]!;
      expect(["node3", "node4", "node5"]).toContain(dc);
      expect(said.slice(2)).toEqual(Array(3).fill({ dc, acting: null, isDc: [dc] }));
    },
  );
});

describe("two that don't hear each other, while all others hear both", {
  timeout: TIMEOUT_MS,
}, () => {
  test.each([3, 4, 5, 7])("of %i nodes one is left out, and that stays so", (count) => {
    const built = settled(count, {});
    const { cluster } = built;
    cluster.network.partition([["node1"], ["node2"]], cluster.links);
    cluster.runFor(10_000);
    const who = quorate(built);
    const terms = () => cluster.hosts.map((host) => cluster.observe(host)?.term);
    const before = terms();
    expect(who).toHaveLength(count - 1);
    for (let i = 0; i < 40; i++) {
      cluster.runFor(500);
      expect(quorate(built)).toBe(who);
    }
    expect(terms()).toEqual(before);
    cluster.network.healAll();
    expect(built.settles(30_000)).toBe(true);
  });

  test("one direction only is no better", () => {
    const built = settled(5, {});
    built.cluster.network.cutBetween(["node1"], ["node2"], built.cluster.links);
    built.cluster.runFor(15_000);
    expect(quorate(built)).toHaveLength(4);
  });
});
