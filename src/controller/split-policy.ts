import type { View } from "../membership/membership.ts";
import type { Definition } from "../model/definition.ts";
import { withProperty } from "./properties.ts";

/**
 * What a tie-breaker changes about no-quorum-policy: `ignore` does not hold for a side that it
 * refused, because the other side carries on; nor, where it decides alone (arbiter, disk), for one
 * that it gave nothing, because the other side may have it. Such a side stops.
 */
export function underArbitration<Policy extends { readonly policy: Definition["policy"] }>(
  definition: Definition,
  view: View | undefined,
  inForce: Policy,
): Policy {
  if (definition.choices.noQuorumPolicy !== "ignore") return inForce;
  const reason = view?.quorum.reason;
  const { arbiter, disk } = definition.quorum;
  const isExclusive = arbiter !== undefined || disk !== undefined;
  const isBarred =
    reason === "tie-break-refused" || (isExclusive && reason === "tie-break-unknown");
  if (!isBarred) return inForce;
  return { ...inForce, policy: withProperty(inForce.policy, "no-quorum-policy", "stop") };
}
