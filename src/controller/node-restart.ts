import { note } from "../core/note.ts";
import type { Instant, Millis } from "../core/units.ts";
import { fromCoordinator } from "./node-coordination.ts";
import type { NodeCore } from "./node-core.ts";

/**
 * A daemon that is restarted, for an upgrade say, leaves its resources running and takes no one's
 * time: it tells the others that it will be back, and they wait.
 *
 * Theory of operation:
 * 1. The node tells every member; each notes until when it waits, and confirms.
 * 2. With all confirmations in hand the daemon ends. Its guardian holds on to the resources for
 *    `GUARDED_MS`, and stops them then; whoever restarts in time finds and adopts them.
 * 3. Until the node is a member in a later life, or `AWAITED_MS` have passed, no coordinator plans
 *    or fences: nothing that ran there starts elsewhere. After that it is a lost node as any other,
 *    and its guardian has stopped what it could.
 *    The same for a node that was heard in a later life without having said so: its daemon crashed and
 *    is back already, and in a moment it is a member, and tells what runs there.
 * 4. If somebody does not confirm, the daemon ends all the same, without a promise: it is a crash
 *    then, its guardian acts as after one, and the others take over.
 */
const AWAITED_MS: Millis = 10_000;

/** Its resources are gone for certain, addresses first, before the others would start them. */
const GUARDED_MS: Millis = 6_000;

/** The longest time that a node may ask the others to wait. */
const AWAITED_MAX_MS: Millis = 60_000;

const CONFIRM_MS: Millis = 1_000;

/** From the first word of a new life to membership it takes an interval or two. */
const RETURN_INTERVALS = 5;
const RETURN_LEAST_MS: Millis = 1_000;

/** What a node knows of restarts: its own, and those of others. */
export class Restarts {
  /** Who has to confirm yet; undefined: this node does not restart. */
  asked: Set<string> | undefined;
  askedUntil: Instant | undefined;
  /** Nodes that said they would be back, the life in which they said so, and until when to wait. */
  readonly awaited = new Map<string, { readonly incarnation: number; readonly until: Instant }>();

  nextDeadline(): Instant | undefined {
    const due = [...this.awaited.values()].map(({ until }) => until);
    if (this.askedUntil !== undefined) due.push(this.askedUntil);
    return due.length === 0 ? undefined : Math.min(...due);
  }
}

/** The daemon is told to end and to leave its resources running. */
export function beginRestart(node: NodeCore): void {
  const { restarts } = node;
  if (restarts.asked !== undefined || node.leave.active) return;
  const others = [...node.members().keys()].filter((name) => name !== node.self);
  restarts.asked = new Set(others);
  restarts.askedUntil = node.now + CONFIRM_MS;
  for (const name of others) node.tell(name, { t: "back-soon", forMs: AWAITED_MS });
  endIfConfirmed(node);
}

/** Another node restarts: nothing is done about it until it is back, or its time is over. */
export function awaitNode(node: NodeCore, name: string, forMs: Millis): void {
  const incarnation = node.incarnations.get(name);
  if (incarnation === undefined) return;
  const wait = Math.min(AWAITED_MAX_MS, Math.max(0, forMs));
  node.restarts.awaited.set(name, { incarnation, until: node.now + wait });
  node.tell(name, { t: "back-soon-noted" });
  const message = `${name} restarts its daemon and leaves its resources running: nothing is planned until it is back, for ${wait / 1000} s at most`;
  node.out.push(note("info", "restart-awaited", message, { node: name, ms: wait }));
  node.out.push({ kind: "changed" });
}

/** A member was heard in a later life than the one that it is lost in. */
export function awaitReturn(node: NodeCore, name: string, incarnation: number): void {
  const { advertIntervalMs } = node.force.definition.messaging;
  const wait = Math.max(RETURN_LEAST_MS, RETURN_INTERVALS * advertIntervalMs);
  node.restarts.awaited.set(name, { incarnation, until: node.now + wait });
}

/** A member knows that this node restarts. */
export function restartNoted(node: NodeCore, from: string): void {
  if (node.restarts.asked?.delete(from) === true) endIfConfirmed(node);
}

export function tickRestarts(node: NodeCore): void {
  const { restarts, now } = node;
  if (restarts.askedUntil !== undefined && restarts.askedUntil <= now) end(node, undefined);
  for (const [name, { until }] of [...restarts.awaited]) {
    if (until > now) continue;
    restarts.awaited.delete(name);
    const message = `${name} restarted and should be back by now: it counts as lost`;
    node.out.push(note("warn", "restart-overdue", message, { node: name }));
    fromCoordinator(node, node.coordinator.replan(now, message));
  }
}

/** The view has changed: who is back in a later life is no longer waited for. */
export function settleRestarts(node: NodeCore): void {
  const members = node.members();
  for (const [name, { incarnation }] of [...node.restarts.awaited]) {
    if ((members.get(name) ?? 0) > incarnation) node.restarts.awaited.delete(name);
  }
}

/** Rule 3: somebody restarts. */
export function awaitsRestart(node: NodeCore): boolean {
  return node.restarts.awaited.size > 0;
}

function endIfConfirmed(node: NodeCore): void {
  const { restarts } = node;
  if (restarts.askedUntil !== undefined && restarts.asked?.size === 0) end(node, GUARDED_MS);
}

function end(node: NodeCore, guardMs: Millis | undefined): void {
  const { restarts } = node;
  const unheard = [...(restarts.asked ?? [])].sort();
  restarts.askedUntil = undefined;
  if (guardMs === undefined) {
    const message = `${unheard.join(", ")} did not confirm the restart: it is taken for a crash`;
    node.out.push(note("warn", "restart-unconfirmed", message, { nodes: unheard }));
  }
  const reason = "stopped, resources left running";
  node.out.push({ kind: "exit", code: 0, reason, ...(guardMs === undefined ? {} : { guardMs }) });
}
