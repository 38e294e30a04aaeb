import { INFINITY_SCORE } from "../../model/score.ts";
import type { OperationConfig } from "../operation-history-types.ts";
import { type Node, type Resource, ROLE, type WorkingSet } from "../working-set.ts";
import { addLocation, block, setNextRole } from "./active.ts";
import { requestFencing } from "./fence-request.ts";
import { isBundled } from "./tree.ts";

/** Does what `on-fail` wants for a failure that still stands (Pacemaker Explained, `on-fail`). */
export function answerFailure(
  ws: WorkingSet,
  resource: Resource,
  node: Node,
  onFail: OperationConfig["onFail"],
  active: boolean,
): void {
  switch (onFail) {
    case "ignore":
      return;
    case "demote":
      resource.failed = true;
      demand(ws, "demote", resource, node);
      return;
    case "fence":
      requestFencing(ws, node, `${resource.id} failed there`);
      return;
    case "standby":
      node.standby = true;
      node.standbyOnFail = true;
      return;
    case "block":
      block(resource);
      return;
    case "ban":
      addLocation(ws, resource, node, -INFINITY_SCORE, "failed there");
      return;
    case "stop":
      setNextRole(resource, ROLE.stopped, "on-fail=stop");
      return;
    case "restart":
      if (active) recover(ws, resource, node);
      return;
    case "restart-container":
      restartContainer(ws, resource, node, active);
      return;
    case "reset-remote":
      resetRemote(ws, resource, node, active);
  }
}

function recover(ws: WorkingSet, resource: Resource, node: Node): void {
  resource.failed = true;
  resource.stopIfFailed = true;
  demand(ws, "stop", resource, node);
}

function demand(ws: WorkingSet, task: "stop" | "demote", resource: Resource, node: Node): void {
  ws.demands.push({ task, resource, node, reason: `${resource.id} failed` });
}

function restartContainer(ws: WorkingSet, resource: Resource, node: Node, active: boolean): void {
  resource.failed = true;
  resource.stopIfFailed = true;
  const { container } = resource;
  // A bundle's connection may be elsewhere than its container, whose place may not be known yet.
  if (container !== undefined && isBundled(resource)) ws.containersToStop.push(container);
  else if (container !== undefined) demand(ws, "stop", container, node);
  else if (active) demand(ws, "stop", resource, node);
}

/** The connection to a remote node broke: nobody watches that node any more. */
function resetRemote(ws: WorkingSet, resource: Resource, node: Node, active: boolean): void {
  resource.failed = true;
  resource.stopIfFailed = true;
  const remote = resource.isRemoteConnection ? ws.nodeByName.get(resource.id) : undefined;
  if (ws.options.fencingEnabled && remote?.kind === "remote" && !remote.remoteWasFenced) {
    requestFencing(ws, remote, "remote connection is unrecoverable");
  }
  if (active) demand(ws, "stop", resource, node);
  if (resource.remoteReconnectMs > 0) setNextRole(resource, ROLE.stopped, "remote reset");
}
