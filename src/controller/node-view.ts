import type { Note } from "../core/note.ts";
import type { MembershipOutput, View } from "../membership/membership.ts";
import type { PeerEvent } from "../model/peer.ts";
import { newerElsewhere, tellOlder } from "./definition-news.ts";
import { isOfFencedLife, settleDepartures } from "./fencing-departures.ts";
import { dropAllWaiting, memberCame } from "./fencing-returns.ts";
import { raftStep } from "./node-cib.ts";
import { fromCoordinator } from "./node-coordination.ts";
import type { NodeCore } from "./node-core.ts";
import { meetNamesake } from "./node-namesake.ts";
import { awaitReturn, settleRestarts } from "./node-restart.ts";
import { noteTakeovers } from "./node-takeover.ts";

/** What the messaging layer says of peers, links and this node; messages are not for here. */
export function peerEvent(node: NodeCore, event: Exclude<PeerEvent, { kind: "message" }>): void {
  if (event.kind === "link") {
    node.links.set(event.node, event.link, event.up, node.wall());
    node.out.push({ kind: "changed" });
    return;
  }
  if (event.kind === "name-conflict") {
    meetNamesake(node, event);
    return;
  }
  if (isOfFencedLife(node, event)) return;
  if (event.kind === "peer-up") node.incarnations.set(event.node, event.incarnation);
  const wasOutdated = newerElsewhere(node).length > 0;
  fromMembership(node, node.membership.step(node.now, { kind: "peer", event }));
  if (event.kind !== "peer-down") tellOlder(node);
  if (newerElsewhere(node).length > 0 === wasOutdated) return;
  if (!wasOutdated && node.view?.quorum.quorate !== true) dropAllWaiting(node);
  const who = wasOutdated ? "nobody is heard any more that" : "a node is heard that";
  fromCoordinator(node, node.coordinator.replan(node.now, `${who} works by a newer definition`));
}

export function fromMembership(node: NodeCore, outputs: readonly MembershipOutput[]): void {
  for (const output of outputs) {
    if (output.kind === "view") newView(node, output.view);
    else if (output.kind === "advertise") node.advert.setView(output.viewId, output.quorate);
    else node.out.push(output.kind === "note" ? asHeardHere(node, output) : output);
  }
}

/** That the others have gone from its view is no news to who said goodbye, and no warning. */
function asHeardHere(node: NodeCore, told: Note): Note {
  return node.leave.saidGoodbye ? { ...told, level: "debug" } : told;
}

function newView(node: NodeCore, view: View): void {
  const before = node.view;
  node.view = view;
  // Who has been with the others, and may run something, must let go as soon as they are lost.
  if (view.quorum.quorate && view.peers.length > 0) {
    node.listenUntil = Math.min(node.listenUntil, node.now);
  }
  const members = node.members();
  for (const lost of view.lost) {
    node.member.nodeLost(lost.node);
    node.viewLost.push(lost.node);
    if (lost.reason === "left") {
      raftStep(node, { kind: "peer-dismissed", node: lost.node, why: "left" });
    }
    if (lost.reason === "restarted") awaitReturn(node, lost.node, lost.incarnation);
    node.incidents.lost(lost, node.wall(), node.now);
  }
  raftStep(node, { kind: "peers", alive: view.peers });
  const collected = node.coordinator.status;
  collected.setMembers(members);
  for (const lost of view.lost) {
    if (lost.reason === "left") collected.setGoodbye(lost.node, lost.incarnation);
  }
  if (before !== undefined && view.joined.length > 0) node.announceWhenSettled = true;
  noteTakeovers(node, view);
  memberCame(node, view.joined);
  settleRestarts(node);
  settleDepartures(node);
  tellOlder(node);
  node.viewChanged = true;
  node.out.push({ kind: "changed" });
}
