import type { Millis } from "../core/units.ts";
import { parseDuration } from "../core/written-duration.ts";
import type { View } from "../membership/membership.ts";
import type { Definition } from "../model/definition.ts";
import { propertyOf, withProperty } from "./properties.ts";
import { primitivesOf } from "./resource-reports.ts";

/** Where the definition says nothing of priority-fencing-delay. */
const PRIORITY_DELAY_MS: Millis = 2_000;

const FENCING_TIMEOUT_MS: Millis = 60_000;

/** fencing-timeout: the time for all levels and retries together. */
export function fencingTimeout(definition: Definition): Millis {
  const text = propertyOf(definition.policy, "fencing-timeout");
  return (text === undefined ? undefined : parseDuration(text)) ?? FENCING_TIMEOUT_MS;
}

export function fencingOperation(definition: Definition): "off" | "reboot" {
  const text = propertyOf(definition.policy, "fencing-action") ?? "";
  return /^(power)?off$/i.test(text) ? "off" : "reboot";
}

/**
 * In an even split both sides want to fence. The one with the less important resources waits, so
 * that the other one wins. A node knows what runs here, and that the rest ran there at most; both
 * sides so come to the same result. Of equals the first by name goes first.
 */
export function splitDelay(
  definition: Definition,
  active: readonly string[],
  self: string,
  others: readonly string[],
): Millis {
  const text = propertyOf(definition.policy, "priority-fencing-delay");
  const delay = (text === undefined ? undefined : parseDuration(text)) ?? PRIORITY_DELAY_MS;
  const here = { priority: 0, count: 0 };
  const there = { priority: 0, count: 0 };
  const running = new Set(active.map((id) => id.replace(/:\d+$/, "")));
  for (const [id, priority] of priorities(definition)) {
    const side = running.has(id) ? here : there;
    side.priority += priority;
    side.count += 1;
  }
  const order = here.priority - there.priority || here.count - there.count;
  if (order !== 0) return order > 0 ? 0 : delay;
  return others.every((other) => self < other) ? 0 : delay;
}

/**
 * While a survivor without quorum still has to fence the other side, it keeps what runs here: the
 * other side does the same, nothing starts on either, and one of them is off in a moment. Unless the
 * definition says itself what to do without quorum.
 */
export function untilFenced<Policy extends { readonly policy: Definition["policy"] }>(
  definition: Definition,
  view: View | undefined,
  inForce: Policy,
): Policy {
  const { fencingEnabled, noQuorumPolicyIsDefault } = definition.choices;
  if (view === undefined || view.quorum.needsDismissal.length === 0) return inForce;
  if (!fencingEnabled || !noQuorumPolicyIsDefault || definition.fencing.devices.length === 0) {
    return inForce;
  }
  return { ...inForce, policy: withProperty(inForce.policy, "no-quorum-policy", "freeze") };
}

/** The priority of each primitive: its own, or that of the outermost it is part of. */
function priorities(definition: Definition): Map<string, number> {
  const found = new Map<string, number>();
  for (const resource of definition.policy.resources) {
    const own = metaPriority(resource);
    for (const primitive of primitivesOf([resource])) {
      found.set(primitive.id, metaPriority(primitive) ?? own ?? 0);
    }
  }
  return found;
}

function metaPriority(resource: Definition["policy"]["resources"][number]): number | undefined {
  for (const set of resource.meta) {
    const value = Number(set.values.get("priority"));
    if (set.rule === undefined && Number.isFinite(value)) return value;
  }
  return undefined;
}

/**
 * Why a member must not be fenced now; undefined: it may be. A cluster that fences itself below its
 * quorum has lost more than the node was worth. The last of two may, for then it leads alone.
 */
export function unspared(
  definition: Definition,
  view: View | undefined,
  target: string,
  busy: readonly string[],
): string | undefined {
  if (view === undefined || !view.quorum.quorate || !view.members.includes(target))
    return undefined;
  const going = new Set([target, ...busy]);
  const left = definition.nodes
    .filter((node) => view.members.includes(node.name) && !going.has(node.name))
    .reduce((votes, node) => votes + node.votes, 0);
  const { needed, expected } = view.quorum;
  if (left >= needed || (definition.quorum.twoNode && left * 2 === expected)) return undefined;
  return `without ${target} only ${left} of ${expected} votes are left, and ${needed} are needed`;
}
