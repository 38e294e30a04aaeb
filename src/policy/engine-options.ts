import type { Score } from "../model/score.ts";

export type NoQuorumPolicy = "stop" | "freeze" | "ignore" | "demote" | "suicide";

/** Pacemaker Explained, "Placement Strategy". */
export type PlacementStrategy = "default" | "utilization" | "balanced" | "minimal";

/** Cluster options, parsed, with Pacemaker's defaults filled in. */
export interface ClusterOptions {
  symmetric: boolean;
  noQuorumPolicy: NoQuorumPolicy;
  fencingEnabled: boolean;
  fencingAction: "reboot" | "off";
  fencingTimeoutMs: number;
  concurrentFencing: boolean;
  /** Without quorum a remote node that is believed to be up may be fenced. */
  fenceRemoteWithoutQuorum: boolean;
  /** A fencing device exists, so fencing can be expected to work (have-watchdog counts). */
  haveWatchdog: boolean;
  startupFencing: boolean;
  stopAllResources: boolean;
  stopOrphanResources: boolean;
  stopOrphanActions: boolean;
  removeAfterStop: boolean;
  maintenanceMode: boolean;
  startFailureIsFatal: boolean;
  enableStartupProbes: boolean;
  shutdownLock: boolean;
  shutdownLockLimitMs: number;
  priorityFencingDelayMs: number;
  nodePendingTimeoutMs: number;
  placementStrategy: PlacementStrategy;
  nodeHealthStrategy: "none" | "migrate-on-red" | "only-green" | "progressive" | "custom";
  nodeHealthBase: Score;
  nodeHealthGreen: Score;
  nodeHealthYellow: Score;
  nodeHealthRed: Score;
  defaultActionTimeoutMs: number;
  /** Every merged cluster option by its name, for anything else. */
  all: ReadonlyMap<string, string>;
}
