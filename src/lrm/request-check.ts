import { EXECUTION, OCF } from "../model/exit-code.ts";
import type { AgentOutcome, OperationRequest } from "../model/operation.ts";
import { maskSecrets } from "../model/secret-mask.ts";
import { type RecordedOutcome, recordedOutcome } from "./ocf-outcome.ts";

/** setTimeout's limit; a timeout or interval beyond it (24 days) is surely a mistake. */
const MILLIS_MAX = 0x7fff_ffff;

/** What is wrong with a request from the wire, in one sentence; undefined if nothing is. */
export function requestProblem(request: OperationRequest): string | undefined {
  const { resource, operation, key } = request;
  if (!isText(key, 200)) return "a request without a key";
  if (!isText(resource, 200)) return "a request without a resource";
  if (!isText(operation, 50)) return `a request for ${resource} without an operation`;
  if (!Number.isSafeInteger(request.term)) return `a request for ${resource} without a term`;
  if (!isText(request.agent?.class, 50) || !isText(request.agent?.type, 200)) {
    return `a request for ${resource} without an agent`;
  }
  for (const name of ["intervalMs", "timeoutMs", "startDelayMs"] as const) {
    const value = request[name];
    if (!(Number.isFinite(value) && value >= 0 && value <= MILLIS_MAX)) {
      return `${operation} of ${resource} with an impossible ${name}`;
    }
  }
  return undefined;
}

function isText(value: unknown, max: number): boolean {
  return typeof value === "string" && value !== "" && value.length <= max;
}

/** What is wrong with what the executor reported; undefined if nothing is. */
export function outcomeProblem(outcome: AgentOutcome): string | undefined {
  if (outcome.reason !== "exited") return undefined;
  const { rc } = outcome;
  if (rc === undefined || !Number.isInteger(rc) || rc < 0 || rc > 255) {
    return "the agent ended without an exit code";
  }
  return undefined;
}

/** What the history gets of a run, secrets masked. */
export function checkedOutcome(request: OperationRequest, outcome: AgentOutcome): RecordedOutcome {
  const problem = outcomeProblem(outcome);
  if (problem !== undefined) {
    return { rc: OCF.genericError, status: EXECUTION.error, exitReason: problem };
  }
  const recorded = recordedOutcome(outcome, request.timeoutMs);
  return { ...recorded, exitReason: maskSecrets(recorded.exitReason, request.params) };
}

/** A request in name only: cancels and cleanups are answered in the shape of an operation. */
export function managementRequest(
  input: { readonly resource: string; readonly key?: string; readonly intervalMs?: number },
  operation: string,
  term: number,
): OperationRequest {
  return {
    key: input.key ?? "",
    term,
    resource: input.resource,
    agent: { class: "", type: "" },
    operation,
    intervalMs: input.intervalMs ?? 0,
    timeoutMs: 0,
    startDelayMs: 0,
    params: {},
    meta: {},
    expectedRc: 0,
    digest: "",
    fatalFailure: false,
  };
}
