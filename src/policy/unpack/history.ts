import type { NodeStatus, OperationRecord, ResourceHistory } from "../../model/cluster-status.ts";
import type { AgentName } from "../../model/policy-definition.ts";
import { INFINITY_SCORE } from "../../model/score.ts";
import { NodeHistory } from "../operation-history-types.ts";
import type { Work } from "../work.ts";
import type { Node, Resource } from "../working-set.ts";
import { ROLE } from "../working-set.ts";
import { addLocation, addRunning, setNextRole } from "./active.ts";
import { answerFailure } from "./failure-answer.ts";
import { requestFencing } from "./fence-request.ts";
import { compareRecords } from "./history-index.ts";
import type { HistoryState, HistoryTools } from "./history-state.ts";
import { interpretResult } from "./operation-result.ts";
import { isQuietProbe } from "./quiet-probe.ts";
import { findRecorded } from "./resource-lookup.ts";
import { linkConnection, unpackResource } from "./resources.ts";

/** A yield for each would cost as much as most histories do. */
const HISTORIES_PER_SLICE = 50;

/** Interprets everything that one node has recorded. */
export function* unpackNodeHistory(tools: HistoryTools, node: Node, status: NodeStatus): Work {
  const orphaned: ResourceHistory[] = [];
  let done = 0;
  for (const history of status.history) {
    const resource = unpackResourceHistory(tools, node, history);
    if (resource?.orphanOfContainer) orphaned.push(history);
    if (++done % HISTORIES_PER_SLICE === 0) yield HISTORIES_PER_SLICE / 2;
  }
  for (const history of orphaned) adoptOrphan(tools, history);
}

function unpackResourceHistory(
  tools: HistoryTools,
  node: Node,
  history: ResourceHistory,
): Resource | undefined {
  const { ws } = tools;
  const empty = history.operations.length === 0;
  if (empty && !ws.options.shutdownLock) return undefined;
  let resource = findRecorded(ws, node, history.resource);
  if (resource === undefined) {
    if (empty) return undefined;
    resource = createOrphan(tools, history);
    if (resource === undefined) return undefined;
  }
  if (ws.options.shutdownLock) unpackLock(tools, resource, node, history);
  if (isQuietProbe(history) && isSimple(tools, resource, node)) {
    interpretQuiet(tools, resource, node, history);
  } else {
    interpret(tools, { resource, node, onFail: "ignore", lastFailure: undefined }, history);
  }
  return resource;
}

function interpret(tools: HistoryTools, state: HistoryState, history: ResourceHistory): void {
  const { resource, node } = state;
  const roleBefore = resource.role;
  resource.role = ROLE.unknown;
  const { operations } = history;
  // Newest first in the source of equals, as Pacemaker takes them.
  const newer = (a: OperationRecord, b: OperationRecord) => compareRecords(a, b, true);
  const records = operations.length < 2 ? operations : operations.toReversed().sort(newer);
  const { entries } = noteHistory(resource, node, history, records, false);
  for (const entry of entries) {
    const { failed, expired } = interpretResult(tools, state, entry.record);
    entry.failed = failed;
    entry.expired = expired;
  }
  conclude(tools, state);
  if (resource.targetRole !== undefined) wantTargetRole(resource);
  if (roleBefore > resource.role) resource.role = roleBefore;
}

function noteHistory(
  resource: Resource,
  node: Node,
  history: ResourceHistory,
  records: readonly OperationRecord[],
  quiet: boolean,
): NodeHistory {
  const agent = recordedAgent(resource, history);
  while (resource.histories.length < node.index) resource.histories.push(undefined);
  const earlier = resource.histories[node.index];
  const noted = new NodeHistory(node, history.resource, agent, records, quiet, earlier);
  resource.histories[node.index] = noted;
  return noted;
}

/** As `interpret`, for what isQuietProbe finds. */
function interpretQuiet(
  tools: HistoryTools,
  resource: Resource,
  node: Node,
  history: ResourceHistory,
): void {
  noteHistory(resource, node, history, history.operations, true);
  if (resource.role < ROLE.stopped) resource.role = ROLE.stopped;
  setNextRole(resource, ROLE.unknown, "not running");
  markKnown(resource, node);
  concludeInactive(tools, resource, node);
  if (resource.targetRole !== undefined) wantTargetRole(resource);
}

/** Whether expired failures or a migration in progress give even a quiet probe a meaning. */
function isSimple(tools: HistoryTools, resource: Resource, node: Node): boolean {
  if (resource.partialMigrationSource !== undefined) return false;
  return resource.failureTimeoutMs === 0 || tools.failcounts.noneOn(node);
}

/** The agent of that time; where it is still the same, no new object for each of thousands. */
function recordedAgent(resource: Resource, history: ResourceHistory): AgentName {
  const { agentClass, agentProvider, agentType } = history;
  const { agent } = resource;
  const same =
    agent?.type === agentType && agent.class === agentClass && agent.provider === agentProvider;
  if (same) return agent;
  const provider = agentProvider === undefined ? {} : { provider: agentProvider };
  return { class: agentClass, type: agentType, ...provider };
}

/** The wish of the definition counts unless the history asks for still less. */
function wantTargetRole(resource: Resource): void {
  const role = resource.targetRole!;
  if (resource.nextRole === ROLE.unknown || role < resource.nextRole) {
    setNextRole(resource, role, "target-role");
  }
}

/** What the whole history of the resource on this node comes to. */
function conclude(tools: HistoryTools, state: HistoryState): void {
  const { resource, node } = state;
  const { ws } = tools;
  const active = resource.role > ROLE.stopped;
  if (resource.role !== ROLE.unknown) markKnown(resource, node);
  if (active && !node.online && !node.maintenance && resource.managed) {
    suspectNode(tools, resource, node);
  }
  const failed = state.onFail !== "ignore";
  // Fencing the node is answer enough.
  const onFail = node.unclean ? "ignore" : state.onFail;
  answerFailure(ws, resource, node, onFail, active);
  if (resource.failed && resource.isRemoteConnection && resource.remoteNode?.unclean) {
    resource.remoteNode.unseen = false;
  }
  if (active) {
    addRunning(ws, resource, node, failed);
    if (onFail !== "ignore") {
      resource.failed = true;
      if (onFail !== "demote" && onFail !== "block") resource.stopIfFailed = true;
    }
  } else concludeInactive(tools, resource, node);
  const source = resource.partialMigrationSource;
  if (resource.role === ROLE.stopped && resource.runningOn.length > 0 && source === node) {
    // A stop at the source of a half-done migration does not stop it at the target.
    if (resource.partialMigrationTarget !== undefined) resource.role = ROLE.started;
  }
}

/** Its number was another instance's, or else nothing is left to be stopped. */
function concludeInactive(tools: HistoryTools, resource: Resource, node: Node): void {
  if (resource.historyId?.includes(":")) resource.historyId = undefined;
  else dropDemands(tools, resource, node);
}

/** Its state there is known: also that of the clone whose instances are all alike. */
function markKnown(resource: Resource, node: Node): void {
  for (let up: Resource | undefined = resource; up !== undefined; up = up.parent) {
    up.knownOn.add(node);
    if (up.isUnique) return;
  }
}

/** It is thought to be active on a node that is down: the node must be made sure of. */
function suspectNode(tools: HistoryTools, resource: Resource, node: Node): void {
  const { ws } = tools;
  let reason = `${resource.id} is thought to be active there`;
  if (node.kind === "guest") {
    resource.failed = true;
    resource.stopIfFailed = true;
  } else if (!ws.options.fencingEnabled) {
    return;
  } else if (node.kind === "remote" && node.connection !== undefined && !node.connection.failed) {
    // It is fenced only if the connection cannot be made again from elsewhere.
    node.unseen = true;
    reason = `${resource.id} is active there (fencing will be revoked if remote connection can be re-established elsewhere)`;
  }
  requestFencing(ws, node, reason);
}

/** It is not active after all: stops that were asked for are not needed. */
function dropDemands(tools: HistoryTools, resource: Resource, node: Node): void {
  for (const demand of tools.ws.demands) {
    if (demand.task !== "stop" || demand.resource !== resource || demand.node !== node) continue;
    demand.optional = true;
  }
}

/** A resource that only the history knows: it is stopped where it runs. */
function createOrphan(tools: HistoryTools, history: ResourceHistory): Resource | undefined {
  const { ws } = tools;
  const provider = history.agentProvider === undefined ? {} : { provider: history.agentProvider };
  const resource = unpackResource(
    ws,
    {
      kind: "primitive",
      id: history.resource,
      agent: { class: history.agentClass, type: history.agentType, ...provider },
      meta: [],
      params: [],
      operations: [],
      utilization: [],
    },
    undefined,
  );
  if (resource === undefined) return undefined;
  resource.orphan = true;
  resource.orphanOfContainer = history.container !== undefined;
  ws.resources.push(resource);
  ws.register(resource);
  linkConnection(ws, resource);
  if (resource.remoteNode !== undefined) {
    ws.nodesToCome.delete(resource.remoteNode);
    resource.remoteNode.shutdown = true;
  }
  if (ws.options.stopOrphanResources) {
    addLocation(ws, resource, undefined, -INFINITY_SCORE, "no longer defined");
  } else resource.managed = false;
  return resource;
}

/** What ran inside a container that still exists belongs to it again. */
function adoptOrphan(tools: HistoryTools, history: ResourceHistory): void {
  const { ws } = tools;
  const resource = ws.resourceById.get(history.resource);
  const container = ws.resourceById.get(history.container ?? "");
  if (resource === undefined || container === undefined) return;
  if (resource.container !== undefined || !resource.orphanOfContainer) return;
  resource.container = container;
  container.fillers.push(resource);
  if (resource.remoteNode !== undefined) resource.remoteNode.kind = "guest";
}

/** Shutdown locks (Pacemaker Explained, `shutdown-lock`): held until they expire. */
function unpackLock(
  tools: HistoryTools,
  resource: Resource,
  node: Node,
  { shutdownLock }: ResourceHistory,
): void {
  if (shutdownLock === undefined) return;
  const { ws } = tools;
  const limit = ws.options.shutdownLockLimitMs;
  if (limit > 0 && ws.nowSeconds > shutdownLock + Math.ceil(limit / 1000)) {
    ws.demands.push({ task: "lrm_delete", resource, node, reason: "shutdown lock expired" });
    return;
  }
  resource.lockNode = node;
  resource.lockTime = shutdownLock;
}
