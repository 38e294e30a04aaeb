import { expect } from "vitest";
import type { ClusterStatus } from "../../src/model/cluster-status.ts";
import type { Plan, PlanAction } from "../../src/model/plan.ts";
import { addScores } from "../../src/model/score.ts";

/** What must hold of any plan. `lines` say what the cluster is like, and what a failure is told with. */
export function checkPlan(plan: Plan, status: ClusterStatus, lines: readonly string[]): void {
  const order = new PlanOrder(plan);
  const told = lines.join("\n");
  checkGraph(plan, told);
  checkPlaces(plan, status, lines);
  checkFencing(plan, order, told);
  checkOrder(plan, order, lines);
  checkLife(plan, order, told);
  checkNotifications(plan, order, told);
  checkOnce(plan, order, told);
  checkScores(plan, told);
}

/** Every score is what its parts come to: it says by what it came about, all of it. */
export function checkScores({ placements }: Plan, told = ""): void {
  for (const { resource, scores } of placements) {
    for (const { node, score, parts } of scores) {
      const sum = parts.reduce((total, part) => addScores(total, part.score), 0);
      if (sum === score) continue;
      expect.fail(`${resource} on ${node}, ${score}: ${JSON.stringify(parts)}\n${told}`);
    }
  }
}

export function described(action: PlanAction): string {
  return `${action.notify ?? action.operation} ${action.resource ?? ""} ${action.node ?? ""}`;
}

/** What waits for what, however indirectly. */
class PlanOrder {
  readonly #byId: ReadonlyMap<number, PlanAction>;
  readonly #before = new Map<number, ReadonlySet<number>>();

  constructor({ actions }: Plan) {
    this.#byId = new Map(actions.map((action) => [action.id, action]));
  }

  /** Whether `later` waits for `earlier`. */
  follows(later: PlanAction, earlier: PlanAction): boolean {
    return this.#ancestors(later).has(earlier.id);
  }

  #ancestors(action: PlanAction): ReadonlySet<number> {
    const known = this.#before.get(action.id);
    if (known !== undefined) return known;
    const found = new Set<number>();
    const todo = [...action.after];
    for (let id = todo.pop(); id !== undefined; id = todo.pop()) {
      if (found.has(id)) continue;
      found.add(id);
      todo.push(...(this.#byId.get(id)?.after ?? []));
    }
    this.#before.set(action.id, found);
    return found;
  }
}

/** Each of the later ones waits for each of the earlier ones. */
function expectOrder(
  order: PlanOrder,
  earlier: readonly PlanAction[],
  later: readonly PlanAction[],
  told: string,
): void {
  for (const after of later) {
    for (const before of earlier) {
      const what = `${described(before)} before ${described(after)}\n${told}`;
      expect(order.follows(after, before), what).toBe(true);
    }
  }
}

/** What agents do, by operation and resource. */
function runs(
  { actions }: Plan,
  operation: string,
  isMeant: (resource: string) => boolean,
): readonly PlanAction[] {
  return actions.filter(
    ({ kind, operation: what, resource = "" }) =>
      kind === "resource" && what === operation && isMeant(resource),
  );
}

/** Nothing waits for itself, for what is not there, or for what comes later. */
function checkGraph({ actions }: Plan, told: string): void {
  const known = new Set(actions.map((action) => action.id));
  const done = new Set<number>();
  let left = [...actions];
  for (;;) {
    const ready = left.filter((action) => action.after.every((id) => done.has(id)));
    if (ready.length === 0) break;
    for (const action of ready) done.add(action.id);
    left = left.filter((action) => !done.has(action.id));
  }
  expect(left.map(described), told).toEqual([]);
  const waitedFor = actions.flatMap((action) => action.after);
  expect(
    waitedFor.every((id) => known.has(id)),
    told,
  ).toBe(true);
}

/** Operations by which something comes to be on the node where they run. */
const ARRIVALS: ReadonlySet<string> = new Set(["start", "promote", "migrate_from"]);

/** Nothing comes to a node that is not up, not trusted, or forbidden to it. */
function checkPlaces(plan: Plan, status: ClusterStatus, lines: readonly string[]): void {
  const up = new Set(
    status.nodes
      .filter((node) => node.join === "member" && node.attributes.get("standby") !== "on")
      .map(({ name }) => name),
  );
  // Fencing takes down what it is for, whatever else was thought of the node.
  for (const { kind, node } of plan.actions) if (kind === "fence") up.delete(node!);
  for (const { code, node } of plan.notices) if (code === "unfenceable") up.delete(node!);
  for (const action of plan.actions) {
    if (!ARRIVALS.has(action.operation) || action.kind !== "resource") continue;
    const what = `${described(action)}\n${lines.join("\n")}`;
    expect(up.has(action.node!), what).toBe(true);
    const placement = plan.placements.find((each) => each.resource === action.resource)!;
    const score = placement.scores.find((each) => each.node === action.node);
    expect(score?.score, what).toBeGreaterThanOrEqual(0);
    const names = namesOf(lines, action.resource!);
    const bans = names.map((name) => `location ${name} ${action.node} -INFINITY`);
    expect(
      lines.filter((line) => bans.includes(line)),
      what,
    ).toEqual([]);
  }
}

/** The resource itself, and what it is in: `g` or `k`. */
function namesOf(lines: readonly string[], resource: string): readonly string[] {
  const id = resource.replace(/:\d+$/, "");
  const holders = lines
    .map((line) => line.trim().split(/ +/))
    .filter(([kind, , ...members]) => {
      return (kind === "group" || kind === "clone") && members.includes(id);
    });
  return [id, ...holders.map(([, name]) => name!)];
}

/** What ran on a node that is to be fenced starts elsewhere only after that; what fences may not wait. */
function checkFencing(plan: Plan, order: PlanOrder, told: string): void {
  for (const fencing of plan.actions.filter(({ kind }) => kind === "fence")) {
    for (const { resource, current } of plan.placements) {
      if (resource === "fencer" || !current.nodes.includes(fencing.node!)) continue;
      expectOrder(
        order,
        [fencing],
        runs(plan, "start", (each) => each === resource),
        told,
      );
    }
  }
}

interface Ordered {
  readonly first: (resource: string) => boolean;
  readonly next: (resource: string) => boolean;
  readonly task: string;
  readonly symmetrical: boolean;
}

const INVERSE: Readonly<Record<string, string>> = { start: "stop", promote: "demote" };

/** Both in one plan, the later one comes after, and goes before, the earlier one. */
function checkOrder(plan: Plan, order: PlanOrder, lines: readonly string[]): void {
  const told = lines.join("\n");
  // What moves live is started by its migration, and stopped only after that.
  const live = plan.actions.filter(({ operation }) => operation === "migrate_to");
  const moving = new Set(live.map(({ resource }) => resource));
  const of = (operation: string, isMeant: (resource: string) => boolean) =>
    runs(plan, operation, (resource) => isMeant(resource) && !moving.has(resource));
  for (const { first, next, task, symmetrical } of orderedPairs(lines)) {
    expectOrder(order, of(task, first), of("start", next), told);
    if (symmetrical) expectOrder(order, of("stop", next), of(INVERSE[task]!, first), told);
  }
}

/** Neighbours in a group, and what is ordered by a constraint. */
function orderedPairs(lines: readonly string[]): Ordered[] {
  const words = lines.map((line) => line.trim().split(/ +/));
  const group = words.find(([kind]) => kind === "group")?.slice(2) ?? [];
  const cloned = words.find(([kind]) => kind === "clone")?.[2];
  const is = (name: string) => (resource: string) => {
    if (name === "g") return group.includes(resource);
    return name === "k" ? resource.startsWith(`${cloned}:`) : resource === name;
  };
  const neighbours = group.slice(1).map((member, i): Ordered => {
    return { first: is(group[i]!), next: is(member), task: "start", symmetrical: true };
  });
  const constraints = words
    .filter((line) => line[0] === "order" && !isOptionalWithGroup(lines, line))
    .map(([, first = "", , then = "", ...options]): Ordered => {
      const task = options.includes("firstAction=promote") ? "promote" : "start";
      const symmetrical = !options.includes("symmetrical=false");
      return { first: is(first), next: is(then), task, symmetrical };
    });
  return [...neighbours, ...constraints];
}

/** An optional order does not wait for a group of which not all can run, or for what is blocked in it. */
function isOptionalWithGroup(
  lines: readonly string[],
  [, first, , then]: readonly string[],
): boolean {
  if (first !== "g" && then !== "g") return false;
  return lines.some((line) => line.trim() === `order ${first} then ${then} orderKind=Optional`);
}

/** On its node an instance is demoted, stopped, started and promoted in that order. */
function checkLife(plan: Plan, order: PlanOrder, told: string): void {
  const course = ["demote", "stop", "start", "promote"];
  for (const { resource } of plan.placements) {
    const stages = course.map((task) => runs(plan, task, (each) => each === resource));
    stages.forEach((later, i) => {
      for (const earlier of stages.slice(0, i)) {
        for (const action of earlier) {
          const here = later.filter(({ node }) => node === action.node);
          expectOrder(order, [action], here, told);
        }
      }
    });
  }
}

/**
 * Who is told before something is done has been told by then, and afterwards only then. That a
 * fencing has stopped something is told as soon as that is done.
 */
function checkNotifications(plan: Plan, order: PlanOrder, told: string): void {
  const fencings = plan.actions.filter(({ kind }) => kind === "fence");
  const sameClone = (a: string, b = "") => a.replace(/:\d+$/, "") === b.replace(/:\d+$/, "");
  for (const call of plan.actions.filter(({ notify }) => notify !== undefined)) {
    const [, when, task = ""] = /^(pre|post)-(.+)$/.exec(call.notify!) ?? [];
    const done = runs(plan, task, (resource) => sameClone(resource, call.resource));
    const isOfFencing = task === "stop" && fencings.some((each) => order.follows(call, each));
    if (when === "pre") expectOrder(order, [call], done, told);
    else if (!isOfFencing) expectOrder(order, done, [call], told);
  }
}

/** Nothing starts before it is stopped, or the node off, wherever else it is. */
function checkOnce(plan: Plan, order: PlanOrder, told: string): void {
  const { actions, placements } = plan;
  for (const start of runs(plan, "start", () => true)) {
    const { current } = placements.find((each) => each.resource === start.resource)!;
    for (const node of current.nodes) {
      const ends = actions.filter(
        (each) =>
          each.node === node &&
          (each.kind === "fence" ||
            (each.operation === "stop" && each.resource === start.resource)),
      );
      const ended = ends.some((each) => order.follows(start, each));
      expect(ended, `${described(start)}, ${node}\n${told}`).toBe(true);
    }
  }
  for (const { resource, next } of placements) {
    expect(next.nodes.length, `${resource}\n${told}`).toBeLessThanOrEqual(1);
  }
}
