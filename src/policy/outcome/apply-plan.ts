import type {
  ClusterStatus,
  OperationRecord,
  ResourceHistory,
} from "../../model/cluster-status.ts";
import type { Plan, PlanAction } from "../../model/plan.ts";
import type { PolicyDefinition } from "../../model/policy-definition.ts";
import { stripInstance } from "../unpack/tree.ts";
import { unpack } from "../unpack/unpack.ts";
import { finish } from "../work.ts";
import { WorkingSet } from "../working-set.ts";
import { executionOrder } from "./graph-order.ts";
import { StatusEditor } from "./status-editor.ts";

/**
 * The status after a plan, if every action of it succeeds: what `simulate` shows as the outcome.
 * Planning on it must find nothing left to do.
 */
export function applyPlan(
  definition: PolicyDefinition,
  status: ClusterStatus,
  plan: Plan,
  nowSeconds: number,
): ClusterStatus {
  const ws = new WorkingSet(definition, status, nowSeconds);
  finish(unpack(ws));
  const editor = new StatusEditor(status);
  const when = afterEverything(status, nowSeconds);
  for (const action of executionOrder(plan.actions)) applyAction(ws, editor, action, when);
  return editor.finish();
}

/** Results of the plan are newer than all that is recorded, also where clocks disagree. */
function afterEverything(status: ClusterStatus, nowSeconds: number): number {
  let latest = Math.floor(nowSeconds);
  for (const node of status.nodes) {
    for (const history of node.history) {
      for (const { lastRcChange } of history.operations) {
        if (lastRcChange !== undefined && lastRcChange > latest) latest = lastRcChange;
      }
    }
  }
  return latest;
}

function applyAction(ws: WorkingSet, editor: StatusEditor, action: PlanAction, when: number): void {
  if (action.node === undefined) return;
  if (action.kind === "fence") applyFencing(ws, editor, action, action.node);
  if (action.resource === undefined) return;
  const recorded = recordedId(ws, editor, action.resource, action.node);
  if (action.kind === "cluster") {
    if (action.operation === "lrm_delete") editor.forget(action.node, recorded);
    if (action.operation === "clear_failcount") clearFailcount(editor, action.node, recorded);
  } else if (action.kind === "resource") {
    if (action.operation === "cancel") editor.cancel(action.node, recorded, action.intervalMs);
    else if (/^(lrm_)?delete$/.test(action.operation)) editor.forget(action.node, recorded);
    else if (action.operation !== "notify")
      recordResult(ws, editor, { ...action, node: action.node }, recorded, when);
  }
}

function applyFencing(
  ws: WorkingSet,
  editor: StatusEditor,
  action: PlanAction,
  node: string,
): void {
  if (action.operation !== "on") editor.fence(node);
  else editor.node(node).attributes.set("#node-unfenced", String(Math.floor(ws.nowSeconds)));
}

/**
 * Instances of anonymous clones are recorded without their number, unless the node has a history
 * of that instance (or of any other) under a number already.
 */
function recordedId(ws: WorkingSet, editor: StatusEditor, id: string, node: string): string {
  const resource = ws.resourceById.get(id);
  if (resource === undefined) return id;
  const index = ws.nodeByName.get(node)?.index ?? -1;
  const known = resource.histories[index]?.recordedId;
  if (known !== undefined) return known;
  if (resource.isUnique) return id;
  const base = stripInstance(id);
  if (editor.hasHistory(node, base)) return base;
  const other = editor
    .node(node)
    .history.find((each) => stripInstance(each.resource) === base)?.resource;
  return other ?? base;
}

function clearFailcount(editor: StatusEditor, node: string, resource: string): void {
  const { attributes } = editor.node(node);
  for (const name of [...attributes.keys()]) {
    const found = /^(?:fail-count|last-failure)-(.+?)(?:#.+_\d+)?$/.exec(name);
    if (found !== null && stripInstance(found[1]!) === stripInstance(resource)) {
      attributes.delete(name);
    }
  }
}

function recordResult(
  ws: WorkingSet,
  editor: StatusEditor,
  action: PlanAction & { readonly node: string },
  recorded: string,
  when: number,
): void {
  const { node, operation, intervalMs, expectedRc, agent } = action;
  const definedAgent = agent ?? ws.resourceById.get(action.resource!)?.agent;
  const history: Omit<ResourceHistory, "operations"> = {
    resource: recorded,
    agentClass: definedAgent?.class ?? "",
    ...(definedAgent?.provider === undefined ? {} : { agentProvider: definedAgent.provider }),
    agentType: definedAgent?.type ?? "",
  };
  // A reload that succeeded counts as a start with the new parameters.
  const task = /^reload(-agent)?$/.test(operation) ? "start" : operation;
  const result: Omit<OperationRecord, "callId"> = {
    id: isKeptApart(task, intervalMs) ? `${recorded}_${task}_${intervalMs}` : `${recorded}_last_0`,
    operationKey: `${recorded}_${task}_${intervalMs}`,
    operation: task,
    intervalMs,
    rc: expectedRc,
    expectedRc,
    status: 0,
    onNode: node,
    // Of no real transition: as later than any that is still pending.
    transitionMagic: `0:${expectedRc};${action.id}:-1:${expectedRc}:${NO_COORDINATOR}`,
    lastRcChange: when,
    lastRun: when,
    ...digests(action),
    ...migration(action),
  };
  editor.record(node, history, result);
}

/** As the executor records them: a migration's halves replace those of an earlier one. */
function isKeptApart(task: string, intervalMs: number): boolean {
  return intervalMs > 0 || task === "migrate_to" || task === "migrate_from";
}

/** Stands for the coordinator where there is none (as in Pacemaker's own simulations). */
const NO_COORDINATOR = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

function digests(action: PlanAction): Partial<OperationRecord> {
  const { digest, restartDigest, forceRestart } = action;
  return {
    ...(digest === undefined ? {} : { digest }),
    ...(restartDigest === undefined ? {} : { restartDigest }),
    ...(forceRestart === undefined ? {} : { forceRestart }),
  };
}

function migration(action: PlanAction): Partial<OperationRecord> {
  const value = (name: string) => action.meta?.[`CRM_meta_${name}`] ?? action.meta?.[name];
  const source = value("migrate_source");
  const target = value("migrate_target");
  return {
    ...(source === undefined ? {} : { migrateSource: source }),
    ...(target === undefined ? {} : { migrateTarget: target }),
  };
}
