import { describe, expect, test } from "vitest";
import { loadDefinition } from "../../src/config/load-definition.ts";
import { loadRaftState } from "../../src/consensus/raft-codec.ts";
import type { LoadedRaft } from "../../src/consensus/raft-types.ts";
import { NodeMachine } from "../../src/controller/node-machine.ts";
import { SeededRandom } from "../../src/core/random.ts";
import { plan } from "../../src/policy/make-plan.ts";
import { CibIndexNeverBack } from "./checkers/cib-index-never-back.ts";
import { CibNeverForks } from "./checkers/cib-never-forks.ts";
import { FrameOnce } from "./checkers/frame-once.ts";
import { OneDcPerTerm } from "./checkers/one-dc-per-term.ts";
import { ComposedDaemon } from "./composed-daemon.ts";
import { newMessaging } from "./replica-simulation.ts";
import { addressOf, type ObservedDaemon, SimulatedCluster } from "./simulated-cluster.ts";
import type { SimulatedHost } from "./simulated-host.ts";

/** Two or four nodes whose even splits an arbiter or a disk decides. */
class SplitLab {
  readonly cluster: SimulatedCluster;
  readonly names: readonly string[];
  readonly #random: SeededRandom;

  constructor(seed: number) {
    const random = new SeededRandom(seed);
    this.#random = random;
    const count = random.below(3) < 2 ? 2 : 4;
    const names = Array.from({ length: count }, (_, i) => `node${i + 1}`);
    this.names = names;
    const means = random.below(2) === 0 ? "arbiter: 10.9.9.9" : "disk: /dev/shared";
    const nodes = names.map((name) => `  ${name}: ${addressOf(names, name, 0)}`);
    const text = `cluster: sim
nodes:
${nodes.join("\n")}
quorum: { ${means} }
properties: { fencing-enabled: false }
resources: { r1: { agent: dummy } }
`;
    const { definition } = loadDefinition(text);
    const frames = new FrameOnce();
    const newDaemon = (host: SimulatedHost, incarnation: number): ObservedDaemon => {
      const node = new NodeMachine({
        self: host.name,
        incarnation,
        definition: definition!,
        stored: stateOf(host),
        planner: (policy, status, now) => plan(policy, status, now),
        environment: { ocfRoot: "/usr/lib/ocf", runDir: "/run/paceline" },
        version: "0.0.0",
        now: host.now(),
        wall: host.wall(),
      });
      const salt = random.below(2 ** 48);
      const messaging = newMessaging(node.messagingConfig(), incarnation, salt, host.now(), frames);
      return {
        daemon: new ComposedDaemon(messaging, node),
        observe: () => observation(host, node),
      };
    };
    const checkers = [frames, new OneDcPerTerm(), new CibNeverForks(), new CibIndexNeverBack()];
    this.cluster = new SimulatedCluster({
      names,
      links: 1,
      seed,
      checkers,
      traceLimit: 0,
      newDaemon,
    });
    this.cluster.startAll();
  }

  leaders(): readonly string[] {
    const leading = this.cluster.hosts.filter((host) => this.cluster.observe(host)?.leads);
    return leading.map((host) => host.name);
  }

  /** All are members of one view with one DC again. */
  makeWhole(): void {
    const { hosts, network, tieBreakers } = this.cluster;
    tieBreakers.mendAll();
    network.healAll();
    for (const host of hosts) host.startDaemon();
    const isWhole = () =>
      this.leaders().length === 1 &&
      hosts.every((host) => this.cluster.observe(host)?.members.length === hosts.length);
    expect(this.cluster.runUntil(isWhole, 30_000)).toBe(true);
    // The register is brought up to date, votes count again, everybody has heard of it.
    this.cluster.runFor(2_500);
  }

  /** Cuts the cluster in two halves; returns how many of them had a DC, at every look from 1.5 s on. */
  split(isRough: boolean): number[] {
    const { hosts, network, tieBreakers } = this.cluster;
    const random = this.#random;
    const partner = this.names.length === 2 ? 0 : 1 + random.below(3);
    const side = this.names.filter((_, i) => i === 0 || i === partner);
    const other = this.names.filter((name) => !side.includes(name));
    if (isRough) this.#roughen();
    network.partition([side, other], 1);
    if (isRough && random.below(3) === 0) {
      this.cluster.runFor(random.below(2_500));
      const host = hosts[random.below(hosts.length)]!;
      host.crashDaemon();
      this.cluster.runFor(300);
      host.startDaemon();
    }
    if (isRough && random.below(10) === 0) tieBreakers.forget();
    this.cluster.runFor(1_500);
    return Array.from({ length: 20 }, () => {
      this.cluster.runFor(100);
      const leading = this.leaders();
      return [side, other].filter((half) => half.some((name) => leading.includes(name))).length;
    });
  }

  #roughen(): void {
    const { tieBreakers } = this.cluster;
    for (const name of this.names) if (this.#random.below(3) === 0) tieBreakers.cutOff(name);
    tieBreakers.isPoor = this.#random.below(4) === 0;
    tieBreakers.isDown = this.#random.below(8) === 0;
  }
}

function stateOf(host: SimulatedHost): LoadedRaft {
  const loaded = loadRaftState(host.disk.contents());
  if (!loaded.ok) throw new Error(`the state of ${host.name} is damaged: ${loaded.key}`);
  return loaded.state;
}

function observation(
  host: SimulatedHost,
  node: NodeMachine,
): ReturnType<ObservedDaemon["observe"]> {
  const { term, leads, follows, view, cib, settled } = node.observe();
  return {
    term,
    leads,
    dc: follows ?? "",
    quorate: view?.quorum.quorate ?? false,
    members: view?.members ?? [host.name],
    cibIndex: cib.index,
    cibText: () => JSON.stringify(cib),
    cib,
    settled,
  };
}

describe("even splits with an arbiter or a disk", { timeout: 120_000 }, () => {
  test.each([1, 2, 3, 4, 5, 6])("one half goes on and never both (seed %i)", (seed) => {
    const lab = new SplitLab(seed);
    lab.makeWhole();
    for (let round = 0; round < 5; round++) {
      const isRough = round % 2 === 1;
      const sides = lab.split(isRough);
      expect(Math.max(...sides)).toBeLessThanOrEqual(1);
      // Both halves reach the tie-breaker, so one of them has its word.
      if (!isRough) expect(sides.at(-1)).toBe(1);
      lab.makeWhole();
    }
  });
});
