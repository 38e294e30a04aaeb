import { ACT, type Action, ORDER } from "./action.ts";
import { causeWords, nodeProblem } from "./plain-reasons.ts";
import { type Resource, ROLE } from "./working-set.ts";

/** Reasons for what nothing out of the ordinary asks for, and for what cannot be done. */

/** Why an action is in the plan: what was noted while planning, else what it is for. */
export function reasonOf(action: Action): string {
  if (action.reason !== undefined) return action.reason;
  const { resource } = action;
  if (resource === undefined) return CLUSTER[action.task] ?? "the cluster needs it";
  return PURPOSE[action.task]?.(action, resource) ?? "its state asks for it";
}

const CLUSTER: Readonly<Record<string, string>> = {
  do_shutdown: "the node asks to leave",
  stonith: "nobody knows what it runs",
};

const PURPOSE: Readonly<Record<string, (action: Action, resource: Resource) => string>> = {
  start: ({ node }, { runningOn }) => {
    if (runningOn.length === 0) return "it is to run there";
    if (node !== undefined && runningOn.includes(node)) return "it is started again";
    return `it comes from ${runningOn.map(({ name }) => name).join(" and ")}`;
  },
  stop: ({ node }, { assignedNode, failed }) => {
    if (assignedNode === undefined) return "it is to run nowhere";
    if (assignedNode !== node) return `it goes to ${assignedNode.name}`;
    return failed ? "it failed" : "it is started anew";
  },
  promote: () => "it is to be promoted there",
  demote: ({ node }, { nextRole, assignedNode }) => {
    if (assignedNode !== node) return "it is stopped there";
    return nextRole === ROLE.promoted
      ? "it is promoted anew"
      : "another is to be promoted, or none";
  },
  monitor: ({ intervalMs, expectedRc }) => {
    if (intervalMs === 0) return "whether it runs there is not known";
    return expectedRc === 7 ? "it must not run there" : "it is to be watched there";
  },
  notify: ({ notifyKey }) => `every instance is told (${notifyKey ?? "notify"})`,
  cancel: () => "it is no longer wanted",
  migrate_to: (_action, { assignedNode }) =>
    `it migrates to ${assignedNode?.name ?? "another node"}`,
  migrate_from: (_action, { runningOn }) =>
    `it migrates from ${runningOn[0]?.name ?? "another node"}`,
  reload: () => "its parameters have changed",
  "reload-agent": () => "its parameters have changed",
  clear_failcount: () => "its failures are over",
  lrm_delete: () => "what is recorded there is out of date",
};

/** Why an action that is wanted cannot be done. */
export function obstacleOf(action: Action, seen: ReadonlySet<Action> = new Set()): string {
  const { reason, resource, node } = action;
  if (resource !== undefined && !resource.managed) {
    return resource.blocked ? "it is blocked" : "it is unmanaged";
  }
  if (reason !== undefined) return reason;
  if (node === undefined) return "no node may run it";
  const problem = nodeProblem(node);
  if (problem !== undefined) return problem;
  const first = blockingInput(action, seen);
  if (first === undefined) return "what comes before it cannot be done";
  if (first.resource !== resource) return causeWords(first).impossible;
  return obstacleOf(first, new Set([...seen, action]));
}

/** What must be done before and cannot be: of the resource itself, else of any other. */
function blockingInput(action: Action, seen: ReadonlySet<Action>): Action | undefined {
  let found: Action | undefined;
  for (let link = action.firstBefore; link; link = link.youngerBefore) {
    const { first, flags } = link;
    if (first.is(ACT.runnable) || first.is(ACT.optional) || seen.has(first)) continue;
    if (!(flags & BLOCKING)) continue;
    if (first.resource !== undefined && first.resource === action.resource) return first;
    found ??= first;
  }
  return found;
}

const BLOCKING =
  ORDER.unrunnableFirstBlocks |
  ORDER.minRunnable |
  ORDER.restart |
  ORDER.firstImpliesNext |
  ORDER.nextImpliesFirst;
