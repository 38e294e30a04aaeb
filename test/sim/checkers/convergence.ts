import type { SimulatedCluster } from "../simulated-cluster.ts";
import type { Checker } from "./checker.ts";

export interface Expected {
  /** Exclusive resources that must run, each on exactly one host. */
  readonly running: readonly string[];
  /** The hosts that take part; default: all. */
  readonly hosts?: readonly string[];
}

/** Once faults have stopped: one view, one DC, one CIB, nothing left to do, all resources up. */
export class Convergence implements Checker {
  readonly name = "convergence";
  readonly #expected: Expected;

  constructor(expected: Expected) {
    this.#expected = expected;
  }

  atEnd(cluster: SimulatedCluster): string | undefined {
    return whatIsMissing(cluster, this.#expected);
  }
}

/** Why the cluster has not settled yet; undefined if it has. */
export function whatIsMissing(cluster: SimulatedCluster, expected: Expected): string | undefined {
  const { hosts: wanted } = expected;
  const hosts = cluster.hosts.filter(({ name }) => wanted?.includes(name) !== false);
  const names = hosts.map((host) => host.name).sort();
  const seen = hosts.map((host) => ({ host, state: cluster.observe(host) }));
  for (const { host, state } of seen) {
    if (state === undefined) return `${host.name} has no running daemon (${host.exitReason ?? ""})`;
    const members = [...state.members].sort().join(" ");
    if (members !== names.join(" ")) return `${host.name} sees only ${members}`;
    if (!state.quorate) return `${host.name} has no quorum`;
  }
  const leaders = seen.filter(({ state }) => state?.leads).map(({ host }) => host.name);
  if (leaders.length !== 1) return `DCs: ${leaders.join(" ") || "none"}`;
  for (const { host, state } of seen) {
    if (state?.dc !== leaders[0]) return `${host.name} follows ${state?.dc || "nobody"}`;
  }
  const indexes = new Set(seen.map(({ state }) => state?.cibIndex));
  if (indexes.size !== 1) return `CIB indexes differ: ${[...indexes].join(" ")}`;
  if (!seen.some(({ state }) => state?.leads && state.settled)) return "the DC has more to do";
  for (const resource of expected.running) {
    const where = cluster.hosts.filter((host) => host.world.active().has(resource));
    if (where.length !== 1) {
      return `${resource} runs on ${where.map((host) => host.name).join(" ") || "no host"}`;
    }
  }
  return undefined;
}
