import type { Action } from "./action.ts";
import {
  applyBundleColocation,
  assignBundle,
  bundleActionFlags,
  constrainBundle,
  createBundleActions,
} from "./bundle.ts";
import { applyCloneColocation, assignClone, constrainClone, createCloneActions } from "./clone.ts";
import { applyPrimitiveColocation } from "./colocation.ts";
import {
  assignGroup,
  colocateGroupWith,
  colocateWithGroup,
  constrainGroup,
  createGroupActions,
  groupActionFlags,
} from "./group.ts";
import { collectiveActionFlags } from "./instances.ts";
import { assignPrimitive, constrainPrimitive } from "./primitive.ts";
import { instancesOf } from "./resource-state.ts";
import { createPrimitiveActions } from "./role-changes.ts";
import type { NestedWork } from "./work.ts";
import type { Colocation, Node, Resource, WorkingSet } from "./working-set.ts";

/**
 * What every variant does in its own way: the one place that knows all four. The stages of the
 * pipeline call these, and a collective calls them for its members.
 */

/**
 * Chooses a node; `prefer` decides ties. Without `stopIfFail` a failed try leaves no traces. What the
 * resource depends on is assigned first: that may be much, so it is work that pauses in between, and
 * that is asked for, since there may be a thousand of which each depends on the next.
 */
export function* assign(
  ws: WorkingSet,
  resource: Resource,
  prefer: Node | undefined,
  stopIfFail: boolean,
): NestedWork<Node | undefined> {
  return (yield assignVariant(ws, resource, prefer, stopIfFail)) as Node | undefined;
}

function assignVariant(
  ws: WorkingSet,
  resource: Resource,
  prefer: Node | undefined,
  stopIfFail: boolean,
): NestedWork<Node | undefined> {
  switch (resource.variant) {
    case "primitive":
      return assignPrimitive(ws, resource, prefer, stopIfFail);
    case "group":
      return assignGroup(ws, resource, prefer, stopIfFail);
    case "clone":
      return assignClone(ws, resource);
    case "bundle":
      return assignBundle(ws, resource);
  }
}

/** Creates every action that takes the resource from where it is to where it is to be. */
export function createActions(ws: WorkingSet, resource: Resource): void {
  switch (resource.variant) {
    case "primitive":
      createPrimitiveActions(ws, resource);
      break;
    case "group":
      createGroupActions(ws, resource);
      break;
    case "clone":
      createCloneActions(ws, resource);
      break;
    case "bundle":
      createBundleActions(ws, resource);
      break;
  }
}

/** Makes the orderings and colocations that a resource implies by what it is. */
export function addInternalConstraints(ws: WorkingSet, resource: Resource): void {
  switch (resource.variant) {
    case "primitive":
      constrainPrimitive(ws, resource);
      break;
    case "group":
      constrainGroup(ws, resource);
      break;
    case "clone":
      constrainClone(ws, resource);
      break;
    case "bundle":
      constrainBundle(ws, resource);
      break;
  }
}

/**
 * Applies a colocation to the dependent (a primitive or group), given its primary of any variant.
 * Answers what it added to the dependent's promotion priority.
 */
export function applyColocation(
  ws: WorkingSet,
  dependent: Resource,
  primary: Resource,
  colocation: Colocation,
): number {
  if (dependent.variant === "group") return colocateGroupWith(ws, dependent, primary, colocation);
  switch (primary.variant) {
    case "primitive":
      return applyPrimitiveColocation(ws, dependent, primary, colocation);
    case "group":
      return colocateWithGroup(ws, dependent, primary, colocation);
    case "clone":
      return applyCloneColocation(ws, dependent, primary, colocation);
    case "bundle":
      return applyBundleColocation(ws, dependent, primary, colocation);
  }
}

/** An action's flags; for a collective's mark, computed from its members (on one node, if given). */
export function actionFlags(action: Action, node: Node | undefined): number {
  const resource = action.resource;
  if (!resource) return action.flags;
  switch (resource.variant) {
    case "primitive":
      return action.flags;
    case "group":
      return groupActionFlags(action, node);
    case "clone":
      return collectiveActionFlags(action, instancesOf(resource), node);
    case "bundle":
      return bundleActionFlags(action, node);
  }
}
