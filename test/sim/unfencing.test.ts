import { describe, expect, test } from "vitest";
import type { FenceAgentFacts } from "../../src/fencing/fence-types.ts";
import { bmcOf, gateOf } from "./power-plant.ts";
import type { SimulatedCluster } from "./simulated-cluster.ts";
import {
  busyHostOf,
  dcOf,
  powerControllers,
  profileOf,
  smallCluster,
  smallDefinition,
  statusOf,
} from "./small-cluster.ts";

const NAMES = ["node1", "node2", "node3"];

interface Gates {
  /** Who starts at first; default: all. */
  readonly first?: readonly string[];
  readonly agent?: string;
  readonly options?: string;
  readonly broken?: readonly string[];
  readonly facts?: ReadonlyMap<string, FenceAgentFacts>;
}

/**
 * Three nodes with a power controller each, and a gate each to a shared disk, that are fenced by both
 * or by the gate. What starts while its node's gate is shut is a violation.
 */
function gatedCluster(gates: Gates) {
  const { agent = "exec", options = "provides: unfencing", broken, facts } = gates;
  const params = "params: { off: x, on: x, status: x }";
  const gateLines = NAMES.map(
    (name) =>
      `    ${gateOf(name)}: { agent: ${agent}, targets: [${name}], ${params}, options: { ${options} } }\n`,
  );
  const levels = NAMES.map((name) => `${name}: [[${bmcOf(name)}, ${gateOf(name)}]]`).join(", ");
  const devices = `${gateLines.join("")}${powerControllers(NAMES)}`;
  const fencing = `  topology: { ${levels} }\n  devices:\n${devices}`;
  const { cluster, settles, expected } = smallCluster(5, profileOf("fencing", 3), (names) =>
    smallDefinition(names, { fencing }),
  );
  const shut: string[] = [];
  for (const host of cluster.hosts) {
    host.world.faults = (name, resource, action) => {
      if (action === "start" && !cluster.power.isOpen(name)) shut.push(`${resource} on ${name}`);
      return undefined;
    };
  }
  for (const name of broken ?? []) cluster.power.setMood(gateOf(name), "fails");
  for (const name of gates.first ?? NAMES) cluster.host(name).startDaemon();
  if (facts !== undefined) {
    for (const host of cluster.hosts) host.deliver({ kind: "fence-agents", facts });
  }
  return { cluster, settles, shut, expected };
}

/** The whole report as text: the name of a field in it is not the point. */
const reportOf = (cluster: SimulatedCluster): string => JSON.stringify(statusOf(cluster));

describe("unfencing", () => {
  test("every node is let in before anything starts on it, by one node, the DC of that time", () => {
    const { cluster, settles, shut } = gatedCluster({});
    expect(settles(30_000)).toBe(true);
    expect(shut).toEqual([]);
    const [by, ...others] = new Set(cluster.power.opened.map((line) => line.split(" by ")[1]));
    expect(others).toEqual([]);
    const office = cluster.trace.lines().find((line) => line.includes("is the DC of term"));
    expect(office).toContain(`${by} is the DC`);
    expect(cluster.power.opened.length).toBe(3);
    expect(reportOf(cluster)).toMatch(/("#node-unfenced":"\d+".*){3}/);
  });

  test("without quorum nobody is let in; with it every node once", () => {
    const options = "provides: unfencing, on-target: true";
    const { cluster, settles, shut } = gatedCluster({ options, first: ["node2"] });
    cluster.runFor(20_000);
    expect(cluster.power.opened).toEqual([]);
    for (const name of ["node1", "node3"]) cluster.host(name).startDaemon();
    expect(settles(30_000)).toBe(true);
    expect([...cluster.power.opened].sort()).toEqual(NAMES.map((name) => `${name} by ${name}`));
    expect(shut).toEqual([]);
  });

  test("a node that waits for quorum to be let in can leave", () => {
    const { cluster } = gatedCluster({ first: ["node2"] });
    cluster.runFor(20_000);
    const waiting = cluster.host("node2");
    waiting.deliver({ kind: "shutdown", mode: "leave" });
    expect(cluster.runUntil(() => waiting.daemon === undefined, 5_000)).toBe(true);
    expect(cluster.power.opened).toEqual([]);
  });

  test("on-target: every node lets itself in", () => {
    const options = "provides: unfencing, on-target: true";
    const { cluster, settles, shut } = gatedCluster({ options });
    expect(settles(30_000)).toBe(true);
    expect(shut).toEqual([]);
    expect([...cluster.power.opened].sort()).toEqual(NAMES.map((name) => `${name} by ${name}`));
  });

  test("what the metadata of the agent says counts where the definition says nothing", () => {
    const facts = new Map([["fence_gate", { unfences: true, onTarget: true }]]);
    const { cluster, settles, shut } = gatedCluster({ agent: "fence_gate", options: "", facts });
    expect(settles(30_000)).toBe(true);
    expect(shut).toEqual([]);
    expect([...cluster.power.opened].sort()).toEqual(NAMES.map((name) => `${name} by ${name}`));
  });

  test("a fenced node stays shut out until it joins again; nobody else is asked anew", () => {
    const { cluster, settles, shut } = gatedCluster({});
    expect(settles(30_000)).toBe(true);
    const lost = busyHostOf(cluster);
    const before = cluster.power.opened.length;
    lost.pause(120_000);
    expect(cluster.runUntil(() => !cluster.power.isOpen(lost.name), 30_000)).toBe(true);
    expect(settles(60_000)).toBe(true);
    expect(shut).toEqual([]);
    const since = cluster.power.opened.slice(before).map((line) => line.split(" ")[0]);
    expect(since).toEqual([lost.name]);
  });

  test("a gate that does not open: nothing starts there, status says why, and it is mended by itself", () => {
    const { cluster, settles, shut } = gatedCluster({ broken: ["node1", "node2"] });
    cluster.runFor(30_000);
    expect([cluster.power.isOpen("node1"), cluster.power.isOpen("node3")]).toEqual([false, true]);
    expect(shut).toEqual([]);
    expect(reportOf(cluster)).toMatch(/unfencing of node1 failed.*the gate is jammed/);
    for (const name of NAMES) cluster.power.setMood(gateOf(name), "works");
    cluster.runFor(70_000);
    expect(settles(30_000)).toBe(true);
    expect(NAMES.every((name) => cluster.power.isOpen(name))).toBe(true);
    expect(reportOf(cluster)).not.toContain("unfencing of");
    expect(shut).toEqual([]);
  });

  test("another DC, or a changed password, lets nobody in anew; another device does", () => {
    const { cluster, settles, shut } = gatedCluster({ agent: "fence_gate" });
    expect(settles(30_000)).toBe(true);
    const before = cluster.power.opened.length;
    const old = dcOf(cluster);
    old.deliver({ kind: "shutdown", mode: "stop" });
    expect(
      cluster.runUntil(() => dcOf(cluster) !== undefined && dcOf(cluster) !== old, 30_000),
    ).toBe(true);
    cluster.runFor(20_000);
    expect(settles(30_000)).toBe(true);
    const others = () =>
      cluster.power.opened.slice(before).filter((line) => !line.startsWith(old.name));
    expect(others()).toEqual([]);
    const apply = (text: string) => {
      dcOf(cluster).request({ method: "config-apply", text, author: "t" }, (reply) => {
        expect(reply.ok).toBe(true);
      });
      cluster.runFor(5_000);
      expect(settles(30_000)).toBe(true);
    };
    const text = dcOf(cluster).definitionText as string;
    const secret = text.replaceAll("status: x }, options", "status: x, password: p }, options");
    apply(secret);
    expect(others()).toEqual([]);
    apply(secret.replaceAll("on: x, status: x, password", "on: y, status: x, password"));
    expect(others().length).toBe(2);
    expect(shut).toEqual([]);
  });
});
