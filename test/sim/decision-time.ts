import { SeededRandom } from "../../src/core/random.ts";
import type { Millis } from "../../src/core/units.ts";
import type { AgentCommand } from "../../src/model/operation.ts";
import type { PeerEvent } from "../../src/model/peer.ts";
import type { Checker } from "./checkers/checker.ts";
import { whatIsMissing } from "./checkers/convergence.ts";
import { type BuiltCluster, buildCluster, type Profile } from "./cluster-simulation.ts";
import type { SimulatedHost } from "./simulated-host.ts";

export interface DecisionTime {
  readonly victim: string;
  readonly wasDc: boolean;
  /** From the fault until the first survivor counts the victim as down. */
  readonly detectionMs: Millis;
  /** From there until a resource of it begins to start elsewhere: election, status, plan, order. */
  readonly decisionMs: Millis;
}

export interface DecisionRun {
  readonly seed: number;
  readonly nodes: number;
  readonly intervalMs: Millis;
  /** Whether the DC is lost, or another member. */
  readonly losesDc: boolean;
}

const SETTLE_MAX_MS: Millis = 60_000;

/**
 * A large cluster loses one node that runs something: how long until the others act. Time is virtual:
 * what the machines compute costs none of it, what they wait for costs all.
 */
export function measureDecision({ seed, nodes, intervalMs, losesDc }: DecisionRun): DecisionTime {
  const profile: Profile = {
    name: "decision",
    nodes: [nodes, nodes],
    kinds: [],
    fencing: false,
    intervalMs,
    overlapMaxMs: 0,
    faultyMs: 0,
    recoveryMaxMs: SETTLE_MAX_MS,
  };
  const watch = new DecisionWatch();
  const built = buildCluster({ seed, profile, moreCheckers: [watch] }, new SeededRandom(seed));
  const { cluster } = built;
  cluster.startAll();
  settle(built);
  const dc = cluster.hosts.find((host) => cluster.observe(host)?.leads)!;
  const victim = losesDc ? dc : cluster.hosts.find((host) => host !== dc)!;
  moveTo(built, dc, victim);
  const resource = [...victim.world.active().keys()].sort()[0]!;
  const at = cluster.queue.now;
  watch.expect(victim.name, resource);
  victim.powerOff();
  cluster.runUntil(() => watch.decidedAt !== undefined, SETTLE_MAX_MS, 1);
  const { detectedAt, decidedAt } = watch;
  if (detectedAt === undefined || decidedAt === undefined) {
    throw new Error(`nobody took ${resource} over within ${SETTLE_MAX_MS} ms`);
  }
  return {
    victim: victim.name,
    wasDc: losesDc,
    detectionMs: detectedAt - at,
    decisionMs: decidedAt - detectedAt,
  };
}

function settle({ cluster, expected }: BuiltCluster): void {
  const isWell = () => whatIsMissing(cluster, expected) === undefined;
  if (!cluster.runUntil(isWell, SETTLE_MAX_MS)) {
    throw new Error(`does not settle: ${whatIsMissing(cluster, expected)}`);
  }
}

/** Sees to it that the victim has something to lose. */
function moveTo(built: BuiltCluster, dc: SimulatedHost, victim: SimulatedHost): void {
  const target = built.expected.running[0]!;
  const id = `migrate:${target}`;
  const override = { id, kind: "migrate", target, node: victim.name, author: "bench" } as const;
  dc.request({ method: "override-set", override }, () => {});
  const { cluster } = built;
  if (!cluster.runUntil(() => victim.world.active().has(target), SETTLE_MAX_MS)) {
    throw new Error(`${target} does not move to ${victim.name}`);
  }
  settle(built);
}

/** Notes when the victim is first missed, and when its resource first starts elsewhere. */
class DecisionWatch implements Checker {
  readonly name = "decision-watch";
  #victim: string | undefined;
  #resource: string | undefined;
  detectedAt: number | undefined;
  decidedAt: number | undefined;

  expect(victim: string, resource: string): void {
    this.#victim = victim;
    this.#resource = resource;
  }

  onPeerEvent(host: SimulatedHost, event: PeerEvent): undefined {
    if (event.kind === "peer-down" && event.node === this.#victim) {
      this.detectedAt ??= host.trueTime();
    }
  }

  onRun(host: SimulatedHost, { action, resource }: AgentCommand): undefined {
    if (action === "start" && resource === this.#resource) this.decidedAt ??= host.trueTime();
  }
}

/** As lines for people. */
export function describeDecisions(run: Omit<DecisionRun, "seed" | "losesDc">, seeds: number) {
  const lines = [`${run.nodes} nodes, advertised every ${run.intervalMs} ms, ${seeds} seeds:`];
  let isWithin = true;
  for (const losesDc of [false, true]) {
    const times = Array.from({ length: seeds }, (_, i) =>
      measureDecision({ ...run, seed: i + 1, losesDc }),
    );
    const worst = Math.max(...times.map((time) => time.decisionMs));
    isWithin &&= worst <= 2 * run.intervalMs;
    const median = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1] ?? 0;
    const detection = median(times.map((time) => time.detectionMs)).toFixed(1);
    const decision = median(times.map((time) => time.decisionMs)).toFixed(1);
    lines.push(
      `  ${losesDc ? "the DC" : "a member"} is lost: detection median ${detection} ms, ` +
        `decision median ${decision} ms, worst ${worst.toFixed(1)} ms`,
    );
  }
  const aim = `within two intervals of detection (${2 * run.intervalMs} ms)`;
  lines.push(`  decision ${aim}: ${isWithin ? "yes" : "NO"}`);
  return { lines, isWithin };
}
