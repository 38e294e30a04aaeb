import type { PlanAction } from "../model/plan.ts";
import { ACT, type Action, ORDER } from "./action.ts";
import { AgentCalls, type Draft } from "./agent-call.ts";
import { reasonOf } from "./everyday-reasons.ts";
import { executionOrder, type Wait } from "./execution-order.ts";
import { belongsInGraph, inputCounts } from "./graph-inputs.ts";
import { expandNotifications } from "./notify.ts";
import { stripInstance } from "./unpack/tree.ts";
import { actionFlags } from "./variant.ts";
import type { Work } from "./work.ts";
import { type Resource, ROLE, type WorkingSet } from "./working-set.ts";

/** Reads the transition graph out of the working set. */

function expand(ws: WorkingSet, resource: Resource): void {
  if (resource.variant === "clone") {
    for (const action of resource.actions) actionFlags(action, undefined);
    expandNotifications(ws, resource);
  }
  for (const child of resource.children) expand(ws, child);
}

/** The flags of all links from one action to another count together. */
function inputsOf(action: Action): Map<Action, number> {
  const inputs = new Map<Action, number>();
  for (let link = action.firstBefore; link; link = link.youngerBefore) {
    inputs.set(link.first, (inputs.get(link.first) ?? 0) | link.flags);
  }
  return inputs;
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The order of the actions of one resource, or of those of none. */
function compareActions(a: Action, b: Action): number {
  return (
    compareTexts(a.slot, b.slot) ||
    compareTexts(a.node?.name ?? "", b.node?.name ?? "") ||
    a.id - b.id
  );
}

/** A total order by name, for a graph that does not depend on the order of the input. */
function rankActions(actions: readonly Action[]): Action[] {
  const byResource = new Map<string, Action[]>();
  for (const action of actions) {
    const id = action.resource?.id ?? "";
    const same = byResource.get(id);
    if (same) same.push(action);
    else byResource.set(id, [action]);
  }
  const ranked: Action[] = [];
  for (const id of [...byResource.keys()].sort(compareTexts)) {
    for (const action of byResource.get(id)!.sort(compareActions)) {
      action.rank = ranked.length;
      ranked.push(action);
    }
  }
  return ranked;
}

/** Most actions are probes, which wait for nothing. */
const NO_INPUTS: readonly number[] = [];

/** The ranks of all that an action really has to wait for. */
function inputRanks(action: Action): readonly number[] {
  const only = action.firstBefore;
  if (!only) return NO_INPUTS;
  if (!only.youngerBefore) {
    const { first, flags } = only;
    return first.rank >= 0 && inputCounts(action, first, flags) ? [first.rank] : NO_INPUTS;
  }
  const inputs: number[] = [];
  for (const [first, flags] of inputsOf(action)) {
    if (first.rank >= 0 && inputCounts(action, first, flags)) inputs.push(first.rank);
  }
  return inputs;
}

/** How much a wait matters, if one of a loop has to be given up. */
function strengthOf(first: Action, next: Action): number {
  const flags = inputsOf(next).get(first) ?? 0;
  if (flags & ORDER.load) return 0;
  // What migrates runs already, whatever it should have waited for.
  if (next.task === "migrate_to" && first.resource !== next.resource) return 1;
  if (flags & ORDER.antiColocation) return 3;
  return flags & (ORDER.firstImpliesNext | ORDER.unrunnableFirstBlocks) ? 4 : 2;
}

/** Says which wait of a loop is given up, to people as well. */
function weakestOf(ws: WorkingSet, actions: readonly Action[]): (loop: readonly Wait[]) => Wait {
  return (loop) => {
    const strengths = loop.map(({ next, first }) => strengthOf(actions[first]!, actions[next]!));
    const weakest = loop[strengths.indexOf(Math.min(...strengths))]!;
    const [next, first] = [actions[weakest.next]!.key, actions[weakest.first]!.key];
    ws.notice("warn", "order-loop", `${next} does not wait for ${first}: that would never end`);
    return weakest;
  };
}

function kindOf(action: Action): PlanAction["kind"] {
  if (action.is(ACT.pseudo)) return "pseudo";
  if (action.task === "stonith") return "fence";
  return CLUSTER_TASKS.has(action.task) ? "cluster" : "resource";
}

const CLUSTER_TASKS = new Set(["do_shutdown", "clear_failcount", "lrm_delete", "probe_complete"]);

function operationOf(action: Action): string {
  if (action.task === "stonith") return action.fenceOperation ?? "reboot";
  return action.task;
}

/** The exit code that a probe or monitor is expected to give. */
function expectedRc(action: Action): number {
  if (action.expectedRc !== undefined) return action.expectedRc;
  const promoted = action.task === "monitor" && action.resource?.nextRole === ROLE.promoted;
  return promoted && action.intervalMs > 0 ? 8 : 0;
}

function toPlanAction(
  ws: WorkingSet,
  calls: AgentCalls,
  action: Action,
  id: number,
  after: readonly number[],
): PlanAction {
  const resource = action.resource;
  const kind = kindOf(action);
  const planned: Draft<PlanAction> = {
    id,
    kind,
    operation: operationOf(action),
    intervalMs: action.intervalMs,
    after,
    priority: Math.max(action.priority, resource?.priority ?? 0, 0),
    timeoutMs: kind === "fence" ? ws.options.fencingTimeoutMs : ws.options.defaultActionTimeoutMs,
    expectedRc: expectedRc(action),
  };
  if (resource) planned.resource = resource.id;
  if (action.node) planned.node = action.node.name;
  const recorded = kind === "resource" || kind === "cluster" ? recordedId(action) : undefined;
  if (recorded !== undefined && recorded !== resource?.id) planned.recordedAs = recorded;
  if (kind !== "pseudo") planned.reason = reasonOf(action);
  if (action.notifyKey !== undefined) planned.notify = action.notifyKey;
  if (kind === "resource" && resource) calls.describe(planned, action, resource);
  else if (action.meta) planned.meta = action.meta;
  return planned;
}

/** What the node has recorded it under before, else the id without number unless it is unique. */
function recordedId({ resource, node }: Action): string | undefined {
  if (resource === undefined || node === undefined) return undefined;
  const known = resource.histories[node.index]?.recordedId;
  return known ?? (resource.isUnique ? resource.id : stripInstance(resource.id));
}

function idsOf(ranks: readonly number[], ids: Int32Array): readonly number[] {
  const found = ranks.map((rank) => ids[rank]!);
  return found.length > 1 ? found.sort((a, b) => a - b) : found;
}

/** The transition graph, ids ascending in a possible order of execution. */
export function* createGraph(ws: WorkingSet): Work<PlanAction[]> {
  for (const resource of ws.resources) expand(ws, resource);
  const included: Action[] = [];
  for (const action of ws.actions) {
    if (!belongsInGraph(action)) continue;
    action.set(ACT.inGraph);
    included.push(action);
  }
  yield ws.actions.length / 50;
  const ranked = rankActions(included);
  yield included.length / 20;
  const before = ranked.map(inputRanks);
  yield included.length / 20;
  const order = executionOrder(before, weakestOf(ws, ranked));
  const ids = new Int32Array(ranked.length);
  order.forEach((rank, id) => {
    ids[rank] = id;
  });
  yield included.length / 20;
  const calls = new AgentCalls(ws);
  const planned: PlanAction[] = [];
  for (const rank of order) {
    const after = before[rank]!.length === 0 ? NO_INPUTS : idsOf(before[rank]!, ids);
    planned.push(toPlanAction(ws, calls, ranked[rank]!, planned.length, after));
    if (planned.length % ACTIONS_PER_SLICE === 0) yield ACTIONS_PER_SLICE / 5;
  }
  return planned;
}

/** A yield for each would cost as much as most do. */
const ACTIONS_PER_SLICE = 100;
