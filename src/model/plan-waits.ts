import type { Plan, PlanAction } from "./plan.ts";

/** An action of one resource, and what it waits for. */
export interface ActionWait {
  readonly operation: string;
  readonly intervalMs: number;
  readonly resource: string;
  readonly node?: string;
  readonly reason?: string;
  /** The real actions before it, marks looked through: "stop of db:0 on node2". */
  readonly waitsFor: readonly string[];
}

/** What a plan does with the resources of these names, in order, each with what it waits for. */
export function actionWaits(plan: Plan, isMeant: (resource: string) => boolean): ActionWait[] {
  const byId = new Map(plan.actions.map((action) => [action.id, action]));
  const found: ActionWait[] = [];
  for (const action of plan.actions) {
    const { resource, operation, intervalMs, node, reason } = action;
    if (resource === undefined || action.kind === "pseudo" || !isMeant(resource)) continue;
    found.push({
      operation,
      intervalMs,
      resource,
      ...(node === undefined ? {} : { node }),
      ...(reason === undefined ? {} : { reason }),
      waitsFor: realBefore(action, byId).map(actionWords),
    });
  }
  return found;
}

/** What stops on a node only after somebody was fenced, and who that is. */
export function fencingBefore(
  plan: Plan,
  node: string,
): { readonly resource: string; readonly targets: readonly string[] }[] {
  const byId = new Map(plan.actions.map((action) => [action.id, action]));
  return plan.actions.flatMap((action) => {
    const { kind, resource, node: where } = action;
    if (kind !== "resource" || resource === undefined || where !== node) return [];
    const before = [...allBefore(action, byId)].filter((each) => each.kind === "fence");
    const targets = before.flatMap((fencing) => fencing.node ?? []);
    return targets.length === 0 ? [] : [{ resource, targets }];
  });
}

function allBefore(
  action: PlanAction,
  byId: ReadonlyMap<number, PlanAction>,
): ReadonlySet<PlanAction> {
  const found = new Set<PlanAction>();
  const ids = [...action.after];
  for (let id = ids.pop(); id !== undefined; id = ids.pop()) {
    const before = byId.get(id);
    if (before === undefined || found.has(before)) continue;
    found.add(before);
    ids.push(...before.after);
  }
  return found;
}

function realBefore(action: PlanAction, byId: ReadonlyMap<number, PlanAction>): PlanAction[] {
  const seen = new Set<number>();
  const found: PlanAction[] = [];
  const ids = [...action.after];
  for (let id = ids.pop(); id !== undefined; id = ids.pop()) {
    const before = byId.get(id);
    if (before === undefined || seen.has(id)) continue;
    seen.add(id);
    if (before.kind === "pseudo") ids.push(...before.after);
    else found.push(before);
  }
  return found.sort((a, b) => a.id - b.id);
}

function actionWords({ operation, intervalMs, resource, node, kind }: PlanAction): string {
  const what = operation === "monitor" && intervalMs === 0 ? "probe" : operation;
  if (kind === "fence") return `fencing (${what}) of ${node}`;
  return [
    what,
    resource === undefined ? "" : `of ${resource}`,
    node === undefined ? "" : `on ${node}`,
  ]
    .filter((word) => word !== "")
    .join(" ");
}
