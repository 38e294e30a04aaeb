import { startTransfer, stepDown } from "./leadership.ts";
import type { RaftCore } from "./raft-core.ts";

/** The clean leave: a leader hands over first; then the node is mute, for good. */

export function startLeaving(core: RaftCore): void {
  if (core.leaving || core.muted) return;
  core.leaving = true;
  core.timers.set("leave", core.now + 2 * core.options.electionTimeoutMs);
  if (core.role !== "leader" || !startTransfer(core, undefined)) haveLeft(core);
}

/** A leader that leaves stays until its successor is ready: two nodes need both for that. */
export function checkLeft(core: RaftCore): void {
  if (!core.leaving || core.muted || core.role === "leader") return;
  if (core.leader === undefined || core.log.termAt(core.commit) !== core.term) return;
  haveLeft(core);
}

export function haveLeft(core: RaftCore): void {
  if (core.muted) return;
  stepDown(core, "this node leaves");
  core.muted = true;
  core.inSync = false;
  for (const timer of ["election", "silence", "leave"] as const) core.timers.clear(timer);
  core.emit({ kind: "left" });
}
