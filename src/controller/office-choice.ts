import { note } from "../core/note.ts";
import type { Instant, Millis } from "../core/units.ts";
import { raftStep } from "./node-cib.ts";
import type { NodeCore } from "./node-core.ts";

/** With two voters the DC is ahead of the other one in a split: it should have what is at stake. */
const VOTERS_FROM = 3;

/** All is settled for so long: everybody has the members in view whom the successor will count on. */
const CALM_INTERVALS = 10;
const CALM_FLOOR_MS: Millis = 100;

/**
 * A DC that runs resources hands its office to a voter that runs none, a witness first. A node that
 * is lost with what it runs then takes no DC with it, and nobody has to be elected before the others
 * act. Nothing is handed on while every voter runs something.
 */
export class OfficeChoice {
  #dueAt: Instant | undefined;

  nextDeadline(): Instant | undefined {
    return this.#dueAt;
  }

  settled(node: NodeCore): void {
    const { advertIntervalMs } = node.force.definition.messaging;
    this.#dueAt = node.now + Math.max(CALM_FLOOR_MS, CALM_INTERVALS * advertIntervalMs);
  }

  tick(node: NodeCore): void {
    if (this.#dueAt === undefined || node.now < this.#dueAt) return;
    this.#dueAt = undefined;
    const { coordinator } = node;
    // What comes of a fencing only who began it can say; and it may be of the very node that is idle.
    if (isFencing(node)) this.settled(node);
    else if (coordinator.by?.acting === false && coordinator.settled) handToIdle(node);
  }
}

function isFencing({ fencing }: NodeCore): boolean {
  return (
    [fencing.asked, fencing.probes].some(({ size }) => size > 0) || fencing.uncommitted.length > 0
  );
}

function handToIdle(node: NodeCore): void {
  const { plan } = node.coordinator;
  const voters = node.force.definition.nodes.filter(({ votes }) => votes > 0);
  if (plan === undefined || voters.length < VOTERS_FROM || node.leave.active) return;
  const busy = new Set(plan.placements.flatMap(({ next }) => next.nodes));
  if (!busy.has(node.self)) return;
  const to = voters
    .filter(({ name }) => !busy.has(name) && isFit(node, name))
    .sort((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1))[0]?.name;
  if (to === undefined) return;
  const message = `${node.self} hands its office to ${to}, which runs nothing`;
  node.out.push(note("info", "office", message, { to }));
  raftStep(node, { kind: "transfer", to });
}

function rank({ role }: { readonly role: string }): number {
  return role === "witness" ? 0 : 1;
}

function isFit(node: NodeCore, name: string): boolean {
  const { status } = node.coordinator;
  return status.isMember(name) && !status.isLeaving(name) && !node.trust.distrusted.has(name);
}
