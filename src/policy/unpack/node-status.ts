import type { NodeStatus } from "../../model/cluster-status.ts";
import { addScores, parseLooseScore } from "../../model/score.ts";
import type { Node, WorkingSet } from "../working-set.ts";
import { isTrue, parseBoolean } from "./booleans.ts";
import { siteName, utilizationValue } from "./config-nodes.ts";
import { requestFencing } from "./fence-request.ts";

/**
 * First pass over the status: the attributes of the cluster nodes and whether each is online,
 * offline, pending or not to be trusted. Remote nodes depend on the history: see remote-status.
 */
export function unpackNodeStatus(ws: WorkingSet): void {
  for (const status of ws.status.nodes) {
    const node = findStatusNode(ws, status);
    if (node === undefined) continue;
    if (node.kind === "remote" || node.kind === "guest") {
      node.remoteWasFenced = status.fencedRemotely === true;
      continue;
    }
    transientAttributes(ws, node, status);
    node.standby = isTrue(node.attributes.get("standby"));
    node.maintenance = isTrue(node.attributes.get("maintenance"));
    // We have heard of it in the lifetime of this cluster.
    node.unclean = false;
    node.fenceReason = undefined;
    node.unseen = false;
    determineOnline(ws, node, status);
    const untrusted = node.attributes.get("#untrusted");
    if (untrusted !== undefined && node.online) requestFencing(ws, node, untrusted);
    if (!ws.quorate && node.online && ws.options.noQuorumPolicy === "suicide") {
      requestFencing(ws, node, "cluster does not have quorum");
    }
  }
}

/** By its name, or by its id where that belongs to another name now. */
export function findStatusNode(ws: WorkingSet, status: NodeStatus): Node | undefined {
  const byId = status.id === undefined ? undefined : ws.nodeById.get(status.id);
  return ws.nodeByName.get(status.name) ?? byId;
}

/** Transient attributes beat the permanent ones. */
export function transientAttributes(ws: WorkingSet, node: Node, status: NodeStatus): void {
  for (const [name, value] of status.attributes) {
    if (!/^#default$/i.test(value)) node.attributes.set(name, value);
  }
  for (const [name, value] of status.utilization ?? []) {
    node.utilization.set(name, utilizationValue(value));
  }
  siteName(ws, node);
}

/** A request to shut down is the time of the request; 0 is none. */
export function shutdownRequested(node: Node): boolean {
  const text = node.attributes.get("shutdown");
  if (text === undefined || text === "0") return false;
  node.shutdownRequestedAt = Number.parseInt(text, 10) || 0;
  return true;
}

function determineOnline(ws: WorkingSet, node: Node, status: NodeStatus): void {
  node.shutdown = shutdownRequested(node);
  node.expectedUp = !node.shutdown && status.expected === "member";
  node.online = ws.options.fencingEnabled
    ? onlineWithFencing(ws, node, status)
    : onlineWithoutFencing(ws, node, status);
}

function onlineWithoutFencing(ws: WorkingSet, node: Node, status: NodeStatus): boolean {
  if (status.member !== true) return false;
  if (status.daemonOnline === true) return status.join === "member";
  if (node.expectedUp) requestFencing(ws, node, "peer is unexpectedly down");
  return false;
}

/** With fencing a node that is not known to be down for good reasons must be made so. */
function onlineWithFencing(ws: WorkingSet, node: Node, status: NodeStatus): boolean {
  const member = status.member === true;
  const daemon = status.daemonOnline === true;
  if (node.shutdown) return daemon;
  if (status.member === undefined) {
    requestFencing(ws, node, "peer has not been seen by the cluster");
    return false;
  }
  const wanted = terminationRequested(node);
  if (status.join === "banned") {
    requestFencing(ws, node, "peer failed Pacemaker membership criteria");
  } else if (wanted) {
    if (!member && !daemon && status.join === "down") return false;
    requestFencing(ws, node, "fencing was requested");
  } else if (status.expected === undefined || status.expected === "down") {
    comingUp(ws, node, status, member || daemon);
  } else if (!member) {
    requestFencing(ws, node, "peer is no longer part of the cluster", true);
  } else if (!daemon) {
    requestFencing(ws, node, "peer process is no longer available");
  } else if (status.join === "pending" || status.join === "down") {
    becomePending(node);
  } else if (status.join !== "member") {
    requestFencing(ws, node, "peer was in an unknown state");
  }
  return member;
}

function comingUp(ws: WorkingSet, node: Node, status: NodeStatus, visible: boolean): void {
  if (pendingTooLong(ws, status)) {
    requestFencing(ws, node, "peer pending timed out on joining the process group");
  } else if (visible) becomePending(node);
}

/** It takes part already but cannot run anything yet. */
function becomePending(node: Node): void {
  node.standby = true;
  node.pending = true;
}

/** `node-pending-timeout`: a node that is a member may take only so long to join. */
function pendingTooLong(ws: WorkingSet, status: NodeStatus): boolean {
  const timeout = ws.options.nodePendingTimeoutMs;
  if (timeout === 0 || status.member !== true || status.daemonOnline === true) return false;
  const deadline = (status.memberSince ?? ws.nowSeconds) + Math.ceil(timeout / 1000);
  if (ws.nowSeconds >= deadline) return true;
  ws.recheckBy(deadline);
  return false;
}

/** The attribute is a boolean or the time of the request. */
function terminationRequested(node: Node): boolean {
  const text = node.attributes.get("terminate");
  if (text === undefined) return false;
  return parseBoolean(text) ?? (/^\s*\d+\s*$/.test(text) && Number(text) > 0);
}

/** Sums the health attributes (`#health…`) of every node, by the strategy in force. */
export function unpackHealth(ws: WorkingSet): void {
  const { options } = ws;
  if (options.nodeHealthStrategy === "none") return;
  for (const node of ws.nodes) {
    let sum = options.nodeHealthBase;
    for (const [name, value] of node.attributes) {
      if (name.startsWith("#health")) sum = addScores(sum, healthScore(ws, value));
    }
    node.healthScore = sum;
  }
}

function healthScore(ws: WorkingSet, value: string): number {
  switch (value.toLowerCase()) {
    case "green":
      return ws.options.nodeHealthGreen;
    case "yellow":
      return ws.options.nodeHealthYellow;
    case "red":
      return ws.options.nodeHealthRed;
    default:
      return parseLooseScore(value) ?? 0;
  }
}
