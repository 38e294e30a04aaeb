import type { WallTime } from "../core/units.ts";
import type { Definition } from "../model/definition.ts";
import type { DefinitionInForce } from "./definition-in-force.ts";
import { newerElsewhere } from "./definition-news.ts";
import { awaitsRecords } from "./fencing-departures.ts";
import { untilFenced } from "./fencing-priority.ts";
import type { NodeCore } from "./node-core.ts";
import { awaitsRestart } from "./node-restart.ts";
import { letsGo } from "./node-takeover.ts";
import { withProperty } from "./properties.ts";
import { underArbitration } from "./split-policy.ts";

/** The policy that this node plans by as the coordinator; undefined: it must not plan now. */
export function policyNow(
  node: NodeCore,
  wall: WallTime,
): ReturnType<DefinitionInForce["policy"]> | undefined {
  const { force, store, view } = node;
  if (mustWait(node)) return undefined;
  const { definition } = force;
  const inForce = untilFenced(definition, view, force.policy(store.cib, wall));
  return unlessOutdated(node, underArbitration(definition, view, inForce));
}

/** `no-quorum-policy: ignore` does not hold for a node that others may have left out. */
function unlessOutdated<Policy extends { readonly policy: Definition["policy"] }>(
  node: NodeCore,
  inForce: Policy,
): Policy {
  const { choices } = node.force.definition;
  if (choices.noQuorumPolicy !== "ignore" || node.view?.quorum.quorate === true) return inForce;
  if (newerElsewhere(node).length === 0) return inForce;
  return { ...inForce, policy: withProperty(inForce.policy, "no-quorum-policy", "stop") };
}

function mustWait(node: NodeCore): boolean {
  const { coordinator, force, view } = node;
  const { by } = coordinator;
  if ((by?.acting !== true && !force.committed) || force.leftOutBy !== undefined) return true;
  // The view has gained or lost quorum in this very step: who coordinates is decided first.
  if (by !== undefined && by.acting === view?.quorum.quorate) return true;
  return (
    awaitsRecords(node) ||
    node.arbitration.isDeciding() ||
    awaitsRestart(node) ||
    letsGo(node).length > 0
  );
}
