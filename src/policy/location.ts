import { compilePattern } from "../core/posix-pattern.ts";
import type { LocationConstraint } from "../model/policy-definition.ts";
import type { Rule } from "../model/rule.ts";
import { writeRule } from "../model/rule-text.ts";
import { INFINITY_SCORE, parseLooseScore } from "../model/score.ts";
import { constraintResource, expandSet, ignored, namedMembers } from "./constraint-lookup.ts";
import { isAvailable } from "./nodes.ts";
import { isColocatedGroup, isTrue, topOf } from "./resource-state.ts";
import { parseDateTime } from "./rules/date-time.ts";
import { evaluateRule } from "./rules/evaluate.ts";
import { parseRole } from "./unpack/roles.ts";
import {
  type Discovery,
  type LocationUse,
  type Node,
  type Resource,
  ROLE,
  type RoleRank,
  type WorkingSet,
} from "./working-set.ts";

/** Where resources may and would rather run: location constraints, stickiness, health, failures. */

/** exclusive > never > always: the strongest word on a node counts. */
export const DISCOVERY: Readonly<Record<Discovery, number>> = { always: 0, never: 1, exclusive: 2 };

/** An instance starts before it is promoted, so only the promoted role can have places of its own. */
function locationRole(text: string | undefined): RoleRank | undefined {
  if (text === undefined) return ROLE.unknown;
  const role = parseRole(text);
  if (role === undefined || role === ROLE.unknown) return undefined;
  return role === ROLE.started || role === ROLE.unpromoted ? ROLE.unknown : role;
}

function discoveryOf(text: string | undefined): Discovery {
  const word = text?.toLowerCase();
  return word === "never" || word === "exclusive" ? word : "always";
}

function addUse(ws: WorkingSet, use: LocationUse): void {
  ws.locations.push(use);
  if (use.discovery === "exclusive") use.resource.exclusiveDiscovery = true;
  if (use.roleFilter !== ROLE.promoted) return;
  const list = ws.promotedLocations.get(use.resource);
  if (list) list.push(use);
  else ws.promotedLocations.set(use.resource, [use]);
}

function ruleScore(rule: Rule, node: Node, submatches: readonly (string | undefined)[]): number {
  if (rule.score !== undefined) return rule.score;
  if (rule.scoreAttribute === undefined) return 0;
  const name = rule.scoreAttribute.replace(
    /%([0-9])/g,
    (whole, digit: string) => submatches[Number(digit)] ?? (submatches.length > 0 ? "" : whole),
  );
  const value = node.attributes.get(name);
  return value === undefined ? -INFINITY_SCORE : (parseLooseScore(value) ?? 0);
}

function unpackRule(
  ws: WorkingSet,
  constraint: LocationConstraint,
  resource: Resource,
  rule: Rule,
  submatches: readonly (string | undefined)[],
): void {
  const role = locationRole(rule.role);
  if (role === undefined) {
    ignored(ws, constraint.id, `${rule.role} is no role`);
    return;
  }
  const scores: { node: Node; score: number }[] = [];
  for (const node of ws.nodes) {
    const holds = evaluateRule(rule, {
      nowSeconds: ws.nowSeconds,
      timeZone: ws.timeZone,
      nodeAttributes: node.attributes,
      params: resource.params,
      meta: resource.meta,
      submatches,
      onChange: (at) => ws.recheckBy(at),
    });
    if (holds) scores.push({ node, score: ruleScore(rule, node, submatches) });
  }
  const discovery = discoveryOf(constraint.discovery);
  const { id } = constraint;
  const says = ws.explain ? `rule: ${writeRule(rule)}` : undefined;
  addUse(ws, { id, resource, roleFilter: role, discovery, scores, says });
}

function unpackFor(
  ws: WorkingSet,
  constraint: LocationConstraint,
  resource: Resource,
  setRole: string | undefined,
  setScore: string | undefined,
  submatches: readonly (string | undefined)[],
): void {
  const score = setScore === undefined ? constraint.score : (parseLooseScore(setScore) ?? 0);
  if (constraint.node === undefined || score === undefined) {
    for (const rule of constraint.rules) unpackRule(ws, constraint, resource, rule, submatches);
    return;
  }
  const node = ws.nodeByName.get(constraint.node);
  if (!node) {
    ws.notice(
      "info",
      "location-node",
      `constraint ${constraint.id}: ${constraint.node} is no known node`,
    );
    return;
  }
  addUse(ws, {
    id: constraint.id,
    resource,
    roleFilter: locationRole(setRole ?? constraint.role) ?? ROLE.unknown,
    discovery: discoveryOf(constraint.discovery),
    scores: [{ node, score }],
    source: constraint.says,
  });
}

function unpackPattern(ws: WorkingSet, constraint: LocationConstraint, pattern: string): void {
  const inverted = pattern.startsWith("!");
  const compiled = compilePattern(inverted ? pattern.slice(1) : pattern);
  if ("problem" in compiled) {
    ignored(ws, constraint.id, `${pattern} is no regular expression: ${compiled.problem}`);
    return;
  }
  for (const resource of ws.resources) {
    const match = compiled.expression.exec(resource.id);
    if (inverted === (match !== null)) continue;
    unpackFor(ws, constraint, resource, undefined, undefined, match ? [...match] : []);
  }
}

function hasExpired(ws: WorkingSet, constraint: LocationConstraint): boolean {
  if (constraint.expires === undefined) return false;
  const end = parseDateTime(constraint.expires, ws.timeZone);
  if (end === undefined) return false;
  if (end <= ws.nowSeconds) return true;
  ws.recheckBy(end);
  return false;
}

/** Reads one location constraint into the working set. */
export function unpackLocation(ws: WorkingSet, constraint: LocationConstraint): void {
  if (hasExpired(ws, constraint)) return;
  const targets: { id: string; role: string | undefined; score: string | undefined }[] = [];
  for (const set of constraint.sets ?? []) {
    const { members } = expandSet(ws, set);
    for (const id of members) targets.push({ id, role: set.role, score: set.score });
  }
  if (constraint.resource !== undefined) {
    for (const id of namedMembers(ws, constraint.resource) ?? [constraint.resource]) {
      targets.push({ id, role: undefined, score: undefined });
    }
  }
  for (const target of targets) {
    const resource = constraintResource(ws, target.id);
    if (resource) unpackFor(ws, constraint, resource, target.role, target.score, []);
    else ignored(ws, constraint.id, `there is no resource ${target.id}`);
  }
  if (constraint.pattern !== undefined) unpackPattern(ws, constraint, constraint.pattern);
}

function applyTo(ws: WorkingSet, resource: Resource, use: LocationUse, withScores: boolean): void {
  if (use.roleFilter > ROLE.unknown && use.roleFilter !== resource.nextRole) return;
  const mode = DISCOVERY[use.discovery];
  for (const { node, score } of use.scores) {
    const source = use.source ?? `location ${use.id}`;
    resource.allowed.add(node.index, withScores ? score : 0, source, use.says);
    if (mode === 0) continue;
    resource.discovery ??= new Uint8Array(ws.nodes.length);
    if (resource.discovery[node.index]! >= mode) continue;
    if (use.discovery === "exclusive") resource.exclusiveDiscovery = true;
    resource.discovery[node.index] = mode;
  }
}

/** A bundle is where its containers are; only roles concern what is inside. */
function applyToBundle(
  ws: WorkingSet,
  bundle: Resource,
  use: LocationUse,
  withScores: boolean,
): void {
  for (const { container, ip } of bundle.bundle!.replicas) {
    applyTree(ws, container, use, withScores);
    if (ip) applyTree(ws, ip, use, withScores);
  }
  const inner = bundle.bundle!.childClone;
  if (!inner || use.roleFilter !== ROLE.promoted) return;
  applyTree(ws, inner, use, withScores);
  const list = ws.promotedLocations.get(inner);
  if (list) list.push(use);
  else ws.promotedLocations.set(inner, [use]);
}

function applyTree(
  ws: WorkingSet,
  resource: Resource,
  use: LocationUse,
  withScores: boolean,
): void {
  applyTo(ws, resource, use, withScores);
  if (resource.bundle) {
    applyToBundle(ws, resource, use, withScores);
    return;
  }
  if (resource.variant !== "group") {
    for (const child of resource.children) applyTree(ws, child, use, withScores);
    return;
  }
  // The first member's scores stand for all of a colocated group.
  const once = isColocatedGroup(resource);
  resource.children.forEach((member, i) => {
    applyTree(ws, member, use, withScores && (!once || i === 0));
  });
}

/** Adds node health to the scores of everything (Pacemaker Explained, "Tracking Node Health"). */
export function applyHealth(ws: WorkingSet): void {
  const strategy = ws.options.nodeHealthStrategy;
  if (strategy === "none") return;
  for (const node of ws.nodes) {
    if (node.healthScore === 0) continue;
    for (const resource of ws.resources) {
      if (node.healthScore < 0 && isTrue(resource.meta.get("allow-unhealthy-nodes"))) continue;
      addUse(ws, {
        id: `node health (${strategy})`,
        resource,
        roleFilter: ROLE.unknown,
        discovery: "always",
        scores: [{ node, score: node.healthScore }],
      });
    }
  }
}

function applyStickiness(ws: WorkingSet, resource: Resource): void {
  if (resource.children.length > 0) {
    for (const child of resource.children) applyStickiness(ws, child);
    return;
  }
  const node = resource.runningOn[0];
  if (!resource.managed || resource.stickiness < 1 || !node || resource.runningOn.length > 1)
    return;
  if (!ws.options.symmetric && !resource.allowed.has(node.index)) return;
  resource.allowed.add(node.index, resource.stickiness, "stickiness");
}

/** Has the resource failed too often on a node to be tried there again? */
export function thresholdReached(ws: WorkingSet, resource: Resource, node: Node): boolean {
  if (resource.migrationThreshold === 0 || resource.failureIgnored) return false;
  const { count } = ws.services.failcount(resource, node);
  return count > 0 && resource.migrationThreshold - count <= 0;
}

function banFailed(ws: WorkingSet, resource: Resource, node: Node): void {
  if (resource.children.length > 0) {
    for (const child of resource.children) banFailed(ws, child, node);
    return;
  }
  if (resource.tasks.get("clear_failcount")?.some((action) => action.node === node)) return;
  if (!thresholdReached(ws, resource, node)) return;
  const banned = resource.isUnique || !resource.parent ? resource : topOfFailure(resource);
  const { count } = ws.services.failcount(resource, node);
  const isFatal = count >= INFINITY_SCORE;
  const reached = `migration-threshold ${resource.migrationThreshold} reached`;
  banTree(banned, node, isFatal ? "a fatal failure there" : reached);
}

/** A member of an anonymous clone takes the clone away with it; that of a group, the group. */
function topOfFailure(resource: Resource): Resource {
  let top = resource;
  while (top.parent && top.parent.variant !== "bundle") top = top.parent;
  return top;
}

function banTree(resource: Resource, node: Node, why: string): void {
  for (const child of resource.children) banTree(child, node, why);
  resource.allowed.add(node.index, -INFINITY_SCORE, why);
}

function applyExclusive(resource: Resource, node: Node): void {
  if (!resource.exclusiveDiscovery && !topOf(resource).exclusiveDiscovery) return;
  for (const child of resource.children) applyExclusive(child, node);
  if (!resource.allowed.has(node.index)) return;
  if ((resource.discovery?.[node.index] ?? 0) === DISCOVERY.exclusive) return;
  resource.allowed.ban(node.index, "resource-discovery=exclusive elsewhere");
}

/** Applies everything that depends on the node alone: locations, stickiness, failures. */
export function applyNodeCriteria(ws: WorkingSet): void {
  for (const use of ws.locations) applyTree(ws, use.resource, use, true);
  for (const resource of ws.resources) applyStickiness(ws, resource);
  const failing = new Set(ws.nodes.filter((node) => ws.services.anyFailcount(node)));
  // What is in a bundle is meant for the bundle's own nodes.
  const exclusive =
    ws.bundleNodes.size > 0 || ws.locations.some(({ discovery }) => discovery === "exclusive");
  if (failing.size === 0 && !exclusive) return;
  for (const resource of ws.resources) {
    for (const node of ws.nodes) {
      if (failing.has(node)) banFailed(ws, resource, node);
      if (exclusive) applyExclusive(resource, node);
    }
  }
}

/** For probes: 0 always, 1 never, 2 exclusive. */
export function discoveryMode(resource: Resource, node: Node): number {
  return resource.discovery?.[node.index] ?? 0;
}

export const NEVER_DISCOVER = DISCOVERY.never;
export const EXCLUSIVE_DISCOVER = DISCOVERY.exclusive;

/** Nodes where a resource might run, best known at the start; for tests and explanations. */
export function candidateNodes(ws: WorkingSet, resource: Resource): Node[] {
  return ws.nodes.filter((node) => resource.allowed.has(node.index) && isAvailable(node));
}
