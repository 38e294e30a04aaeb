import { ACT, type Action } from "./action.ts";
import { collectiveActionFlags } from "./instances.ts";
import { instancesOf } from "./resource-state.ts";
import { addInternalConstraints, assign, createActions } from "./variant.ts";
import type { Colocation, Node, Resource, WorkingSet } from "./working-set.ts";

/** Bundles: containers with an address, and a resource inside. */

export function assignBundle(ws: WorkingSet, bundle: Resource): void {
  if (!bundle.provisional || bundle.assigning) return;
  bundle.assigning = true;
  for (const child of bundle.children) assign(ws, child, undefined, true);
  bundle.provisional = false;
  bundle.assigning = false;
}

export function createBundleActions(ws: WorkingSet, bundle: Resource): void {
  for (const child of bundle.children) createActions(ws, child);
}

export function constrainBundle(ws: WorkingSet, bundle: Resource): void {
  for (const child of bundle.children) addInternalConstraints(ws, child);
}

export function applyBundleColocation(
  _ws: WorkingSet,
  _d: Resource,
  _p: Resource,
  _c: Colocation,
): number {
  return 0;
}

export function bundleActionFlags(action: Action, node: Node | undefined): number {
  if (!action.resource) return ACT.optional;
  return collectiveActionFlags(action, instancesOf(action.resource), node);
}
