import { openFencing } from "../cib/away-nodes.ts";
import { note } from "../core/note.ts";
import type { Millis } from "../core/units.ts";
import type { FencingRecord } from "../model/cib.ts";
import type { PeerEvent } from "../model/peer.ts";
import { countsAsFenced, fencingsOver } from "./fencing-records.ts";
import { propose } from "./node-cib.ts";
import type { NodeCore } from "./node-core.ts";
import { fromMembership } from "./node-view.ts";

/** Records that could not be committed for the moment are proposed again. */
const PROPOSE_AGAIN_MS: Millis = 500;

/** What a node sent before it was fenced has arrived by then. */
const ECHO_MS: Millis = 2_000;

/**
 * How nodes went away, as the CIB remembers it.
 *
 * Theory of operation: a coordinator sees how a node goes (fenced, left cleanly, lost), and another
 * one may have to know it: after a restart it meets a node that it has never seen, and would fence
 * it. So each way of going that needs no fencing is a record in the CIB: of fencings in `fencing`,
 * of clean leaves in `departures`, each with the life (incarnation) of the node that it is about.
 * 1. A clean leave is committed before the node is told that it may go; where nobody could commit
 *    it then, once the goodbye was heard and somebody can.
 * 2. A record holds for a node outside the view of which no later life was heard. A member that it is
 *    about wants to leave: whoever coordinates starts nothing on it, told of that wish or not, for
 *    the record would hold when the node is lost before it goes.
 * 3. It ends when the node is a member again (after a fencing in whatever life: a watchdog spares who
 *    has let go of everything; after a leave in a later one), and that is committed before anything is
 *    planned: else yet another coordinator, or the same one when the node is lost again, would take
 *    what was started on it since for stopped. Who has not met the node since forgets how it went, for
 *    it may take office next.
 */
export function settleDepartures(node: NodeCore): void {
  if (node.view === undefined) return;
  readRecords(node);
  if (node.coordinator.by?.acting !== false) return;
  endRecords(node);
  recordGoodbyes(node);
}

function readRecords(node: NodeCore): void {
  const { coordinator, store, view, force } = node;
  const { fencing, departures = [] } = store.cib;
  for (const { name } of force.definition.nodes) {
    const left = departures.find((each) => each.node === name);
    noteEnd(node, name, left?.incarnation);
    if (view?.members.includes(name)) {
      if (left?.incarnation === node.members().get(name)) coordinator.status.setLeaving(name);
      continue;
    }
    const heard = node.incarnations.get(name);
    const how = coordinator.status.departure(name);
    if (left !== undefined && (heard ?? 0) <= left.incarnation) {
      coordinator.status.setDeparture(name, "left");
    } else if (how !== "left" && countsAsFenced(fencing, name, heard)) {
      coordinator.status.setDeparture(name, "fenced");
    } else if (how === "fenced" && openFencing(fencing, name) === undefined) {
      coordinator.status.setDeparture(name, "lost");
    }
  }
}

/** Rule 3, as others see it: the record of a leave was taken back, for the node was a member again. */
function noteEnd(node: NodeCore, name: string, left: number | undefined): void {
  const { recordedLeaves } = node.fencing;
  const before = recordedLeaves.get(name);
  if (left !== undefined) recordedLeaves.set(name, left);
  else if (before !== undefined) {
    recordedLeaves.delete(name);
    node.coordinator.status.endLeave(name, before);
  }
}

/** Rule 3: nothing is planned while a record says that a member is away. */
export function awaitsRecords(node: NodeCore): boolean {
  if (node.coordinator.by?.acting !== false) return false;
  // Nor while one is about to say so: lost again, a node that is back must have run nothing since.
  if (node.fencing.uncommitted.some(({ isBack }) => isBack)) return true;
  return fencingsBack(node).length > 0 || departuresBack(node).length > 0;
}

function fencingsBack(node: NodeCore): FencingRecord[] {
  // Who was fenced just now is still in the view until its fencing has been told of.
  const told = new Set(node.fencing.uncommitted.map(({ record }) => record.id));
  const records = fencingsOver(node.store.cib.fencing, node.members().keys());
  return records.filter(({ id }) => !told.has(id));
}

/** Nodes that are members in a later life than the one in which they left. */
function departuresBack(node: NodeCore): string[] {
  const members = node.members();
  const departures = node.store.cib.departures ?? [];
  return departures
    .filter(({ node: name, incarnation }) => (members.get(name) ?? -1) > incarnation)
    .map((departure) => departure.node);
}

function endRecords(node: NodeCore): void {
  for (const record of fencingsBack(node)) {
    const ended = { kind: "record-fencing", record } as const;
    proposeOnce(node, record.id, () => propose(node, ended, settled(node, record.id)));
  }
  for (const name of departuresBack(node)) {
    const id = `left ${name}`;
    const ended = { kind: "end-departure", node: name } as const;
    proposeOnce(node, id, () => propose(node, ended, settled(node, id)));
  }
}

/**
 * Goodbyes that this node heard, and that nobody has recorded; of the life that said it: a later one
 * may be heard already, and of that nothing is known.
 */
function recordGoodbyes(node: NodeCore): void {
  const { coordinator, store, force } = node;
  for (const { name } of force.definition.nodes) {
    const incarnation = coordinator.status.goodbye(name);
    if (incarnation === undefined) continue;
    const known = store.cib.departures?.find((each) => each.node === name);
    if (known !== undefined && known.incarnation >= incarnation) continue;
    const departure = { node: name, incarnation, at: node.wall() };
    const id = `goodbye ${name}`;
    const command = { kind: "record-departure", departure } as const;
    proposeOnce(node, id, () => propose(node, command, settled(node, id)));
  }
}

/**
 * Nothing is left on that member: commits that it leaves cleanly, then calls `then`, which tells it.
 * Where it cannot be committed it is told all the same: its goodbye will be heard.
 */
export function recordLeave(node: NodeCore, name: string, then: () => void): void {
  const incarnation = node.members().get(name);
  if (incarnation === undefined || node.coordinator.by?.acting !== false) {
    then();
    return;
  }
  const departure = { node: name, incarnation, at: node.wall() };
  propose(node, { kind: "record-departure", departure }, then);
}

/**
 * A member was fenced. It is dropped from the view at once, for the failure detector may take its
 * time, and until then the plan would still find it there and want it fenced.
 */
export function dropFenced(node: NodeCore, name: string): void {
  const incarnation = node.view?.peers.find((peer) => peer.name === name)?.incarnation;
  if (incarnation === undefined) return;
  node.fencing.fencedLives.set(name, { incarnation, at: node.now });
  const { now } = node;
  const reason = "silent";
  const event = {
    kind: "peer-down",
    node: name,
    incarnation,
    reason,
    lastHeard: now,
    at: now,
  } as const;
  fromMembership(node, node.membership.step(now, { kind: "peer", event }));
}

/** Whether an event is of the life of a node that was fenced a moment ago: it is an echo. */
export function isOfFencedLife(node: NodeCore, event: PeerEvent): boolean {
  if (event.kind !== "peer-up" && event.kind !== "peer-advert") return false;
  const { fencedLives } = node.fencing;
  const fenced = fencedLives.get(event.node);
  if (fenced === undefined) return false;
  const sameLife = event.incarnation <= fenced.incarnation;
  if (sameLife && node.now - fenced.at < ECHO_MS) return true;
  fencedLives.delete(event.node);
  if (sameLife) {
    const message = `${event.node} was fenced, its device says so, and yet it goes on in the same life`;
    const hint = `the device lies, or is of another machine: paceline fence test ${event.node}`;
    node.out.push(note("error", "fencing-lie", message, { node: event.node, hint }));
  }
  return false;
}

function proposeOnce(node: NodeCore, id: string, act: () => void): void {
  const { ending } = node.fencing;
  if (ending.has(id)) return;
  ending.add(id);
  act();
}

function settled(node: NodeCore, id: string): (result: { readonly ok: boolean }) => void {
  return ({ ok }) => {
    node.fencing.ending.delete(id);
    if (!ok) node.fencing.retryAt ??= node.now + PROPOSE_AGAIN_MS;
  };
}
