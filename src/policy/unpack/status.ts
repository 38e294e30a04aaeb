import type { Work } from "../work.ts";
import { type Node, ROLE } from "../working-set.ts";
import { unpackNodeHistory } from "./history.ts";
import type { HistoryTools } from "./history-state.ts";
import { findStatusNode, unpackHealth, unpackNodeStatus } from "./node-status.ts";
import { determineRemoteOnline, finishRemoteNodes, unpackRemoteState } from "./remote-status.ts";

/**
 * Unpacks the status: first the nodes, then their histories. The history of a remote or guest node
 * means something only once its connection and container are known to be up, so passes are made
 * until one brings nothing new; what is left then belongs to nodes that are down.
 */
export function* unpackStatus(tools: HistoryTools): Work {
  const { ws } = tools;
  unpackNodeStatus(ws);
  while (yield* historyPass(tools, false)) {
    // Another node's history may have become readable.
  }
  yield* historyPass(tools, ws.options.fencingEnabled);
  for (const container of ws.containersToStop) {
    const node = container.runningOn[0];
    const reason = `${container.id} must be restarted`;
    if (node !== undefined) {
      ws.demands.push({ task: "stop", resource: container, node, reason });
    }
  }
  finishRemoteNodes(ws);
  unpackHealth(ws);
}

function* historyPass(tools: HistoryTools, all: boolean): Work<boolean> {
  let progress = false;
  for (const status of tools.ws.status.nodes) {
    const node = findStatusNode(tools.ws, status);
    if (node === undefined || node.unpacked || !(all || isReadable(tools, node))) continue;
    const remote = node.kind === "remote" || node.kind === "guest";
    if (remote) {
      determineRemoteOnline(node);
      unpackRemoteState(tools.ws, node, status);
    }
    node.unpacked = true;
    yield* unpackNodeHistory(tools, node, status);
    progress = true;
  }
  return progress;
}

/** Without fencing and locks, what offline nodes recorded is read last (and mostly not at all). */
function isReadable({ ws }: HistoryTools, node: Node): boolean {
  const { connection } = node;
  const { fencingEnabled, shutdownLock } = ws.options;
  if (node.kind === "guest") {
    const container = connection?.container;
    return connection?.role === ROLE.started && container?.role === ROLE.started;
  }
  if (node.kind === "remote") {
    return connection !== undefined && (shutdownLock || connection.role === ROLE.started);
  }
  return fencingEnabled || shutdownLock || node.online;
}
