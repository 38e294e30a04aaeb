import type {
  ClusterStatus,
  NodeStatus,
  OperationRecord,
  ResourceHistory,
} from "../model/cluster-status.ts";
import { EXECUTION, OCF } from "../model/exit-code.ts";
import type { Plan, PlanAction } from "../model/plan.ts";
import type { InFlightAction } from "./transition-events.ts";

/**
 * The status with every action in flight shown as pending, so that a plan can be made while they
 * run. What a node reports of them itself stands.
 */
export function withPending(
  status: ClusterStatus,
  inFlight: readonly InFlightAction[],
): ClusterStatus {
  const executed = inFlight.filter((flight) => isExecuted(flight.action));
  if (executed.length === 0) return status;
  const nodes = status.nodes.map((node) =>
    withPendingOn(
      node,
      executed.filter((flight) => flight.action.node === node.name),
    ),
  );
  return { ...status, nodes };
}

function isExecuted(action: PlanAction): boolean {
  return action.agent !== undefined && action.resource !== undefined && action.node !== undefined;
}

function withPendingOn(node: NodeStatus, flights: readonly InFlightAction[]): NodeStatus {
  let history = node.history;
  for (const flight of flights) history = addRecord(history, flight.action, pendingRecord(flight));
  return history === node.history ? node : { ...node, history };
}

/** The record of an operation that has been asked for and not answered. */
export function pendingRecord(flight: InFlightAction): OperationRecord {
  return record(flight.action, flight.key, OCF.pending, EXECUTION.pending);
}

/** The record of an operation that a node never answered: as if it had timed out there. */
export function unansweredRecord(action: PlanAction, key: string): OperationRecord {
  return record(action, key, OCF.genericError, EXECUTION.timeout);
}

function record(action: PlanAction, key: string, rc: number, status: number): OperationRecord {
  const operationKey = `${recordedAs(action)}_${action.operation}_${action.intervalMs}`;
  return {
    id: operationKey,
    operation: action.operation,
    intervalMs: action.intervalMs,
    callId: -1,
    rc,
    status,
    expectedRc: action.expectedRc,
    transitionKey: key,
    operationKey,
    ...(action.node === undefined ? {} : { onNode: action.node }),
    ...(action.digest === undefined ? {} : { digest: action.digest }),
  };
}

/** Adds the record, unless the history already has one that answers or shows the same request. */
function addRecord(
  history: readonly ResourceHistory[],
  action: PlanAction,
  added: OperationRecord,
): readonly ResourceHistory[] {
  const index = history.findIndex((entry) => entry.resource === recordedAs(action));
  const entry = history[index];
  if (entry === undefined) return [...history, newHistory(action, added)];
  if (entry.operations.some((known) => known.transitionKey === added.transitionKey)) return history;
  // Later than all that is known there: a start in flight must not look older than the probe before it.
  const callId = 1 + Math.max(0, ...entry.operations.map((known) => known.callId));
  return history.with(index, { ...entry, operations: [...entry.operations, { ...added, callId }] });
}

function newHistory(action: PlanAction, added: OperationRecord): ResourceHistory {
  const agent = action.agent!;
  return {
    resource: recordedAs(action)!,
    agentClass: agent.class,
    ...(agent.provider === undefined ? {} : { agentProvider: agent.provider }),
    agentType: agent.type,
    operations: [added],
  };
}

function recordedAs(action: PlanAction): string | undefined {
  return action.recordedAs ?? action.resource;
}

/** Keys of the fencings in flight that a newer plan does not want: one message if there are any. */
export function unwantedFencings(
  inFlight: readonly InFlightAction[],
  { actions }: Pick<Plan, "actions">,
): { readonly kind: "fencing-unwanted"; readonly keys: readonly string[] }[] {
  const wanted = new Set(actions.flatMap(({ kind, node }) => (kind === "fence" ? [node] : [])));
  const keys = inFlight
    .filter(({ action }) => action.kind === "fence" && !wanted.has(action.node))
    .map(({ key }) => key);
  return keys.length === 0 ? [] : [{ kind: "fencing-unwanted", keys }];
}
