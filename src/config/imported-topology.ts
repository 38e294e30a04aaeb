import { compilePattern } from "../core/posix-pattern.ts";
import type { FencingDevice } from "../model/definition.ts";
import { plainValue } from "../model/plain-value.ts";
import type { PolicyDefinition, PolicyNode, TopologyLevel } from "../model/policy-definition.ts";

type TargetNode = Pick<PolicyNode, "name" | "attributes">;

/**
 * The levels of a CIB for our file. Pacemaker passes over a level whose device is not for the node that
 * is to be fenced; in our file that is an error, for some devices fence whom they always fence. Where
 * a level for several nodes is not for all of them, each node gets the levels that are for it.
 */
export function topologyOf(
  policy: PolicyDefinition,
  names: ReadonlySet<string>,
  devices: ReadonlyMap<string, FencingDevice>,
): readonly TopologyLevel[] {
  const levels = policy.fencingTopology.filter(
    ({ target }) => target === undefined || names.has(target),
  );
  const permanent = new Map(policy.nodes.map((node) => [node.name, node.attributes]));
  const nodes = [...names].map((name) => ({ name, attributes: permanent.get(name) ?? [] }));
  const isFor = (level: TopologyLevel, node: TargetNode) =>
    level.devices.every((name) => mayBeFor(devices.get(name), node.name));
  const isPlain = levels.every((level) =>
    nodes.every((node) => !matches(level, node) || isFor(level, node)),
  );
  if (isPlain) return levels;
  return nodes.flatMap((node) =>
    levelsOf(levels, node)
      .filter((level) => isFor(level, node))
      .map(({ id, index, devices: names }) => {
        return { id: `${id}-${node.name}`, index, target: node.name, devices: names };
      }),
  );
}

/** A level by name goes before one by pattern; of several patterns the first one counts. */
function levelsOf(levels: readonly TopologyLevel[], node: TargetNode): readonly TopologyLevel[] {
  const named = levels.filter(({ target }) => target === node.name);
  if (named.length > 0) return named;
  const first = levels.find((level) => matches(level, node));
  return levels.filter(
    (level) =>
      first !== undefined &&
      level.targetPattern === first.targetPattern &&
      level.targetAttribute === first.targetAttribute &&
      level.targetValue === first.targetValue &&
      level.target === undefined,
  );
}

function matches(level: TopologyLevel, node: TargetNode): boolean {
  const { target, targetPattern, targetAttribute, targetValue } = level;
  if (target !== undefined) return target === node.name;
  if (targetPattern !== undefined) {
    const compiled = compilePattern(targetPattern);
    return "expression" in compiled && compiled.expression.test(node.name);
  }
  return (
    targetAttribute !== undefined && plainValue(node.attributes, targetAttribute) === targetValue
  );
}

/** Nothing that the definition says speaks against it. */
function mayBeFor(device: FencingDevice | undefined, node: string): boolean {
  if (device === undefined || device.targets.length === 0) return true;
  return device.targets.includes(node);
}
