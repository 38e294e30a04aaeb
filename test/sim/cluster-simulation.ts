import { loadDefinition } from "../../src/config/load-definition.ts";
import { loadRaftState } from "../../src/consensus/raft-codec.ts";
import type { NodeOptions } from "../../src/controller/node-core.ts";
import { NodeMachine } from "../../src/controller/node-machine.ts";
import { SeededRandom } from "../../src/core/random.ts";
import type { Millis } from "../../src/core/units.ts";
import { plan, planning } from "../../src/policy/make-plan.ts";
import { AcknowledgedWrites } from "./checkers/acknowledged-writes.ts";
import { ActiveOnce } from "./checkers/active-once.ts";
import { ChannelOrder } from "./checkers/channel-order.ts";
import type { Checker, NodeObservation } from "./checkers/checker.ts";
import { CibIndexNeverBack } from "./checkers/cib-index-never-back.ts";
import { CibLinearizable } from "./checkers/cib-linearizable.ts";
import { CibNeverForks } from "./checkers/cib-never-forks.ts";
import { Convergence, whatIsMissing } from "./checkers/convergence.ts";
import { FrameOnce } from "./checkers/frame-once.ts";
import { LeftIsNotFenced } from "./checkers/left-is-not-fenced.ts";
import { OneDcPerTerm } from "./checkers/one-dc-per-term.ts";
import { PromotedOnce } from "./checkers/promoted-once.ts";
import { UnknownIsNotStopped } from "./checkers/unknown-is-not-stopped.ts";
import { ComposedDaemon, type NodeLayer } from "./composed-daemon.ts";
import { type ClusterKind, type DrawnCluster, drawCluster } from "./drawn-cluster.ts";
import { type FaultKind, heal, unleash } from "./fault-schedule.ts";
import { MemberLines } from "./member-lines.ts";
import { Operator, type OperatorHabits } from "./operator.ts";
import { newMessaging } from "./replica-simulation.ts";
import { type ObservedDaemon, SimulatedCluster } from "./simulated-cluster.ts";
import type { SimulatedHost } from "./simulated-host.ts";

/** What kind of cluster is simulated, and what may go wrong in it. */
export interface Profile extends ClusterKind {
  readonly name: string;
  readonly kinds: readonly FaultKind[];
  /** The policy engine; the real one where absent. */
  readonly planner?: NodeOptions["planner"];
  /** Without fencing: longest time that an exclusive resource may be active twice; with it: never. */
  readonly overlapMaxMs: Millis;
  /** More faults, shorter ones, and more at a time. */
  readonly isFierce?: boolean;
  readonly operator?: OperatorHabits;
  readonly faultyMs: Millis;
  readonly recoveryMaxMs: Millis;
}

export interface ClusterRun {
  readonly seed: number;
  readonly profile: Profile;
  readonly traceLimit?: number;
  /** A fraction of the time: for many seeds in a test run. The same seed takes another course. */
  readonly isShort?: boolean;
  readonly planner?: NodeOptions["planner"];
  /** Puts something in the way of the node, for tests of the checkers. */
  readonly wrap?: (node: NodeLayer) => NodeLayer;
  readonly prepare?: (cluster: SimulatedCluster) => void;
  /** Beside those of the profile. */
  readonly moreCheckers?: readonly Checker[];
}

export interface ClusterResult {
  readonly cluster: SimulatedCluster;
  readonly acknowledged: number;
  readonly recoveryMs: Millis;
}

/** The real engine, in slices as a daemon runs it, unless a test has another one. */
function plannersOf(run: ClusterRun): Pick<NodeOptions, "planner" | "slicedPlanner"> {
  const planner = run.planner ?? run.profile.planner;
  return planner === undefined ? { planner: plan, slicedPlanner: planning } : { planner };
}

/** What is left of the time for faults in a short run. */
const SHORT_SHARE = 0.4;

function newDaemon(
  run: ClusterRun,
  drawn: DrawnCluster,
  random: SeededRandom,
  host: SimulatedHost,
  incarnation: number,
  frames: FrameOnce,
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
    ...plannersOf(run),
    environment: { ocfRoot: "/usr/lib/ocf", runDir: "/run/paceline" },
    version: "0.0.0",
    now: host.now(),
    wall: host.wall(),
  });
  const config = node.messagingConfig();
  const messaging = newMessaging(config, incarnation, random.below(2 ** 48), host.now(), frames);
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
    cibText: () => JSON.stringify(belief.cib),
    cib: belief.cib,
    settled: belief.settled,
  };
}

export interface BuiltCluster {
  readonly operator: Operator;
  readonly cluster: SimulatedCluster;
  readonly writes: AcknowledgedWrites;
  readonly expected: { readonly running: readonly string[] };
}

/** The cluster of a seed, its daemons not started yet. */
export function buildCluster(run: ClusterRun, random: SeededRandom): BuiltCluster {
  const drawn = drawCluster(random, run.profile);
  const writes = new AcknowledgedWrites();
  const frames = new FrameOnce();
  const expected = { running: drawn.resources };
  let operator: Operator | undefined;
  const linearizable = new CibLinearizable(drawn.definition.text, () => operator);
  const cluster = new SimulatedCluster({
    names: drawn.names,
    links: drawn.links,
    seed: run.seed,
    checkers: [
      ...checkersFor(run, drawn),
      frames,
      linearizable,
      writes,
      ...(run.moreCheckers ?? []),
    ],
    traceLimit: run.traceLimit ?? 0,
    newDaemon: (host, incarnation) => newDaemon(run, drawn, random, host, incarnation, frames),
  });
  run.prepare?.(cluster);
  const habits = run.profile.operator;
  const members = new MemberLines(drawn.definition.text, drawn.names);
  operator = new Operator(cluster, random, drawn.resources, writes, habits, members);
  return { cluster, writes, expected, operator };
}

/** A whole cluster with real daemons, under faults by seed. Throws what a checker finds. */
export function simulateCluster(run: ClusterRun): ClusterResult {
  const { profile, seed } = run;
  const faultyMs = profile.faultyMs * (run.isShort ? SHORT_SHARE : 1);
  const random = new SeededRandom(seed);
  const { cluster, writes, expected, operator } = buildCluster(run, random);
  cluster.startAll();
  operator.work(faultyMs);
  cluster.runFor(500 + random.next() * (run.isShort ? STARTS_MAX_SHORT_MS : STARTS_MAX_MS));
  unleash(cluster, random, {
    kinds: profile.kinds,
    spanMs: faultyMs,
    ...(profile.isFierce
      ? { everyMs: 700, lastsMaxMs: 5_000, atOnce: 1 + random.below(4) }
      : { everyMs: 2_000, lastsMaxMs: 8_000, atOnce: 1 + random.below(2) }),
  });
  cluster.runFor(faultyMs);
  heal(cluster);
  const staysWellMs = run.isShort ? STAYS_WELL_SHORT_MS : STAYS_WELL_MS;
  const recoveryMs = recover(cluster, operator, profile, expected, staysWellMs);
  cluster.checkEnd();
  return { cluster, acknowledged: writes.count, recoveryMs };
}

/** The first fault meets a cluster that forms, at times, and at times one that has settled. */
const STARTS_MAX_MS: Millis = 6_000;
const STARTS_MAX_SHORT_MS: Millis = 2_000;

/** How often the operator tries to leave the cluster as it was found. */
const CLEAN_UP_EVERY_MS: Millis = 1_000;

/** Runs until all is well again, and a while longer: it must stay so. Returns how long it took. */
function recover(
  cluster: SimulatedCluster,
  operator: Operator,
  profile: Profile,
  expected: { readonly running: readonly string[] },
  staysWellMs: Millis,
): Millis {
  const begun = cluster.queue.now;
  const isFree = () =>
    !operator.isSomebodyOut() &&
    cluster.hosts.every((host) => cluster.observe(host)?.cib?.overrides.length === 0);
  const isWell = () => {
    bringUp(cluster);
    return cluster.power.isQuiet && whatIsMissing(cluster, expected) === undefined;
  };
  const end = begun + profile.recoveryMaxMs;
  const left = () => end - cluster.queue.now;
  // An override that was asked for while things were bad may be committed only now, and an agent that
  // hung then fails only once its time is up.
  let cleanedAt = Number.NEGATIVE_INFINITY;
  for (let first = true; left() > 0 && (first || !(isFree() && isWell())); first = false) {
    if (!isFree() || cluster.queue.now - cleanedAt > SETTLES_MS) {
      operator.cleanUp();
      cleanedAt = cluster.queue.now;
    }
    bringUp(cluster);
    cluster.runUntil(() => isFree() && isWell(), Math.min(CLEAN_UP_EVERY_MS, left()));
  }
  const took = cluster.queue.now - begun;
  if (whatIsMissing(cluster, expected) === undefined) {
    cluster.runFor(staysWellMs);
    cluster.runUntil(isWell, SETTLES_MS);
  }
  // Who was told to leave while things were bad may get to it only now.
  const hasLeft = cluster.hosts.some(({ exitReason }) => exitReason === "left the cluster");
  if (hasLeft) cluster.runUntil(isWell, profile.recoveryMaxMs);
  return took;
}

/** What was fenced and stays off is switched on by somebody, not at once; what has left is started. */
const STAYS_OFF_MS: Millis = 8_000;

function bringUp(cluster: SimulatedCluster): void {
  for (const host of cluster.hosts) {
    if (cluster.power.offFor(host.name) > STAYS_OFF_MS) cluster.power.pressButton(host.name);
    // It was told to leave before faults ended, and has only now done so.
    else if (host.exitReason !== undefined && host.exitReason !== "") host.startDaemon();
  }
}

/** What the last clean-up still brings: a probe may wait for a monitor that hangs for its 20 s. */
const SETTLES_MS: Millis = 25_000;

/** Once all is well it must stay so for this long: two rounds of monitors. */
const STAYS_WELL_MS: Millis = 21_000;
const STAYS_WELL_SHORT_MS: Millis = 3_000;

function checkersFor({ profile }: ClusterRun, drawn: DrawnCluster): Checker[] {
  const isExclusive = (resource: string) => drawn.resources.includes(resource);
  return [
    new OneDcPerTerm(),
    new CibNeverForks(),
    new CibIndexNeverBack(),
    new ChannelOrder(),
    new ActiveOnce(isExclusive, drawn.isFenced ? 0 : profile.overlapMaxMs),
    ...(drawn.isFenced
      ? [new UnknownIsNotStopped(isExclusive), new PromotedOnce(drawn.promotables)]
      : []),
    new LeftIsNotFenced(),
    new Convergence({ running: drawn.resources }),
  ];
}
