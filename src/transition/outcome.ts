import type { OperationRecord } from "../model/cluster-status.ts";
import { describeExitCode, isActiveCode } from "../model/exit-code.ts";
import type { PlanAction } from "../model/plan.ts";

/** Values of OperationRecord.status that matter here (Pacemaker's pcmk_exec_status). */
const STATUS_CANCELLED = 1;
const STATUS_TIMEOUT = 2;

/**
 * Whether the result is what the graph counted on. A probe that finds something else than expected
 * has failed in this sense: the plan was made on a wrong assumption. Notifications never fail: a
 * peer that can't be told is no reason to stop (Pacemaker Explained, "Clone Notifications").
 */
export function isSuccess(action: PlanAction, record: OperationRecord): boolean {
  if (action.operation === "notify") return true;
  if (action.operation === "cancel" && record.status === STATUS_CANCELLED) return true;
  if (record.status === STATUS_TIMEOUT || record.status === STATUS_CANCELLED) return false;
  return record.rc === action.expectedRc;
}

/** Whether that is a probe that was to find nothing, and found the resource running. */
export function foundRunning(
  action: Pick<PlanAction, "operation" | "intervalMs">,
  rc: number | undefined,
): boolean {
  const isProbe = action.operation === "monitor" && action.intervalMs === 0;
  return isProbe && rc !== undefined && isActiveCode(rc);
}

/** `start of web on node1`, `monitor/10000 of web on node1`, `reboot of node2`. */
export function describeAction(action: PlanAction): string {
  const interval = action.intervalMs > 0 ? `/${action.intervalMs}` : "";
  const operation = `${action.operation}${interval}`;
  if (action.kind === "fence") return `${operation} of ${action.node ?? "?"}`;
  const of = action.resource === undefined ? "" : ` of ${action.resource}`;
  const on = action.node === undefined ? "" : ` on ${action.node}`;
  return `${operation}${of}${on}`;
}

/** What did not go by the plan, which must be made anew. A fencing may as well have been withdrawn. */
export function whyAborted(
  action: PlanAction,
  rc: number | undefined,
): { readonly reason: string; readonly isFinding: boolean } {
  if (foundRunning(action, rc)) {
    const { resource = "", node = "" } = action;
    return { reason: `${resource} was found running on ${node}`, isFinding: true };
  }
  const failed = action.kind === "fence" ? "did not succeed" : "failed";
  return { reason: `${describeAction(action)} ${failed}`, isFinding: false };
}

/** Why the result is not what was wanted, for people. */
export function describeOutcome(action: PlanAction, record: OperationRecord): string {
  if (record.status === STATUS_TIMEOUT) return `timed out after ${action.timeoutMs} ms`;
  if (record.status === STATUS_CANCELLED) return "was cancelled";
  const code = describeExitCode(record.rc);
  const wanted =
    action.expectedRc === 0 ? "" : ` instead of ${describeExitCode(action.expectedRc)}`;
  const because = record.exitReason && record.exitReason !== code ? `: ${record.exitReason}` : "";
  return `${code}${wanted}${because}`;
}
