import { describe, expect, test } from "vitest";
import type { Override } from "../../src/model/cib.ts";
import { overrideId } from "../../src/model/override-id.ts";
import type { SimulatedCluster } from "./simulated-cluster.ts";
import { asked, busyHostOf, clusterAtHome, dcOf, HOME, statusOf } from "./small-cluster.ts";

/*
 * What is set by hand for a while ends by itself: nobody has to remember it.
 */

const LASTS_MS = 5_000;

/** What is set; `node` as a migrate has it is one that is neither home nor the DC. */
type What = Pick<Override, "kind" | "node"> & { readonly target?: string };

function runsOn(cluster: SimulatedCluster, node: string, withinMs: number): boolean {
  return cluster.runUntil(() => busyHostOf(cluster)?.name === node, withinMs);
}

/** Sets it for a while; returns when it ends, in true time. */
function setForAWhile(cluster: SimulatedCluster, { target = "r1", kind, ...what }: What): number {
  const other = cluster.hosts.find((host) => host.name !== HOME && host !== dcOf(cluster))!;
  const node = kind === "migrate" ? other.name : what.node;
  const override = {
    ...{ id: overrideId(kind, target, node), kind, target, author: "jo" },
    ...(node === undefined ? {} : { node }),
    expires: dcOf(cluster).wall() + LASTS_MS,
  };
  const ends = cluster.queue.now + LASTS_MS;
  expect(asked(cluster, { method: "override-set", override })).toMatchObject({ ok: true });
  return ends;
}

/** The resource goes somewhere else. */
function goesAway(cluster: SimulatedCluster): boolean {
  return cluster.runUntil(() => ![undefined, HOME].includes(busyHostOf(cluster)?.name), 2_000);
}

function overridesOf(cluster: SimulatedCluster): (readonly Override[] | undefined)[] {
  return cluster.hosts.flatMap((host) =>
    host.daemon === undefined ? [] : [cluster.observe(host)?.cib?.overrides],
  );
}

const KINDS: readonly (readonly [string, What])[] = [
  ["a ban", { kind: "ban", node: HOME }],
  ["a migrate", { kind: "migrate" }],
  ["a standby", { kind: "standby", target: HOME }],
];

describe.each(KINDS)("%s with an expiry", (_, what) => {
  test("ends then and not before, and the resource is back at home", () => {
    const cluster = clusterAtHome();
    const ends = setForAWhile(cluster, what);
    expect(goesAway(cluster)).toBe(true);
    cluster.runFor(ends - cluster.queue.now - 100);
    expect(busyHostOf(cluster).name).not.toBe(HOME);
    expect(runsOn(cluster, HOME, 1_000)).toBe(true);
    cluster.runFor(1_000);
    expect(overridesOf(cluster)).toEqual([[], [], []]);
    expect(statusOf(cluster).transition.state).toBe("idle");
  });

  test("ends although the DC that took it is gone by then", () => {
    const cluster = clusterAtHome();
    const ends = setForAWhile(cluster, what);
    expect(goesAway(cluster)).toBe(true);
    const first = dcOf(cluster);
    first.deliver({ kind: "shutdown", mode: "leave" });
    const isNew = () => dcOf(cluster) !== undefined && dcOf(cluster) !== first;
    expect(cluster.runUntil(isNew, 3_000)).toBe(true);
    expect(busyHostOf(cluster).name).not.toBe(HOME);
    cluster.runFor(ends - cluster.queue.now);
    expect(runsOn(cluster, HOME, 2_000)).toBe(true);
    cluster.runFor(1_000);
    expect(overridesOf(cluster)).toEqual([[], []]);
  });
});

test("one that makes no difference ends as well", () => {
  const cluster = clusterAtHome();
  setForAWhile(cluster, { kind: "ban", node: "node2" });
  cluster.runFor(LASTS_MS - 500);
  expect(statusOf(cluster).overrides).toHaveLength(1);
  cluster.runFor(1_500);
  expect(overridesOf(cluster)).toEqual([[], [], []]);
  expect(busyHostOf(cluster).name).toBe(HOME);
});
