import type { Constraint, ResourceDefinition, ResourceSet } from "../model/policy-definition.ts";

/** Two sets of thousands make millions of orders: no loop is looked for beyond so many. */
const EDGES_MAX = 200_000;

/**
 * Finds loops among mandatory start orders, each as the resources in it. Groups order their
 * members themselves; sets order theirs one after the other where they are sequential.
 */
export function findOrderLoops(
  resources: readonly ResourceDefinition[],
  constraints: readonly Constraint[],
): string[][] {
  const edges = new Map<string, Set<string>>();
  let count = 0;
  const add = (from: string, to: string) => {
    count += 1;
    if (count > EDGES_MAX) return;
    const targets = edges.get(from) ?? new Set();
    edges.set(from, targets.add(to));
  };
  for (const resource of resources) addGroupEdges(resource, add);
  for (const constraint of constraints) addOrderEdges(constraint, add);
  return loopsOf(edges);
}

type AddEdge = (from: string, to: string) => void;

/** The group itself is up once its last member is, and its first member starts with it. */
function addGroupEdges(resource: ResourceDefinition, add: AddEdge): void {
  const group = resource.kind === "clone" ? resource.child : resource;
  if (group.kind !== "group") return;
  for (const [index, member] of group.members.entries()) {
    const next = group.members[index + 1];
    if (next !== undefined) add(member.id, next.id);
  }
}

function addOrderEdges(constraint: Constraint, add: AddEdge): void {
  if (constraint.kind !== "order" || constraint.orderKind === "Optional") return;
  if (constraint.orderKind === "Serialize") return;
  if (constraint.first !== undefined && constraint.then !== undefined) {
    const actions = [constraint.firstAction, constraint.thenAction];
    if (constraint.first === constraint.then) return;
    const starting = actions.every((action) => action === undefined || action === "start");
    if (starting) add(constraint.first, constraint.then);
  }
  addSetEdges(constraint.sets ?? [], add);
}

function addSetEdges(sets: readonly ResourceSet[], add: AddEdge): void {
  const pairs = sets.reduce((sum, set, index) => {
    return sum + set.members.length * (sets[index + 1]?.members.length ?? 0);
  }, 0);
  if (pairs > EDGES_MAX) return;
  for (const [index, set] of sets.entries()) {
    if (set.action !== undefined && set.action !== "start") continue;
    for (const [place, member] of set.members.entries()) {
      const next = set.members[place + 1];
      if (set.sequential !== "false" && next !== undefined) add(member, next);
      for (const later of sets[index + 1]?.members ?? []) add(member, later);
    }
  }
}

/** Depth-first search without recursion: chains may be long. Each resource is in one loop at most. */
function loopsOf(edges: ReadonlyMap<string, ReadonlySet<string>>): string[][] {
  const loops: string[][] = [];
  const done = new Set<string>();
  for (const start of edges.keys()) {
    const path: { id: string; rest: Iterator<string> }[] = [];
    const onPath = new Set<string>();
    const enter = (id: string) => {
      path.push({ id, rest: (edges.get(id) ?? new Set<string>()).values() });
      onPath.add(id);
    };
    if (!done.has(start)) enter(start);
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const { value: next, done: exhausted } = top.rest.next();
      if (exhausted || next === undefined) {
        path.pop();
        onPath.delete(top.id);
        done.add(top.id);
      } else if (onPath.has(next)) {
        const ids = path.map((each) => each.id);
        loops.push([...ids.slice(ids.indexOf(next)), next]);
      } else if (!done.has(next)) enter(next);
    }
  }
  return loops;
}
