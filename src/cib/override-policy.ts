import type { WallTime } from "../core/units.ts";
import type { Override } from "../model/cib.ts";
import { overrideWords } from "../model/override-words.ts";
import type {
  LocationConstraint,
  PolicyDefinition,
  PolicyNode,
  ResourceDefinition,
} from "../model/policy-definition.ts";
import type { AttributeSet } from "../model/rule.ts";
import { INFINITY_SCORE } from "../model/score.ts";
import { findResource } from "./override-target.ts";

/** The definition as the overrides change it, for the policy engine. */
export interface OverriddenPolicy {
  readonly policy: PolicyDefinition;
  /** When the next of them expires and the policy is to be computed anew; undefined: none does. */
  readonly nextExpiry: WallTime | undefined;
  /** In force, but about something that the definition no longer has: without effect. */
  readonly stale: readonly Override[];
}

/**
 * Turns overrides into what Pacemaker's tools would have put into the CIB by hand:
 *
 * | override             | becomes                                                                |
 * |----------------------|------------------------------------------------------------------------|
 * | standby NODE         | node attribute standby=on (crm_standby)                                |
 * | maintenance NODE     | node attribute maintenance=true                                        |
 * | maintenance RESOURCE | meta attribute maintenance=true, of its members too                    |
 * | migrate RESOURCE     | location INFINITY to the node, for the role if one is given            |
 * |                      | (crm_resource --move --node: cli-prefer)                               |
 * | ban RESOURCE         | location -INFINITY on the node (crm_resource --ban: cli-ban)           |
 * | stop RESOURCE        | meta attribute target-role=Stopped, of its members too                 |
 * | start RESOURCE       | meta attribute target-role=Started                                     |
 * | unmanage RESOURCE    | meta attribute is-managed=false, of its members too                    |
 *
 * A migrate says where to, and nothing of the node that is left: that one stays a candidate, so the
 * resource comes back if its new node dies. Who wants "anywhere but here" sets a ban on that node,
 * as crm_resource --move does when no node is named. Of two overrides about one attribute the later
 * wins. What an override sets beats the file: it is a set of its own with a score above all others.
 */
export function applyOverrides(
  policy: PolicyDefinition,
  overrides: readonly Override[],
  now: WallTime,
): OverriddenPolicy {
  const inForce = overrides
    .filter((each) => each.expires === undefined || each.expires > now)
    .sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1));
  const effects = new Effects();
  const stale: Override[] = [];
  for (const override of inForce) {
    if (isUndone(override, inForce)) continue;
    if (!addEffect(policy, override, effects)) stale.push(override);
  }
  return {
    policy: effects.isEmpty ? policy : withEffects(policy, effects),
    nextExpiry: earliest(inForce.map((each) => each.expires)),
    stale,
  };
}

/** A later start of the same resource takes back a stop with all it did to members, and vice versa. */
function isUndone(override: Override, inForce: readonly Override[]): boolean {
  const opposite = { stop: "start", start: "stop" }[override.kind as string];
  if (opposite === undefined) return false;
  const place = inForce.indexOf(override);
  return inForce
    .slice(place + 1)
    .some((later) => later.kind === opposite && later.target === override.target);
}

/** What the overrides amount to, by what they change. */
class Effects {
  readonly nodes = new Map<string, Map<string, string>>();
  readonly resources = new Map<string, Map<string, string>>();
  readonly locations: LocationConstraint[] = [];

  get isEmpty(): boolean {
    return this.nodes.size === 0 && this.resources.size === 0 && this.locations.length === 0;
  }

  set(table: Map<string, Map<string, string>>, id: string, name: string, value: string): void {
    const values = table.get(id) ?? new Map<string, string>();
    values.set(name, value);
    table.set(id, values);
  }
}

/** False: what it is about is not in the definition. */
function addEffect(policy: PolicyDefinition, override: Override, effects: Effects): boolean {
  const { kind, target } = override;
  const isNode = policy.nodes.some((node) => node.name === target);
  const resource = findResource(policy, target);
  if (kind === "standby") {
    if (isNode) effects.set(effects.nodes, target, "standby", "on");
    return isNode;
  }
  if (kind === "maintenance" && isNode) {
    effects.set(effects.nodes, target, "maintenance", "true");
    return true;
  }
  if (resource === undefined) return false;
  if (kind === "migrate" || kind === "ban") return addLocation(policy, override, effects);
  const [name, value] = META_OF_KIND[kind];
  const affected = kind === "start" ? [target] : [target, ...resource.memberIds];
  for (const id of affected) effects.set(effects.resources, id, name, value);
  return true;
}

const META_OF_KIND = {
  maintenance: ["maintenance", "true"],
  stop: ["target-role", "Stopped"],
  start: ["target-role", "Started"],
  unmanage: ["is-managed", "false"],
} as const;

function addLocation(policy: PolicyDefinition, override: Override, effects: Effects): boolean {
  const { node, role } = override;
  if (node === undefined || !policy.nodes.some((each) => each.name === node)) return false;
  effects.locations.push({
    kind: "location",
    id: override.id,
    resource: override.target,
    node,
    score: override.kind === "ban" ? -INFINITY_SCORE : INFINITY_SCORE,
    rules: [],
    ...(role === undefined ? {} : { role }),
    says: overrideWords(override),
  });
  return true;
}

function withEffects(policy: PolicyDefinition, effects: Effects): PolicyDefinition {
  return {
    ...policy,
    nodes: policy.nodes.map((node) => withNodeAttributes(node, effects)),
    resources: policy.resources.map((resource) => withMeta(resource, effects)),
    constraints: [...policy.constraints, ...effects.locations],
  };
}

function withNodeAttributes(node: PolicyNode, effects: Effects): PolicyNode {
  const values = effects.nodes.get(node.name);
  if (values === undefined) return node;
  return { ...node, attributes: [overrideSet(node.name, values), ...node.attributes] };
}

function withMeta<Resource extends ResourceDefinition>(
  resource: Resource,
  effects: Effects,
): Resource {
  const values = effects.resources.get(resource.id);
  const meta =
    values === undefined ? resource.meta : [overrideSet(resource.id, values), ...resource.meta];
  if (resource.kind === "group") {
    return { ...resource, meta, members: resource.members.map((each) => withMeta(each, effects)) };
  }
  if (resource.kind !== "primitive" && resource.child !== undefined) {
    return { ...resource, meta, child: withMeta(resource.child, effects) };
  }
  return values === undefined ? resource : { ...resource, meta };
}

function overrideSet(target: string, values: ReadonlyMap<string, string>): AttributeSet {
  return { id: `override:${target}`, score: ABOVE_ALL, values };
}

/** A file's scores end at INFINITY, and among equals the later set would win. */
const ABOVE_ALL = INFINITY_SCORE + 1;

function earliest(times: readonly (WallTime | undefined)[]): WallTime | undefined {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}
