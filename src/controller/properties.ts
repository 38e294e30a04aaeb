import { plainValue } from "../model/plain-value.ts";
import type { PolicyDefinition } from "../model/policy-definition.ts";
import type { TransitionLimits } from "../transition/transition-events.ts";

/** A cluster option as it holds by the sets without a rule; the engine itself evaluates rules. */
export function propertyOf(policy: PolicyDefinition, name: string): string | undefined {
  return plainValue(policy.properties, name);
}

/**
 * The policy with one cluster option replaced, whatever its own sets say of it: among them one may
 * rank above any score.
 */
export function withProperty(
  policy: PolicyDefinition,
  name: string,
  value: string,
): PolicyDefinition {
  const others = policy.properties.map((set) =>
    set.values.has(name)
      ? { ...set, values: new Map([...set.values].filter(([key]) => key !== name)) }
      : set,
  );
  const own = { id: `paceline-${name}`, score: 0, values: new Map([[name, value]]) };
  return { ...policy, properties: [own, ...others] };
}

/** Bounds on parallelism (Pacemaker's batch-limit, node-action-limit, migration-limit). */
export function transitionLimits(policy: PolicyDefinition): TransitionLimits {
  return {
    batchLimit: limit(policy, "batch-limit", 0),
    // Twice the cores is Pacemaker's own default; agents wait more than they compute.
    nodeLimit: limit(policy, "node-action-limit", 16),
    migrationLimit: limit(policy, "migration-limit", 0),
  };
}

function limit(policy: PolicyDefinition, name: string, fallback: number): number {
  const value = Number(propertyOf(policy, name));
  return Number.isInteger(value) && value > 0 ? value : fallback;
}
