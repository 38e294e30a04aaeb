import type { WallTime } from "../../src/core/units.ts";
import type { Plan, PlanAction, SummaryRow } from "../../src/model/plan.ts";
import { formatScore } from "../../src/model/score.ts";
import { plan } from "../../src/policy/make-plan.ts";
import type { ScenarioCommand, ScenarioRunner } from "../support/scenario-file.ts";
import { NOW_SECONDS, SmallCluster } from "./small-cluster.ts";

/**
 * The commands of a scenario: `cluster` starts a new one, `and` adds lines to it; `plan` tells what
 * would change (`at=2027-01-15T09:00Z`: another time than 08:00 of that day), `actions` in which
 * order, `fields NAME …` what else they have, `reasons` for what, `scores ID …` why there, `notices`
 * what is worth saying.
 */
export function newPlanScenario(): ScenarioRunner {
  let cluster = new SmallCluster();
  return ({ name, args, options, body }: ScenarioCommand) => {
    if (name === "cluster") cluster = new SmallCluster();
    if (name === "cluster" || name === "and") {
      for (const line of body) cluster.line(line);
      return [];
    }
    const made = planOf(cluster, options.get("at"));
    if (name === "plan") return said(made.summary.map(rowText));
    if (name === "actions") return said(actionTexts(made));
    if (name === "reasons") return said(reasonTexts(made));
    if (name === "fields") return said(fieldTexts(made, args));
    if (name === "scores") return args.flatMap((id) => scoreTexts(made, id));
    if (name === "notices")
      return said(made.notices.map((each) => `${each.level} ${each.message}`));
    throw new Error(`unknown command: ${name}`);
  };
}

export function planOf(cluster: SmallCluster, at?: string): Plan {
  const now = (at === undefined ? NOW_SECONDS * 1000 : Date.parse(at)) as WallTime;
  return plan(cluster.definition(), cluster.status(), now, { explain: true });
}

function said(lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? ["nothing"] : lines;
}

function rowText(row: SummaryRow): string {
  const place = row.from && row.to && row.from !== row.to ? `${row.from} -> ${row.to}` : undefined;
  const roles =
    row.fromRole && row.toRole && row.fromRole !== row.toRole
      ? `${row.fromRole} -> ${row.toRole}`
      : undefined;
  const words = [
    row.action,
    row.resource,
    place ?? row.to ?? row.from ?? row.node,
    row.action === "start" || row.action === "stop" ? undefined : roles,
    row.blocked ? "(blocked)" : undefined,
    row.reason && `because ${row.reason}`,
  ];
  return words.filter((word) => word !== undefined && word !== "").join(" ");
}

/** Everything that really runs, each with the nearest others that it waits for. */
function actionTexts({ actions }: Plan): string[] {
  const byId = new Map(actions.map((action) => [action.id, action]));
  return actions
    .filter((action) => action.kind !== "pseudo")
    .map((action) => {
      const before = nearest(action, byId).map(actionText).sort();
      return before.length === 0
        ? actionText(action)
        : `${actionText(action)}, after ${before.join(" and ")}`;
    })
    .sort();
}

/** Fields of actions by their names, `meta.` those that go to the agent; of the actions that have any. */
function fieldTexts({ actions }: Plan, names: readonly string[]): string[] {
  const real = actions.filter(({ kind }) => kind !== "pseudo");
  const lines = real.flatMap((action) => {
    const fields = names.flatMap((name) => {
      const value = name.startsWith("meta.")
        ? action.meta?.[name.slice("meta.".length)]
        : action[name as keyof PlanAction];
      return value === undefined ? [] : `${name} ${value}`;
    });
    return fields.length === 0 ? [] : `${actionText(action)}: ${fields.join(", ")}`;
  });
  return lines.sort();
}

/** What every action is for. */
function reasonTexts({ actions }: Plan): string[] {
  const real = actions.filter(({ kind }) => kind !== "pseudo");
  return real.map((action) => `${actionText(action)}: ${action.reason}`).sort();
}

function nearest(action: PlanAction, byId: ReadonlyMap<number, PlanAction>): PlanAction[] {
  const direct = firstReal(action, byId);
  const covered = new Set<PlanAction>();
  const cover = (each: PlanAction) => {
    for (const earlier of firstReal(each, byId)) {
      if (covered.has(earlier)) continue;
      covered.add(earlier);
      cover(earlier);
    }
  };
  for (const each of direct) cover(each);
  return [...direct].filter((each) => !covered.has(each));
}

/** The real actions reached through pseudo ones only. */
function firstReal(action: PlanAction, byId: ReadonlyMap<number, PlanAction>): Set<PlanAction> {
  const found = new Set<PlanAction>();
  const seen = new Set<number>();
  const todo = [...action.after];
  for (let id = todo.pop(); id !== undefined; id = todo.pop()) {
    if (seen.has(id)) continue;
    seen.add(id);
    const earlier = byId.get(id)!;
    if (earlier.kind === "pseudo") todo.push(...earlier.after);
    else found.add(earlier);
  }
  return found;
}

function actionText(action: PlanAction): string {
  const interval = action.intervalMs > 0 ? `/${action.intervalMs / 1000}s` : "";
  const operation = action.notify ?? `${action.operation}${interval}`;
  const words = [operation, action.resource, action.node && `on ${action.node}`];
  return words.filter((word) => word !== undefined).join(" ");
}

function scoreTexts(made: Plan, id: string): string[] {
  const placement = made.placements.find((each) => each.resource === id);
  return (placement?.scores ?? []).map(({ node, score, parts }) => {
    const sources = parts.map((part) => `${part.source} ${formatScore(part.score)}`);
    return `${id} ${node} ${formatScore(score)}: ${sources.join(", ") || "nothing"}`;
  });
}
