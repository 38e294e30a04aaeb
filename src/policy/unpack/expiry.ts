import { EXECUTION, OCF } from "../../model/exit-code.ts";
import type { Node } from "../working-set.ts";
import { ROLE } from "../working-set.ts";
import { isMaskedProbe, isProbe } from "./history-index.ts";
import type { HistoryState, HistoryTools, Result } from "./history-state.ts";
import { followsContainer, isBundled } from "./tree.ts";

/**
 * Whether a result is older than the resource's failure-timeout, and whether its failcount is
 * therefore (or because its parameters changed since) to be cleared.
 */
export function checkExpiry(tools: HistoryTools, state: HistoryState, result: Result): boolean {
  const { record } = result;
  // An agent that is not there does not come by waiting.
  if (result.status === EXECUTION.notInstalled) return false;
  const isLastFailure = record.id.endsWith("_last_failure_0");
  const timed = timeoutState(tools, state, result);
  let expired = timed.expired;
  let reason: string | undefined;
  if (expired) {
    const { count } = failcount(tools, state, result, false);
    if (count !== 0) {
      if (timed.unexpired === 0) reason = "it expired";
      else expired = false;
    } else if (isLastFailure && state.resource.remoteReconnectMs > 0) {
      reason = "reconnect interval is set";
    }
  }
  if (!expired && isLastFailure && parametersChanged(tools, state, result)) {
    reason = "resource parameters have changed";
  }
  if (reason !== undefined) clearFailcount(tools, state, reason);
  return expired && !tellsState(result);
}

function failcount(tools: HistoryTools, state: HistoryState, result: Result, effective: boolean) {
  const query = { effective, fillers: false, record: result.record };
  return tools.failcounts.failcount(state.resource, state.node, query);
}

function timeoutState(
  tools: HistoryTools,
  state: HistoryState,
  result: Result,
): { expired: boolean; unexpired: number } {
  const timeout = Math.ceil(state.resource.failureTimeoutMs / 1000);
  const { lastRcChange } = result.record;
  if (timeout === 0 || lastRcChange === undefined) return { expired: false, unexpired: 0 };
  const { ws } = tools;
  const expired = ws.nowSeconds >= lastRcChange + timeout && !waitsForFencing(tools, state, result);
  const { count, lastFailure } = failcount(tools, state, result, true);
  if (count !== 0) ws.recheckBy(lastFailure + timeout + 1);
  return { expired, unexpired: count };
}

/** A lost remote node must be fenced before its connection's failure may be forgotten. */
function waitsForFencing(tools: HistoryTools, { resource }: HistoryState, { record }: Result) {
  const isMonitor = record.operation === "monitor" && record.intervalMs > 0;
  if (resource.remoteReconnectMs === 0 || !tools.ws.options.fencingEnabled || !isMonitor) {
    return false;
  }
  const node: Node | undefined = tools.ws.nodeByName.get(resource.id);
  return node !== undefined && !node.remoteWasFenced;
}

function parametersChanged(tools: HistoryTools, state: HistoryState, { record }: Result): boolean {
  if (record.operation !== "start" && record.operation !== "monitor") return false;
  if (followsContainer(state.resource)) {
    const entry = { record, node: state.node, failed: true, expired: false };
    tools.ws.lateChecks.push({ resource: state.resource, entry, isLastFailure: true });
    return false;
  }
  const verdict = tools.digests.compareAll(state.resource, state.node, record);
  return verdict !== "match" && verdict !== "unknown";
}

function clearFailcount(tools: HistoryTools, state: HistoryState, reason: string): void {
  const { resource, node } = state;
  const { failcountClears } = tools.ws;
  if (failcountClears.some((each) => each.resource === resource && each.node === node)) return;
  failcountClears.push({ resource, node, reason });
}

/** Probes that say plainly what is running never grow old. */
function tellsState({ record, rc }: Result): boolean {
  const plain: readonly number[] = [
    OCF.success,
    OCF.notRunning,
    OCF.runningPromoted,
    OCF.degraded,
    OCF.degradedPromoted,
  ];
  return isProbe(record) && plain.includes(rc);
}

/** Deals with an expired result; true: nothing more is to be done about it. */
export function passOver(
  tools: HistoryTools,
  state: HistoryState,
  result: Result,
  originalRc: number,
): boolean {
  const { record, expectedRc } = result;
  if (!isBundled(state.resource) && isMaskedProbe(record) && originalRc !== expectedRc) {
    if (state.resource.role <= ROLE.stopped) state.resource.role = ROLE.unknown;
    return true;
  }
  if (result.rc === expectedRc) return false;
  if (record.intervalMs === 0) return true;
  if (!state.node.online || state.node.unclean) return false;
  // The failed monitor is to be started afresh.
  tools.digests.outdated.add(record);
  return true;
}
