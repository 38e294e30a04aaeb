import { note } from "../core/note.ts";
import type { Instant, Millis } from "../core/units.ts";
import { follows, fromCoordinator } from "./node-coordination.ts";
import type { NodeCore } from "./node-core.ts";

/**
 * A member reports to the coordinator that asked for its status last. Views do not change everywhere
 * at once: a node that lost the others for a moment may have coordinated itself meanwhile, and the
 * DC never noticed. It would go on reporting to itself, and the DC would go by what it knew before.
 * So a member that serves another one than it follows says so, and is asked anew.
 */

/** A new coordinator asks by itself; that takes a round trip. */
const PATIENCE_MS: Millis = 300;
/** A word that was lost is said again. */
const AGAIN_MS: Millis = 1_000;

/** Since when a member waits for its coordinator to ask. */
export class Attachment {
  coordinator: string | undefined;
  sayAt: Instant | undefined;
  /** Whom the log named last. */
  told: string | undefined;

  nextDeadline(): Instant | undefined {
    return this.sayAt;
  }
}

/** To be called after every step: whoever this node follows must know it. */
export function settleAttachment(node: NodeCore): void {
  const { attachment, now } = node;
  const leader = follows(node);
  tellLeader(node, leader);
  const isKnown =
    leader === undefined || leader === node.self || node.member.coordinator === leader;
  if (isKnown) {
    attachment.coordinator = undefined;
    attachment.sayAt = undefined;
  } else if (attachment.coordinator !== leader) {
    attachment.coordinator = leader;
    attachment.sayAt = now + PATIENCE_MS;
  } else if (attachment.sayAt !== undefined && attachment.sayAt <= now) {
    attachment.sayAt = now + AGAIN_MS;
    node.tell(leader, { t: "ask-me" });
  }
}

/** Of itself a coordinator tells when it takes office. */
function tellLeader(node: NodeCore, leader: string | undefined): void {
  const { attachment, view } = node;
  if (leader === undefined || leader === attachment.told) return;
  attachment.told = leader;
  if (leader === node.self) return;
  const isDc = view?.quorum.quorate === true;
  const message = `${leader} ${isDc ? "is the DC" : "coordinates this partition without quorum"}`;
  node.out.push(note("info", "coordinator", message, { node: leader }));
}

/** A member was away without this coordinator noticing: what is known of it may be wrong. */
export function askMember(node: NodeCore, name: string): void {
  if (node.coordinator.by === undefined || !node.coordinator.status.isMember(name)) return;
  const message = `${name} was on its own for a moment: its status is collected anew`;
  node.out.push(note("info", "member-strayed", message, { node: name }));
  fromCoordinator(node, node.coordinator.collectAnew(node.now, name));
}
