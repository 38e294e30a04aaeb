import type { Instant, Millis } from "../core/units.ts";
import type { View } from "../membership/membership.ts";
import type { NodeCore } from "./node-core.ts";

/** Who is left out is decided sooner than that, or never. */
const DECIDED_WITHIN_INTERVALS = 20;

/**
 * Without fencing nothing proves that a lost node has let go of what it runs; it can only be given
 * the time to.
 *
 * Theory of operation: both sides of a cut count the silence of the other from its last frame, by the
 * same rules. Those last frames lie up to an advertisement interval apart, so the side that must stop
 * may notice up to an interval later than the side that goes on, and in two cuts of three does.
 * 1. So the side that goes on plans nothing for one interval after it has lost a node that must let
 *    go. The election and the collecting of statuses, where they are needed, fall into that time.
 *    Where a tie-breaker chose this side it waits longer by what the other one gives it to answer.
 * 2. Two that do not hear each other may both be in a view with a third. Who is left out is decided
 *    after a grace time (`membership.ts`); until then the lost node may run what it does with every
 *    right. So its time begins when no member hears it any more, or it was left out. The same holds
 *    of one that a member hears again, or that only this node has never met.
 * 3. From there both do the same: they plan, and run agents; the one stops, the other starts.
 * 4. That makes two at once the exception, for what stops as fast as it starts. It is no proof: a
 *    slow stop, a hung node or an agent that waits for its processor take longer. Fencing is one.
 * 5. Nobody waits where the lost node goes on anyway (`no-quorum-policy: freeze`, or `ignore` unless
 *    the tie-breaker refused it), where it runs nothing (a witness, one that left or was fenced), or
 *    where fencing decides.
 * 6. Where nothing that it may run does harm twice for a moment (addresses), only rule 2 has anybody
 *    wait: the moment would not be one.
 */
export class Takeovers {
  readonly #lost = new Map<string, LostOwner>();

  lost(node: string, now: Instant, noticesWithinMs: Millis): void {
    this.#lost.set(node, {
      at: now,
      until: now + noticesWithinMs,
      isHeard: false,
      isRefused: false,
      isOver: false,
    });
  }

  /** The tie-breaker chose this side: that node knows so much later, if it gets no answer. */
  refused(node: string, now: Instant, answersWithinMs: Millis): void {
    const known = this.#lost.get(node);
    if (known === undefined || known.isRefused) return;
    const until = Math.max(known.until, now) + answersWithinMs;
    this.#lost.set(node, { ...known, until, isRefused: true, isOver: false });
  }

  /**
   * Members still hear these, or hear them again; each notices so soon after the last of them has
   * lost it too. One that this node has never met, or whose time was over, may run what a
   * coordinator before this one has given it meanwhile: its time begins anew.
   */
  heard(nodes: readonly string[], now: Instant, noticesWithinMs: Millis): void {
    const decidedInMs = DECIDED_WITHIN_INTERVALS * noticesWithinMs;
    for (const name of nodes) {
      const known = this.#lost.get(name);
      if (known?.isHeard === true) continue;
      const at = known === undefined || known.isOver ? now : known.at;
      const isRefused = known?.isRefused ?? false;
      const until = at + decidedInMs;
      this.#lost.set(name, { at, until, isHeard: true, isRefused, isOver: false });
    }
    for (const [name, known] of this.#lost) {
      if (!known.isHeard || nodes.includes(name)) continue;
      this.#lost.set(name, {
        ...known,
        isHeard: false,
        until: now + noticesWithinMs,
        isOver: false,
      });
    }
  }

  /** It is back, or is known to run nothing. */
  over(node: string): void {
    this.#lost.delete(node);
  }

  /** The nodes that may not have noticed yet, by name; `only` those refused, or those still heard. */
  awaited(now: Instant, only: { readonly refused: boolean; readonly heard: boolean }): string[] {
    return [...this.#lost]
      .filter(([, lost]) => lost.until > now)
      .filter(([, lost]) => lost.isRefused || !only.refused)
      .filter(([, lost]) => lost.isHeard || !only.heard)
      .map(([name]) => name)
      .sort();
  }

  /** Notes whose time is over. The coordinator asks for a plan in the same step, if it still wants one. */
  expire(now: Instant): void {
    for (const [name, lost] of this.#lost) {
      if (!lost.isOver && lost.until <= now) this.#lost.set(name, { ...lost, isOver: true });
    }
  }

  nextDeadline(): Instant | undefined {
    const due = [...this.#lost.values()].filter(({ isOver }) => !isOver);
    return due.length === 0 ? undefined : Math.min(...due.map(({ until }) => until));
  }
}

interface LostOwner {
  readonly at: Instant;
  readonly until: Instant;
  /** A member still hears it, and so may be in a view with it. */
  readonly isHeard: boolean;
  readonly isRefused: boolean;
  /** Its time was over in a step of this node. */
  readonly isOver: boolean;
}

/** The view has changed: gives those who fell out of it their time. */
export function noteTakeovers(node: NodeCore, view: View): void {
  const { takeovers, force, now } = node;
  for (const name of view.members) takeovers.over(name);
  const { nodes, messaging } = force.definition;
  const witnesses = nodes.filter(({ role }) => role === "witness").map(({ name }) => name);
  for (const { node: name, reason } of view.lost) {
    if (reason === "left" || witnesses.includes(name)) takeovers.over(name);
    else takeovers.lost(name, now, messaging.advertIntervalMs);
  }
  const owners = view.elsewhere.filter((name) => !witnesses.includes(name));
  takeovers.heard(owners, now, messaging.advertIntervalMs);
}

/** Rule 1: whom this node, as the DC, gives time to let go; nothing is planned meanwhile. */
export function letsGo(node: NodeCore): string[] {
  const { takeovers, force, now } = node;
  if (!givesTime(node)) return [];
  const { harmlessTwice, noQuorumPolicy } = force.definition.choices;
  return takeovers
    .awaited(now, { refused: noQuorumPolicy === "ignore", heard: harmlessTwice })
    .filter((name) => mayRun(node, name));
}

function mayRun({ coordinator }: NodeCore, name: string): boolean {
  const departure = coordinator.status.departure(name);
  return departure !== "left" && departure !== "fenced";
}

/** Rule 5, as far as it is a matter of the definition; and nobody but the DC starts what others ran. */
function givesTime({ coordinator, force }: NodeCore): boolean {
  const { fencingEnabled, noQuorumPolicy } = force.definition.choices;
  return coordinator.by?.acting === false && !fencingEnabled && noQuorumPolicy !== "freeze";
}
