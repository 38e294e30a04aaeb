import type { Instant, WallTime } from "../core/units.ts";
import type { View } from "../membership/membership.ts";
import type { TimelineEntry } from "../model/control.ts";
import { describeResult } from "../model/exit-code.ts";
import type { OperationResult } from "../model/operation.ts";
import type { Plan } from "../model/plan.ts";
import { changesInWords, changeWithReason } from "./plan-words.ts";
import { Timeline } from "./timeline.ts";

/** Results of these change what runs where; monitors and notifications do not. */
const CHANGES: Readonly<Record<string, string>> = {
  start: "started",
  stop: "stopped",
  promote: "promoted",
  demote: "demoted",
  migrate_to: "migrated away",
  migrate_from: "migrated in",
};

/** OCF: a probe that finds nothing running answers 7, and one that finds it running 0 or 8. */
const STATUS_CANCELLED = 1;

/** Turns what happens into the timeline of incidents: fault, detection, decision, recovery, stable. */
export class IncidentRecorder {
  readonly timeline: Timeline;
  readonly #publish: (entry: TimelineEntry) => void;
  #startedAt: WallTime | undefined;
  /** What was decided last, if nothing has come of it yet: decided again, it is no news. */
  #decided: string | undefined;

  constructor(origin: string, publish: (entry: TimelineEntry) => void) {
    this.timeline = new Timeline(origin);
    this.#publish = publish;
  }

  /** When the transition in force was decided, if this node decided it. */
  get startedAt(): WallTime | undefined {
    return this.#startedAt;
  }

  lost(lost: View["lost"][number], wall: WallTime, now: Instant): void {
    this.#decided = undefined;
    const { node, reason } = lost;
    if (reason === "left") {
      this.#publish(this.timeline.note(wall, `${node} left cleanly`, { node }));
      return;
    }
    const heard = wall - Math.max(0, now - lost.lastHeard);
    this.#publish(this.timeline.fault(heard, `last sign of life of ${node}`, { node }));
    const how = reason === "cut" ? "cut: not all members hear each other" : reason;
    this.#publish(this.timeline.step(wall, "detection", `${node} is lost (${how})`, { node }));
  }

  /** Somebody changed something: it is the reason for much that follows. */
  byHand(words: string, wall: WallTime): void {
    this.#publish(this.timeline.note(wall, words));
  }

  planned(plan: Plan, transitionId: number, wall: WallTime): void {
    this.#startedAt = wall;
    // What is wanted and cannot be done, for want of quorum say, is not decided.
    const doable = plan.summary.filter((row) => row.blocked !== true);
    if (doable.length === 0) return;
    const decided = changesInWords(doable, changeWithReason);
    if (decided === this.#decided) return;
    this.#decided = decided;
    this.#publish(this.timeline.step(wall, "decision", `transition ${transitionId}: ${decided}`));
  }

  result(result: OperationResult, wall: WallTime): void {
    const { record, resource, node } = result;
    if (record.status === STATUS_CANCELLED) return;
    const expected = record.expectedRc ?? 0;
    const done = CHANGES[record.operation];
    if (record.rc === expected && record.status === 0) {
      if (done === undefined) return;
      this.#decided = undefined;
      const message = `${resource} ${done} on ${node}`;
      this.#publish(this.timeline.step(wall, "recovery", message, { node, resource }));
      return;
    }
    const isProbe = record.operation === "monitor" && record.intervalMs === 0;
    if (isProbe) return;
    this.#decided = undefined;
    const how = describeResult(record);
    const why = record.exitReason ? `${how}: ${record.exitReason}` : how;
    const message = `${record.operation} of ${resource} failed on ${node}: ${why}`;
    this.#publish(this.timeline.fault(wall, message, { node, resource }));
  }

  /** `left`: what should run and does not, or is blocked, though nothing more can be done. */
  settled(wall: WallTime, left: readonly string[]): void {
    this.#decided = undefined;
    const entry = this.timeline.stable(wall, left);
    if (entry !== undefined) this.#publish(entry);
  }
}
