import type { OperationRecord, ResourceHistory } from "../../model/cluster-status.ts";
import { EXECUTION, OCF } from "../../model/exit-code.ts";

/**
 * The history of most resources on most nodes: one probe that found nothing running. It is
 * interpreted in one step; operation-result.ts would come to the same, at many times the cost.
 */
export function isQuietProbe({ operations }: ResourceHistory): boolean {
  if (operations.length !== 1) return false;
  const record = operations[0]!;
  return (
    record.rc === OCF.notRunning &&
    record.status === EXECUTION.done &&
    record.intervalMs === 0 &&
    record.operation === "monitor" &&
    !isFailure(record)
  );
}

function isFailure({ id }: OperationRecord): boolean {
  return id.endsWith("_last_failure_0");
}
