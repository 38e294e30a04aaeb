import type { Profile } from "./cluster-simulation.ts";

const CRASHES = ["power-off", "power-cycle", "daemon-crash", "daemon-restart"] as const;
const CUTS = ["partition", "isolate", "one-way", "pair-cut", "link-cut"] as const;
const HARDSHIPS = [
  "pause",
  "main-blocked",
  "slow-disk",
  "full-disk",
  "wall-jump",
  "bad-weather",
] as const;

/**
 * The clusters that are simulated. Without fencing a node that was cut off, or whose daemon died, keeps
 * its resources for a while: such profiles bound the overlap only where nothing of the kind happens.
 */
export const PROFILES: readonly Profile[] = [
  {
    name: "calm",
    nodes: [2, 5],
    kinds: ["resource-dies", "daemon-restart", "bad-weather", "slow-disk"],
    fencing: false,
    overlapMaxMs: Number.POSITIVE_INFINITY,
    checksUnknown: false,
    faultyMs: 20_000,
    recoveryMaxMs: 60_000,
  },
  {
    name: "power",
    nodes: [2, 5],
    kinds: ["power-off", "power-cycle", "resource-dies", "slow-disk"],
    fencing: false,
    overlapMaxMs: 0,
    checksUnknown: false,
    faultyMs: 30_000,
    recoveryMaxMs: 60_000,
  },
  {
    name: "everything",
    nodes: [2, 5],
    kinds: [...CRASHES, ...CUTS, ...HARDSHIPS, "resource-dies", "agent-fault"],
    fencing: false,
    overlapMaxMs: Number.POSITIVE_INFINITY,
    checksUnknown: false,
    faultyMs: 30_000,
    recoveryMaxMs: 90_000,
  },
  {
    name: "fencing",
    nodes: [2, 5],
    kinds: [...CRASHES, ...CUTS, ...HARDSHIPS, "resource-dies"],
    fencing: true,
    overlapMaxMs: 0,
    checksUnknown: true,
    faultyMs: 30_000,
    recoveryMaxMs: 90_000,
  },
];
