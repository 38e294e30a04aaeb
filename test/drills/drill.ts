import { cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { SeededRandom } from "../../src/core/random.ts";
import { DrillCluster } from "./drill-cluster.ts";
import { describeFault, drillRounds } from "./drill-faults.ts";
import type { DrillKind } from "./drill-kinds.ts";

/**
 * Without fencing nothing can make a node let go at the moment at which the others know that it is
 * gone: the two sides of a split learn of it up to an advertisement interval (100 ms) apart, and letting
 * go takes a moment. The definition says so itself (a warning in `status`). With fencing it is zero.
 */
const UNFENCED_OVERLAP_MS = 400;

/** What came of the rounds of one cluster. */
export interface DrillResult {
  readonly kind: string;
  readonly seed: number;
  readonly rounds: readonly string[];
  /** How long it took from the end of each fault until the cluster served again. */
  readonly healMs: readonly number[];
  /** How long the address was up on two nodes, each time it was. */
  readonly overlapMs: readonly number[];
  /** How long another node's service held the lock still, each time that one found it taken. */
  readonly lockTakenMs: readonly (number | undefined)[];
  /** What must not be: two owners, or no service. Empty: passed. */
  readonly problems: readonly string[];
}

export interface DrillOptions {
  readonly kind: DrillKind;
  readonly seed: number;
  readonly rounds: number;
  /** Where the logs of a cluster go in which something was wrong. */
  readonly keepIn?: string;
  readonly say?: (line: string) => void;
}

/** Runs the rounds that a seed gives on a new cluster. A problem ends the drill. */
export async function runDrill(options: DrillOptions): Promise<DrillResult> {
  const { kind, seed, say = () => undefined } = options;
  const rounds: string[] = [];
  const healMs: number[] = [];
  const problems: string[] = [];
  const cluster = new DrillCluster(kind);
  let overlapMs: number[] = [];
  let lockTakenMs: (number | undefined)[] = [];
  try {
    await cluster.start();
    for (const round of drillRounds(kind, options.rounds, new SeededRandom(seed))) {
      const name = `${describeFault(round.fault)}, ${round.holdMs} ms`;
      rounds.push(name);
      const { served } = await cluster.round(round);
      healMs.push(served);
      const found = cluster.findings();
      const isNews =
        found.overlaps.length > overlapMs.length || found.twice.length > lockTakenMs.length;
      overlapMs = found.overlaps.map((overlap) => Math.round(overlap.ms));
      lockTakenMs = found.twice.map(({ ms }) => ms);
      say(`  ${name}: served after ${Math.round(served)} ms${isNews ? "; ACTIVE TWICE" : ""}`);
      if (kind.mayServeTwice === true) continue;
      for (const { nodes, ms } of found.overlaps) {
        if (!kind.fenced && ms <= UNFENCED_OVERLAP_MS) continue;
        problems.push(
          `${name}: the address was up on ${nodes.join(" and ")} for ${Math.round(ms)} ms`,
        );
      }
      if (kind.fenced)
        for (const { node } of found.twice)
          problems.push(`${name}: the lock was taken when ${node} started its service`);
      if (problems.length > 0) break;
    }
  } catch (error) {
    problems.push(
      `${rounds.at(-1) ?? "start"}: ${error instanceof Error ? error.message : String(error)}`,
    );
  } finally {
    if (problems.length > 0 && options.keepIn !== undefined)
      keepLogs(cluster, options.keepIn, kind, seed);
    cluster.close();
  }
  return { kind: kind.name, seed, rounds, healMs, overlapMs, lockTakenMs, problems };
}

function keepLogs(cluster: DrillCluster, directory: string, kind: DrillKind, seed: number): void {
  const place = join(directory, `${kind.name}-${seed}`);
  mkdirSync(place, { recursive: true });
  for (const node of cluster.nodes) cpSync(node.logFile, join(place, `${node.name}.log`));
}
