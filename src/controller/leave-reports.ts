import type { Plan } from "../model/plan.ts";
import { fencingBefore } from "../model/plan-waits.ts";
import type { StatusWarning } from "../model/status-report.ts";
import { PATIENCE_MS } from "./leave-sequence.ts";
import type { NodeCore } from "./node-core.ts";

/**
 * Members that want to leave and cannot yet, for what runs there stops only after the fencing of
 * another node, which may fail for ever: who stops a service waits without a word meanwhile.
 */
export function leaveWarnings(node: NodeCore, plan: Plan | undefined): StatusWarning[] {
  const { status } = node.coordinator;
  const leaving = [...node.members().keys()].filter((name) => status.isLeaving(name)).sort();
  return leaving.flatMap((name) => {
    const waits = plan === undefined ? [] : fencingBefore(plan, name);
    if (waits.length === 0) return [];
    const targets = [...new Set(waits.flatMap((wait) => wait.targets))].sort();
    const resources = [...new Set(waits.map((wait) => wait.resource))].sort();
    const others = targets.join(", ");
    return [
      {
        code: "LEAVE_WAITS",
        severity: "warn" as const,
        message: `${name} wants to leave: ${resources.join(", ")} goes first, and waits for the fencing of ${others}`,
        hint:
          `if ${others} is off for certain: paceline fence confirm ${targets[0]}; else ${name} stops it ` +
          `by itself and goes, ${PATIENCE_MS / 1_000} s after it was told to`,
        node: name,
      },
    ];
  });
}
