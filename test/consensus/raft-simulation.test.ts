import { describe, expect, test } from "vitest";
import { runSeed } from "./raft-seeds.ts";
import type { RaftSimOptions } from "./raft-sim-options.ts";

/** `RAFT_SEEDS=1000` runs more; `RAFT_SEED=17` runs one with its trace. */
const SEEDS = Number(process.env["RAFT_SEEDS"] ?? 12);
const ONE = process.env["RAFT_SEED"];

const cluster = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ name: `n${i + 1}`, votes: 1 }));

const families: readonly (readonly [string, Omit<RaftSimOptions, "seed">])[] = [
  ["three nodes, crashes and cuts", { nodes: cluster(3) }],
  ["three nodes, loss, duplicates", { nodes: cluster(3), loss: 0.1, duplicates: 0.1 }],
  ["three nodes with a lease", { nodes: cluster(3), loss: 0.05, leaseMs: 300 }],
  ["three nodes, lost disks", { nodes: cluster(3), loss: 0.05, diskLoss: true }],
  ["five nodes", { nodes: cluster(5), loss: 0.05, duplicates: 0.05 }],
  [
    "two nodes with fencing",
    { nodes: cluster(2), loss: 0.05, fencing: true, quorum: { twoNode: true } },
  ],
  ["two nodes with fencing, lost disks", { nodes: cluster(2), fencing: true, diskLoss: true }],
  ["four nodes with fencing", { nodes: cluster(4), loss: 0.05, fencing: true }],
  ["four nodes, tie-breaker", { nodes: cluster(4), quorum: { autoTieBreaker: true } }],
  ["votes change", { nodes: cluster(4), loss: 0.05, changeRules: true }],
  [
    "last man standing",
    {
      nodes: cluster(5),
      quorum: { lastManStanding: true, autoTieBreaker: true, lastManStandingWindowMs: 500 },
    },
  ],
];

describe.each(families)("%s", (_, options) => {
  test(`${SEEDS} seeds`, () => {
    const seeds =
      ONE === undefined ? Array.from({ length: SEEDS }, (_, i) => i + 1) : [Number(ONE)];
    for (const seed of seeds) {
      const { failure, simulation } = runSeed({ ...options, seed, trace: ONE !== undefined });
      if (ONE !== undefined) console.log(simulation.trace.join("\n"));
      expect(failure, `seed ${seed}`).toBeUndefined();
      expect(simulation.checker.committedCount, `seed ${seed}`).toBeGreaterThan(0);
    }
  }, 600_000);
});

/** The checkers are worth something only if they find what is wrong. */
describe("planted bugs are found", () => {
  const five = { nodes: cluster(5), loss: 0.05, duplicates: 0.1 };
  test.each([
    ["vote-not-persisted", 1, { nodes: cluster(3), loss: 0.05 }],
    ["ack-before-durable", 1, { nodes: cluster(3), loss: 0.05, fsyncMs: 60 }],
    ["stale-term-accepted", 60, five],
  ] as const)(
    "%s",
    (bug, first, options) => {
      const isFound = (seed: number) => {
        return runSeed({ ...options, seed, bug }).failure?.includes("RaftViolation") === true;
      };
      const seeds = Array.from({ length: 150 }, (_, i) => first + i);
      expect(seeds.find(isFound)).toBeDefined();
    },
    120_000,
  );
});
