import { parseRaftMessage } from "../consensus/raft-codec.ts";
import { hearDefinition } from "./definition-news.ts";
import { acceptUnfenced, unfenceHere } from "./fencing-unfence.ts";
import { acceptCondemned, condemned, mayStart } from "./fencing-watchdog.ts";
import { readEntries } from "./history-sharing.ts";
import { askMember } from "./node-attachment.ts";
import { raftStep } from "./node-cib.ts";
import { fromCoordinator } from "./node-coordination.ts";
import type { NodeCore } from "./node-core.ts";
import { fromMember, leaveSteps } from "./node-leaving.ts";
import type { Coordination, NodeMessage, NodeOrder } from "./node-message.ts";
import { awaitNode, restartNoted } from "./node-restart.ts";
import { clockTold } from "./node-trust.ts";
import type { RequestRouter } from "./request-router.ts";

/** Hands a message of a peer, or of this node to itself, to the part that it is for. */
export function receive(
  node: NodeCore,
  router: RequestRouter,
  from: string,
  message: NodeMessage,
): void {
  const { now, member, coordinator } = node;
  switch (message.t) {
    case "raft": {
      const body = parseRaftMessage(message.body);
      const incarnation = node.incarnations.get(from) ?? 0;
      if (body !== undefined) raftStep(node, { kind: "message", from, incarnation, body });
      break;
    }
    case "collect":
      if (isBeneath(node, from, message.by)) fromMember(node, member.show(from, message.by));
      else fromMember(node, member.collect(now, from, message.by, heldKeys(node)));
      // Who has just taken office knows no clock but its own.
      node.trust.clockDue = now;
      if (node.leave.active) leaveSteps(node, ["ask"]);
      break;
    case "order":
      if (isTooLate(node, message.order)) refuseLate(node, from, message);
      else if (isStart(message.order) && !mayStart(node)) {
        node.fencing.heldStarts.push({ from, message });
      } else fromMember(node, member.order(now, from, message.by, message.order));
      break;
    case "ask":
      router.handleAsk(now, from, message.id, message.request);
      break;
    case "answer":
      router.handleAnswer(from, message.id, message.reply);
      break;
    case "history":
      node.incidents.timeline.merge(readEntries(message.entries));
      break;
    case "back-soon":
      awaitNode(node, from, message.forMs);
      break;
    case "back-soon-noted":
      restartNoted(node, from);
      break;
    case "self-fence":
      condemned(node, from, message);
      break;
    case "clock":
      clockTold(node, from, message.wall);
      break;
    case "unfence":
      unfenceHere(node, from, message);
      break;
    case "ask-me":
      askMember(node, from);
      break;
    case "definition":
      hearDefinition(node, from, message);
      break;
    case "leaving":
      // It asks every second: a plan that is under way sees to it already.
      if (coordinator.status.setLeaving(from) || coordinator.runner.isIdle) {
        fromCoordinator(node, coordinator.replan(now, `${from} wants to leave`));
      }
      break;
    default:
      if (message.by.term === coordinator.by?.term) receiveReport(node, from, message);
  }
}

function heldKeys(node: NodeCore): string[] {
  return node.fencing.heldStarts.flatMap(({ message: { order } }) =>
    order.kind === "execute" ? [order.request.key] : [],
  );
}

/** Starts that waited for this node's watchdog; true: there were some. */
export function releaseStarts(node: NodeCore, router: RequestRouter): boolean {
  const held = node.fencing.heldStarts;
  if (held.length === 0 || !mayStart(node)) return false;
  node.fencing.heldStarts = [];
  for (const { from, message } of held) receive(node, router, from, message);
  return true;
}

/**
 * Views don't change everywhere at once: a node that has no quorum yet, or not any more, may have
 * this one in its view and mean to coordinate it. A node that has quorum takes no orders from it.
 */
function isBeneath(node: NodeCore, from: string, by: Coordination): boolean {
  return by.acting && from !== node.self && node.view?.quorum.quorate === true;
}

/** Told that it may go, and recorded as gone: another coordinator may not know it yet. */
function isTooLate(node: NodeCore, order: NodeOrder): boolean {
  return node.leave.isReleased && isStart(order);
}

function isStart(order: NodeOrder): boolean {
  return order.kind === "execute" && STARTING.has(order.request.operation);
}

const STARTING: ReadonlySet<string> = new Set(["start", "promote", "migrate_from"]);

function refuseLate(
  node: NodeCore,
  from: string,
  { by, order }: Extract<NodeMessage, { t: "order" }>,
): void {
  if (order.kind !== "execute") return;
  const detail = `${node.self} is about to leave`;
  node.tell(from, { t: "done", by, key: order.request.key, ok: false, detail });
}

/** What a member tells its coordinator; only of itself. */
function receiveReport(
  node: NodeCore,
  from: string,
  message: Extract<NodeMessage, { t: "status" | "delta" | "result" | "done" }>,
): void {
  const { now, coordinator } = node;
  switch (message.t) {
    case "status":
      if (message.status.node !== from) break;
      fromCoordinator(node, coordinator.acceptStatus(now, message.status));
      break;
    case "delta":
      if (message.delta.node !== from) break;
      fromCoordinator(node, coordinator.acceptDelta(now, message.delta));
      break;
    case "result":
      if (message.result.node !== from) break;
      node.incidents.result(message.result, node.wall());
      fromCoordinator(node, coordinator.acceptResult(now, message.result));
      break;
    case "done": {
      const { key, ok } = message;
      if (acceptCondemned(node, key, ok) || acceptUnfenced(node, from, message)) break;
      const detail = message.detail === undefined ? {} : { detail: message.detail };
      const answer = { kind: "done", key, node: from, ok, ...detail } as const;
      fromCoordinator(node, coordinator.acceptAnswer(now, answer));
    }
  }
}
