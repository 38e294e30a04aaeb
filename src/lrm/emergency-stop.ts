import { OCF } from "../model/exit-code.ts";
import type { OperationRequest } from "../model/operation.ts";
import type { ActiveResources } from "./active-resources.ts";
import type { RecordedOutcome } from "./ocf-outcome.ts";

/** A stop gets at least so long, whatever timeout its start had. */
const STOP_TIMEOUT_MIN_MS = 20_000;

/**
 * Stopping everything without a DC. What it does not know of the plan (the order between resources)
 * it replaces by time: each resource is told at once, and per instance demote goes before stop.
 * Waiting for an order would keep addresses up, which is what must not happen.
 */
export class EmergencyStop {
  /** Stops that have not ended; undefined when no emergency stop is going on. */
  #waiting: Set<string> | undefined;
  #failed: string[] = [];

  isOngoing(): boolean {
    return this.#waiting !== undefined;
  }

  /** The operations to run, what stops first first. */
  begin(active: ActiveResources, term: number): OperationRequest[] {
    const resources = active.stopOrder();
    this.#waiting = new Set(resources);
    this.#failed = [];
    return resources.flatMap((resource) => {
      const request = active.requestOf(resource)!;
      const stop = stopRequest(request, "stop", term);
      return active.isPromoted(resource) ? [stopRequest(request, "demote", term), stop] : [stop];
    });
  }

  /** An operation has ended; true if it was the stop of a resource waited for. */
  ended(request: OperationRequest, outcome: RecordedOutcome): boolean {
    if (request.operation !== "stop" || !this.#waiting?.delete(request.resource)) return false;
    if (outcome.status !== 0 || outcome.rc !== OCF.success) this.#failed.push(request.resource);
    return true;
  }

  /** What could not be stopped, once all stops have ended. */
  takeOutcome(): string[] | undefined {
    if (this.#waiting === undefined || this.#waiting.size > 0) return undefined;
    this.#waiting = undefined;
    return this.#failed.sort();
  }
}

function stopRequest(request: OperationRequest, operation: string, term: number): OperationRequest {
  return {
    ...request,
    key: `local:${operation}:${request.resource}`,
    term,
    operation,
    intervalMs: 0,
    startDelayMs: 0,
    timeoutMs: Math.max(request.timeoutMs, STOP_TIMEOUT_MIN_MS),
    expectedRc: OCF.success,
    fatalFailure: true,
  };
}
