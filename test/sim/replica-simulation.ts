import { SeededRandom } from "../../src/core/random.ts";
import type { Millis } from "../../src/core/units.ts";
import { MessagingMachine } from "../../src/messaging/messaging-machine.ts";
import type { MessagingConfig } from "../../src/model/peer.ts";
import { cheapCipher } from "./cheap-cipher.ts";
import { AcknowledgedWrites } from "./checkers/acknowledged-writes.ts";
import { ChannelOrder } from "./checkers/channel-order.ts";
import type { Checker } from "./checkers/checker.ts";
import { CibIndexNeverBack } from "./checkers/cib-index-never-back.ts";
import { CibNeverForks } from "./checkers/cib-never-forks.ts";
import { Convergence, whatIsMissing } from "./checkers/convergence.ts";
import { FrameOnce } from "./checkers/frame-once.ts";
import { OneDcPerTerm } from "./checkers/one-dc-per-term.ts";
import { ComposedDaemon, type MessagingLayer, type NodeLayer } from "./composed-daemon.ts";
import { type FaultKind, heal, unleash } from "./fault-schedule.ts";
import { ReplicaNode } from "./replica-node.ts";
import { addressOf, SimulatedCluster } from "./simulated-cluster.ts";

const KEYS = [{ id: 1, secret: new Uint8Array(32).fill(7) }];

export function messagingConfig(
  names: readonly string[],
  self: string,
  links: number,
  advertIntervalMs: Millis,
  transport: "multicast" | "unicast",
): MessagingConfig {
  return {
    cluster: "sim",
    self,
    transport,
    group: "239.255.77.1",
    port: 7700,
    advertIntervalMs,
    maxDatagram: 1400,
    stuckAfterMs: 2_000,
    nodes: names.map((name) => ({
      name,
      addresses: Array.from({ length: links }, (_, link) => addressOf(names, name, link)),
    })),
  };
}

/** The messaging layer of a simulated node, with the cipher that costs nothing. */
export function newMessaging(
  config: MessagingConfig,
  incarnation: number,
  seed: number,
  now: number,
  frames: FrameOnce,
): MessagingMachine {
  const random = new SeededRandom(seed);
  const cipher = frames.watch(cheapCipher, config.self);
  return new MessagingMachine({ config, incarnation, keys: KEYS, random, now, cipher });
}

export interface ReplicaRun {
  readonly seed: number;
  readonly kinds: readonly FaultKind[];
  readonly traceLimit?: number;
  /** Puts something in the way of the node, for tests of the checkers. */
  readonly wrap?: (node: NodeLayer) => NodeLayer;
  readonly prepare?: (cluster: SimulatedCluster) => void;
  /** Faults come thick and fast: finds planted faults sooner. */
  readonly isFierce?: boolean;
  /** A planted fault: the channel hands every message out twice. */
  readonly doublesMessages?: boolean;
}

export interface RunResult {
  readonly cluster: SimulatedCluster;
  readonly acknowledged: number;
  /** How long the cluster took to find back after all faults had ended. */
  readonly recoveryMs: Millis;
}

const FAULTY_MS: Millis = 20_000;
const RECOVERY_MAX_MS: Millis = 30_000;

/** A cluster that only elects and replicates, under faults. Throws what a checker finds. */
export function simulateReplicas(run: ReplicaRun): RunResult {
  const random = new SeededRandom(run.seed);
  const count = 2 + random.below(4);
  const names = Array.from({ length: count }, (_, i) => `node${i + 1}`);
  const links = 1 + random.below(2);
  const interval = [50, 100, 500][random.below(3)]!;
  // A lease is shorter than the detector's least patience (1.75 intervals), and twice the heartbeat.
  const pulse = {
    heartbeatMs: interval * 0.8,
    leaseMs: random.next() < 0.5 ? 0 : interval * 1.7,
  };
  const transport = random.next() < 0.5 ? "unicast" : "multicast";
  const writes = new AcknowledgedWrites();
  const frames = new FrameOnce();
  const checkers: Checker[] = [
    frames,
    new OneDcPerTerm(),
    new CibNeverForks(),
    new CibIndexNeverBack(),
    new ChannelOrder(),
    writes,
    new Convergence({ running: [] }),
  ];
  const cluster = new SimulatedCluster({
    names,
    links,
    seed: run.seed,
    checkers,
    traceLimit: run.traceLimit ?? 0,
    newDaemon: (host, incarnation) => {
      const config = messagingConfig(names, host.name, links, interval, transport);
      const seed = random.below(2 ** 48);
      const messaging = newMessaging(config, incarnation, seed, host.now(), frames);
      const stored = host.disk.contents();
      const node = new ReplicaNode(host.name, names, incarnation, stored, pulse);
      const layer = run.wrap?.(node) ?? node;
      const daemon = new ComposedDaemon(
        run.doublesMessages ? doubling(messaging) : messaging,
        layer,
      );
      return { daemon, observe: () => node.observe() };
    },
  });
  run.prepare?.(cluster);
  cluster.startAll();
  const write = (serial: number) => {
    if (cluster.queue.now > FAULTY_MS) return;
    writeSomewhere(cluster, random, writes, serial);
    cluster.queue.after(random.next() * 400, () => write(serial + 1));
  };
  cluster.queue.after(500, () => write(1));
  cluster.runFor(random.next() * 2_000);
  unleash(cluster, random, {
    kinds: run.kinds,
    spanMs: FAULTY_MS,
    everyMs: run.isFierce ? 300 : 1_000,
    lastsMaxMs: run.isFierce ? 1_500 : 6_000,
    atOnce: 1 + random.below(2),
  });
  cluster.runFor(FAULTY_MS);
  heal(cluster);
  const healedAt = cluster.queue.now;
  cluster.runUntil(() => whatIsMissing(cluster, { running: [] }) === undefined, RECOVERY_MAX_MS);
  cluster.checkEnd();
  return {
    cluster,
    acknowledged: writes.count,
    recoveryMs: cluster.queue.now - healedAt,
  };
}

function doubling(messaging: MessagingLayer): MessagingLayer {
  return {
    step: (now, input) =>
      messaging
        .step(now, input)
        .flatMap(
          (output): ReturnType<MessagingLayer["step"]> =>
            output.kind === "message" ? [output, output] : [output],
        ),
    nextDeadline: () => messaging.nextDeadline(),
  };
}

function writeSomewhere(
  cluster: SimulatedCluster,
  random: SeededRandom,
  writes: AcknowledgedWrites,
  serial: number,
): void {
  const host = cluster.hosts[random.below(cluster.hosts.length)]!;
  const mark = `<${serial}>`;
  host.request({ method: "config-apply", text: mark, author: "sim" }, (reply) => {
    if (reply.ok) writes.acknowledged(mark);
  });
}
