import type { Instant, Millis } from "../core/units.ts";
import type { ControlReply, ControlRequest } from "../model/control.ts";
import { raftStep } from "./node-cib.ts";
import type { NodeCore } from "./node-core.ts";
import { fail, type Respond } from "./replies.ts";

/** So long a coordinator that is to be fenced waits for somebody to take over. */
export const HAND_OVER_MS: Millis = 3_000;

const MOVED = "OFFICE_MOVED";

/** A request that a successor is to answer. */
export interface ForSuccessor {
  readonly respond: Respond;
  /** Nobody took over: it is done here after all. */
  readonly here: () => void;
  readonly until: Instant;
}

/** The coordinator gave its office away rather than do it: to be asked of its successor. */
export function isMoved(reply: ControlReply): boolean {
  return !reply.ok && reply.code === MOVED;
}

/**
 * Cutting its own power a coordinator could not say what came of it, and its successor would give
 * the power back: so it hands its office over first. Where nobody takes it, `here` is called.
 */
export function leaveToSuccessor(
  node: NodeCore,
  request: Extract<ControlRequest, { method: "fence" }>,
  respond: Respond,
  here: () => void,
): void {
  const others = node.view?.peers.length ?? 0;
  if (request.target !== node.self || request.action === "on" || others === 0) {
    here();
    return;
  }
  if (node.coordinator.by?.acting !== false) {
    here();
    return;
  }
  node.fencing.forSuccessor.push({ respond, here, until: node.now + HAND_OVER_MS });
  raftStep(node, { kind: "transfer" });
}

/** The office is somebody else's, or nobody's. */
export function officeMoved(node: NodeCore): void {
  for (const { respond } of node.fencing.forSuccessor.splice(0)) {
    const message = `${node.self} has given its office to another node, which is to do it`;
    respond(fail(MOVED, message, "ask again"));
  }
}

export function tickForSuccessor(node: NodeCore): void {
  const { forSuccessor } = node.fencing;
  while (forSuccessor[0] !== undefined && forSuccessor[0].until <= node.now) {
    forSuccessor.shift()?.here();
  }
}
