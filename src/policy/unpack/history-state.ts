import type { OperationRecord } from "../../model/cluster-status.ts";
import type { OperationConfig } from "../operation-history-types.ts";
import type { Node, Resource, WorkingSet } from "../working-set.ts";
import type { Digests } from "./digests.ts";
import type { HistoryIndex } from "./history-index.ts";
import type { OperationConfigs } from "./operation-config.ts";
import type { Failcounts } from "./recorded-failcounts.ts";

/** What the interpretation of histories works with. */
export interface HistoryTools {
  readonly ws: WorkingSet;
  readonly index: HistoryIndex;
  readonly digests: Digests;
  readonly failcounts: Failcounts;
  readonly configs: OperationConfigs;
}

/** The interpretation of one resource's history on one node, result by result, oldest first. */
export interface HistoryState {
  readonly resource: Resource;
  readonly node: Node;
  /** The most severe answer to a failure that still stands. */
  onFail: OperationConfig["onFail"];
  lastFailure: OperationRecord | undefined;
}

/** One result under interpretation: exit code and state as they count in the end. */
export interface Result {
  readonly record: OperationRecord;
  readonly expectedRc: number;
  rc: number;
  status: number;
}

/** Answers to failures from the mildest to the most severe. */
const SEVERITY: readonly OperationConfig["onFail"][] = [
  "ignore",
  "demote",
  "restart",
  "reset-remote",
  "restart-container",
  "ban",
  "block",
  "stop",
  "standby",
  "fence",
];

/** The more severe of two answers. */
export function isMilder(a: OperationConfig["onFail"], b: OperationConfig["onFail"]): boolean {
  return SEVERITY.indexOf(a) < SEVERITY.indexOf(b);
}
