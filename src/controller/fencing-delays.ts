import type { Millis } from "../core/units.ts";
import type { FenceOperation } from "../fencing/fence-types.ts";
import { failureKey } from "./fencing-attempts.ts";
import { raftStep } from "./node-cib.ts";
import type { NodeCore } from "./node-core.ts";
import { HAND_OVER_MS } from "./office-moves.ts";

/** The first failure is followed by another attempt after so long, each next after twice as long. */
const BACK_OFF_MS: Millis = 5_000;
const BACK_OFF_MAX_MS: Millis = 60_000;

/** A node that was never seen is given so long after our start before it counts as hanging. */
const START_UP_MS: Millis = 20_000;

interface Wanted {
  readonly target: string;
  readonly operation: FenceOperation;
}

/** The plan wants it: how long to wait first, beside the delay of priority. */
export function planDelay(node: NodeCore, wanted: Wanted): Millis {
  if (wanted.operation === "on") return backOff(node, wanted);
  return backOff(node, wanted) + patience(node, wanted.target) + handOver(node, wanted);
}

/** After failures in a row. */
export function backOff(node: NodeCore, wanted: Wanted): Millis {
  const failed = node.fencing.failures.get(failureKey(wanted));
  if (failed === undefined) return 0;
  return Math.min(BACK_OFF_MAX_MS, BACK_OFF_MS * 2 ** Math.min(10, failed.count - 1));
}

/**
 * A coordinator that is to be fenced itself could not tell whether it worked, nor give itself power
 * again: it hands its office over, and its successor fences it. Only where nobody takes over in time
 * it cuts its own power.
 */
function handOver(node: NodeCore, { target }: Wanted): Millis {
  const isAlone = (node.view?.peers.length ?? 0) === 0;
  if (target !== node.self || isAlone) return 0;
  if (node.coordinator.by?.acting === false) raftStep(node, { kind: "transfer" });
  return HAND_OVER_MS;
}

/** Nodes that boot together do not come up at the same moment. */
function patience(node: NodeCore, target: string): Millis {
  const isKnown =
    node.incarnations.has(target) || node.coordinator.status.departure(target) !== undefined;
  return isKnown ? 0 : Math.max(0, node.fencing.startedAt + START_UP_MS - node.now);
}
