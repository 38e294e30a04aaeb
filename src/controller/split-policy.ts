import type { View } from "../membership/membership.ts";
import type { Definition } from "../model/definition.ts";

/**
 * What a tie-breaker changes about no-quorum-policy: while it is being asked everything stays as it
 * is, so that the side that is chosen has stopped nothing; and the side that is refused stops, even
 * where the policy is to carry on, because the other side does carry on.
 */
export function underArbitration<Policy extends { readonly policy: Definition["policy"] }>(
  isDeciding: boolean,
  definition: Definition,
  view: View | undefined,
  inForce: Policy,
): Policy {
  const reason = view?.quorum.reason;
  if (isDeciding) return withNoQuorumPolicy(inForce, "freeze");
  const { noQuorumPolicy } = definition.choices;
  if (noQuorumPolicy !== "ignore") return inForce;
  if (reason === "tie-break-refused") return withNoQuorumPolicy(inForce, "stop");
  const { arbiter, disk } = definition.quorum;
  const isExclusive = arbiter !== undefined || disk !== undefined;
  if (reason === "tie-break-unknown" && isExclusive) return withNoQuorumPolicy(inForce, "freeze");
  return inForce;
}

function withNoQuorumPolicy<Policy extends { readonly policy: Definition["policy"] }>(
  inForce: Policy,
  value: string,
): Policy {
  const set = {
    id: "paceline-tie-breaker",
    score: Number.MAX_SAFE_INTEGER,
    values: new Map([["no-quorum-policy", value]]),
  };
  const { policy } = inForce;
  return { ...inForce, policy: { ...policy, properties: [set, ...policy.properties] } };
}
