import { loadDefinition } from "../../src/config/load-definition.ts";
import { loadRaftState } from "../../src/consensus/raft-codec.ts";
import type { Planner } from "../../src/controller/coordinator.ts";
import { NodeMachine } from "../../src/controller/node-machine.ts";
import { SeededRandom } from "../../src/core/random.ts";
import type { Millis } from "../../src/core/units.ts";
import type { Cib } from "../../src/model/cib.ts";
import type { Definition } from "../../src/model/definition.ts";
import { plan } from "../../src/policy/plan.ts";
import { AcknowledgedWrites } from "./checkers/acknowledged-writes.ts";
import { ActiveOnce } from "./checkers/active-once.ts";
import { ChannelOrder } from "./checkers/channel-order.ts";
import type { Checker, NodeObservation } from "./checkers/checker.ts";
import { CibIndexNeverBack } from "./checkers/cib-index-never-back.ts";
import { CibNeverForks } from "./checkers/cib-never-forks.ts";
import { Convergence, whatIsMissing } from "./checkers/convergence.ts";
import { OneDcPerTerm } from "./checkers/one-dc-per-term.ts";
import { UnknownIsNotStopped } from "./checkers/unknown-is-not-stopped.ts";
import { ComposedDaemon, type NodeLayer } from "./composed-daemon.ts";
import { type FaultKind, heal, unleash } from "./fault-schedule.ts";
import { newMessaging } from "./replica-simulation.ts";
import { addressOf, type ObservedDaemon, SimulatedCluster } from "./simulated-cluster.ts";
import type { SimulatedHost } from "./simulated-host.ts";

/** What kind of cluster is simulated, and what may go wrong in it. */
export interface Profile {
  readonly name: string;
  readonly nodes: readonly [number, number];
  readonly kinds: readonly FaultKind[];
  readonly fencing: boolean;
  /** Longest time that an exclusive resource may be active twice. */
  readonly overlapMaxMs: Millis;
  /** Whether to check that nothing starts where it might still run elsewhere. */
  readonly checksUnknown: boolean;
  readonly faultyMs: Millis;
  readonly recoveryMaxMs: Millis;
}

export interface ClusterRun {
  readonly seed: number;
  readonly profile: Profile;
  readonly traceLimit?: number;
  readonly planner?: Planner;
  /** Puts something in the way of the node, for tests of the checkers. */
  readonly wrap?: (node: NodeLayer) => NodeLayer;
  readonly prepare?: (cluster: SimulatedCluster) => void;
}

export interface ClusterResult {
  readonly cluster: SimulatedCluster;
  readonly acknowledged: number;
  readonly recoveryMs: Millis;
}

const realPlanner: Planner = (definition, status, now) => plan(definition, status, now);

interface Draw {
  readonly names: readonly string[];
  readonly links: number;
  readonly resources: readonly string[];
  readonly definition: Definition;
}

/** The cluster that this seed draws: its size, links, transport and interval. */
function draw(random: SeededRandom, profile: Profile): Draw {
  const [min, max] = profile.nodes;
  const count = min + random.below(max - min + 1);
  const names = Array.from({ length: count }, (_, i) => `node${i + 1}`);
  const links = 1 + random.below(2);
  const resources = Array.from({ length: 1 + random.below(4) }, (_, i) => `r${i + 1}`);
  const text = definitionText(names, links, resources, {
    transport: random.next() < 0.5 ? "unicast" : "multicast",
    intervalMs: [50, 100, 500][random.below(3)]!,
    fencing: profile.fencing,
  });
  const { definition, diagnostics } = loadDefinition(text);
  if (definition === undefined) throw new Error(JSON.stringify(diagnostics, undefined, 1));
  return { names, links, resources, definition };
}

function definitionText(
  names: readonly string[],
  links: number,
  resources: readonly string[],
  settings: {
    readonly transport: string;
    readonly intervalMs: Millis;
    readonly fencing: boolean;
  },
): string {
  const addresses = (name: string) =>
    Array.from({ length: links }, (_, link) => addressOf(names, name, link)).join(", ");
  return [
    "cluster: sim",
    "nodes:",
    ...names.map((name) => `  ${name}: { addresses: [${addresses(name)}] }`),
    `messaging: { transport: ${settings.transport}, advert-interval: ${settings.intervalMs}ms }`,
    `properties: { fencing-enabled: ${settings.fencing}, no-quorum-policy: stop }`,
    "resources:",
    ...resources.map(
      (name) =>
        `  ${name}: { agent: ocf:paceline:dummy, operations: { monitor: { interval: 10s } } }`,
    ),
    ...(settings.fencing ? fencingText(names) : []),
    "",
  ].join("\n");
}

function fencingText(names: readonly string[]): string[] {
  return [
    "fencing:",
    "  devices:",
    ...names.map(
      (name, i) =>
        `    power${i + 1}: { agent: ipmi, targets: [${name}], params: { address: 10.79.0.${i + 1}, username: admin, password-file: /etc/paceline/bmc.pass } }`,
    ),
  ];
}

function newDaemon(
  run: ClusterRun,
  drawn: Draw,
  random: SeededRandom,
  host: SimulatedHost,
  incarnation: number,
): ObservedDaemon {
  const loaded = loadRaftState(host.disk.contents());
  if (!loaded.ok) throw new Error(`${host.name} finds its state damaged: ${loaded.key}`);
  const local =
    host.definitionText === undefined ? undefined : loadDefinition(host.definitionText).definition;
  const node = new NodeMachine({
    self: host.name,
    incarnation,
    definition: local ?? drawn.definition,
    stored: loaded.state,
    planner: run.planner ?? realPlanner,
    environment: { ocfRoot: "/usr/lib/ocf", runDir: "/run/paceline" },
    version: "0.0.0",
    now: host.now(),
    wall: host.wall(),
  });
  const config = node.messagingConfig();
  const messaging = newMessaging(config, incarnation, random.below(2 ** 48), host.now());
  return {
    daemon: new ComposedDaemon(messaging, run.wrap?.(node) ?? node),
    observe: () => observation(host.name, node),
  };
}

function observation(self: string, node: NodeMachine): NodeObservation {
  const belief = node.observe();
  return {
    term: belief.term,
    leads: belief.leads,
    dc: belief.follows ?? "",
    quorate: belief.view?.quorum.quorate ?? false,
    members: belief.view?.members ?? [self],
    cibIndex: belief.cib.index,
    cibText: () => describeCib(belief.cib),
    settled: belief.settled,
  };
}

function describeCib(cib: Cib): string {
  return JSON.stringify(cib);
}

/** A whole cluster with real daemons, under faults by seed. Throws what a checker finds. */
export function simulateCluster(run: ClusterRun): ClusterResult {
  const { profile, seed } = run;
  const random = new SeededRandom(seed);
  const drawn = draw(random, profile);
  const writes = new AcknowledgedWrites();
  const expected = { running: drawn.resources };
  const cluster = new SimulatedCluster({
    names: drawn.names,
    links: drawn.links,
    seed,
    checkers: checkersFor(run, expected, writes),
    traceLimit: run.traceLimit ?? 0,
    newDaemon: (host, incarnation) => newDaemon(run, drawn, random, host, incarnation),
  });
  run.prepare?.(cluster);
  cluster.startAll();
  operate(cluster, random, profile, writes);
  cluster.runFor(500 + random.next() * 6_000);
  unleash(cluster, random, {
    kinds: profile.kinds,
    spanMs: profile.faultyMs,
    everyMs: 2_000,
    lastsMaxMs: 8_000,
    atOnce: 1 + random.below(2),
  });
  cluster.runFor(profile.faultyMs);
  heal(cluster);
  const healedAt = cluster.queue.now;
  cluster.runUntil(() => whatIsMissing(cluster, expected) === undefined, profile.recoveryMaxMs);
  const recoveryMs = cluster.queue.now - healedAt;
  cluster.checkEnd();
  return { cluster, acknowledged: writes.count, recoveryMs };
}

function checkersFor(
  { profile }: ClusterRun,
  expected: { readonly running: readonly string[] },
  writes: AcknowledgedWrites,
): Checker[] {
  const isExclusive = (resource: string) => expected.running.includes(resource);
  return [
    new OneDcPerTerm(),
    new CibNeverForks(),
    new CibIndexNeverBack(),
    new ChannelOrder(),
    new ActiveOnce(isExclusive, profile.overlapMaxMs),
    ...(profile.checksUnknown ? [new UnknownIsNotStopped(isExclusive)] : []),
    new Convergence(expected),
    writes,
  ];
}

/** An operator who tries things while faults go on. */
function operate(
  cluster: SimulatedCluster,
  random: SeededRandom,
  profile: Profile,
  writes: AcknowledgedWrites,
): void {
  const act = (serial: number) => {
    if (cluster.queue.now > profile.faultyMs) return;
    const host = cluster.hosts[random.below(cluster.hosts.length)]!;
    const mark = `mark-${serial}`;
    const override = {
      id: `standby:${mark}`,
      kind: "standby" as const,
      target: mark,
      author: "sim",
    };
    host.request({ method: "override-set", override }, (reply) => {
      cluster.trace.tell("OPERATOR", () => `${mark} by ${host.name}: ${JSON.stringify(reply)}`);
      if (reply.ok) writes.acknowledged(mark);
    });
    cluster.queue.after(500 + random.next() * 4_000, () => act(serial + 1));
  };
  cluster.queue.after(2_000, () => act(1));
}
