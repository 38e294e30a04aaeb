import type { Profile } from "./cluster-simulation.ts";

const CRASHES = ["power-off", "power-cycle", "daemon-crash", "daemon-restart"] as const;
const DEVICES = ["mains-lost", "device-trouble", "devices-trouble", "devices-unreachable"] as const;
const TIE_BREAKERS = [
  "tie-breaker-unreachable",
  "tie-breaker-down",
  "tie-breaker-forgets",
] as const;
const LEAVES = ["leave", "leave-both", "rolling-restart"] as const;
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
 * With fencing there is none, ever.
 */
export const PROFILES: readonly Profile[] = [
  {
    name: "calm",
    nodes: [2, 5],
    kinds: ["resource-dies", "daemon-restart", "bad-weather", "slow-disk"],
    fencing: false,
    overlapMaxMs: Number.POSITIVE_INFINITY,
    faultyMs: 20_000,
    recoveryMaxMs: 60_000,
  },
  {
    name: "power",
    nodes: [2, 5],
    kinds: ["power-off", "power-cycle", "resource-dies", "slow-disk"],
    fencing: false,
    overlapMaxMs: 0,
    faultyMs: 30_000,
    recoveryMaxMs: 60_000,
  },
  {
    name: "everything",
    nodes: [2, 5],
    kinds: [...CRASHES, ...CUTS, ...HARDSHIPS, "resource-dies", "agent-fault"],
    fencing: false,
    overlapMaxMs: Number.POSITIVE_INFINITY,
    faultyMs: 30_000,
    recoveryMaxMs: 90_000,
  },
  {
    name: "fencing",
    nodes: [2, 5],
    kinds: [...CRASHES, ...CUTS, ...HARDSHIPS, ...DEVICES, "resource-dies"],
    fencing: true,
    overlapMaxMs: 0,
    faultyMs: 30_000,
    recoveryMaxMs: 120_000,
  },
  {
    name: "writes",
    nodes: [2, 5],
    kinds: [...CRASHES, ...CUTS, "pause", "main-blocked", "slow-disk", "full-disk"],
    fencing: false,
    operator: { pauseMs: 150 },
    overlapMaxMs: Number.POSITIVE_INFINITY,
    faultyMs: 20_000,
    recoveryMaxMs: 60_000,
  },
  {
    name: "disks",
    nodes: [2, 5],
    kinds: ["disk-lost", "disk-lost", ...CRASHES, ...CUTS, "slow-disk", "full-disk"],
    fencing: false,
    operator: { pauseMs: 300 },
    overlapMaxMs: Number.POSITIVE_INFINITY,
    faultyMs: 30_000,
    recoveryMaxMs: 60_000,
  },
  {
    name: "options",
    nodes: [2, 9],
    kinds: [
      ...CRASHES,
      ...CUTS,
      "flapping",
      ...HARDSHIPS,
      ...DEVICES,
      ...LEAVES,
      ...TIE_BREAKERS,
      "resource-dies",
      "agent-fault",
    ],
    fencing: true,
    allOptions: true,
    isFierce: true,
    operator: { pauseMs: 500, reshapes: true },
    overlapMaxMs: Number.POSITIVE_INFINITY,
    faultyMs: 30_000,
    recoveryMaxMs: 180_000,
  },
  {
    name: "members",
    nodes: [3, 6],
    kinds: [...CRASHES, ...CUTS, "pause", "slow-disk", "bad-weather", ...LEAVES, "resource-dies"],
    fencing: true,
    operator: { pauseMs: 1_000, changesMembers: true },
    overlapMaxMs: 0,
    faultyMs: 40_000,
    recoveryMaxMs: 180_000,
  },
  {
    name: "watchdogs",
    nodes: [2, 9],
    kinds: [
      ...CRASHES,
      ...CUTS,
      "flapping",
      ...HARDSHIPS,
      ...LEAVES,
      ...TIE_BREAKERS,
      "resource-dies",
      "agent-fault",
      "agent-fault",
    ],
    fencing: true,
    allOptions: true,
    watchdogs: true,
    isFierce: true,
    operator: { pauseMs: 500, reshapes: true },
    overlapMaxMs: 0,
    faultyMs: 30_000,
    recoveryMaxMs: 180_000,
  },
];
