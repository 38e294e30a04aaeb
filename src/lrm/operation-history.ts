import type { OperationRecord, ResourceHistory } from "../model/cluster-status.ts";
import { EXECUTION, OCF } from "../model/exit-code.ts";
import type { OperationRequest } from "../model/operation.ts";
import type { AgentName } from "../model/policy-definition.ts";
import type { RecordedOutcome } from "./ocf-outcome.ts";

/**
 * The operation history of one node in Pacemaker's shape (lrm_rsc_op): of every instance the last
 * one-shot operation (`web_last_0`), the last failure (`web_last_failure_0`), every recurring
 * operation (`web_monitor_10000`) and both halves of a migration. Ids and the rule which record a
 * result goes to are those of pcmk__create_history_xml (lib/pacemaker/pcmk_actions.c), since the
 * policy engine reads a history by them.
 */
export class OperationHistory {
  readonly #resources = new Map<string, ResourceBook>();

  /** Marks an operation as running: it replaces the record that its result will replace. */
  recordPending(request: OperationRequest, startedAt: number): void {
    if (isUnrecorded(request.operation)) return;
    const id = isKeptApart(request) ? operationLabel(request) : lastId(request.resource);
    const record = this.#build(request, {
      id,
      callId: -1,
      outcome: { rc: OCF.pending, status: EXECUTION.pending, exitReason: "" },
      changedAt: startedAt,
      ranAt: startedAt,
    });
    this.#book(request).operations.set(id, record);
  }

  /** Removes the pending mark of a recurring operation that will never end. */
  dropPending(resource: string, operation: string, intervalMs: number): void {
    const id = `${resource}_${operation}_${intervalMs}`;
    const book = this.#resources.get(resource);
    if (book?.operations.get(id)?.status === EXECUTION.pending) book.operations.delete(id);
  }

  /** Puts a result where it belongs and returns the record that answers the DC. */
  recordResult(
    request: OperationRequest,
    callId: number,
    outcome: RecordedOutcome,
    ranAt: number,
    endedAt: number,
  ): OperationRecord {
    const failed = hasFailed(request, outcome);
    const id = this.#idFor(request, failed);
    const book = this.#resources.get(request.resource);
    const earlier = book?.operations.get(operationLabel(request));
    const same = request.intervalMs > 0 && earlier?.callId === callId && earlier.rc === outcome.rc;
    const changedAt = same ? (earlier?.lastRcChange ?? endedAt) : endedAt;
    const parts = { id, callId, outcome, changedAt, ranAt };
    const record = this.#build(asRecorded(request, failed), parts);
    if (isUnrecorded(request.operation)) return record;
    if (request.intervalMs > 0 && failed)
      this.dropPending(request.resource, request.operation, request.intervalMs);
    const { operations } = this.#book(request);
    operations.set(id, record);
    if (failed && request.intervalMs === 0 && !isKeptApart(request)) {
      // The last operation did run, whatever came of it: it must not stay pending.
      const last = lastId(request.resource);
      operations.set(last, { ...record, id: last });
    }
    return record;
  }

  /** A record that goes into no history: refusals and cancellations. */
  transient(request: OperationRequest, outcome: RecordedOutcome, at: number): OperationRecord {
    const id = operationLabel(request);
    return this.#build(request, { id, callId: -1, outcome, changedAt: at, ranAt: at });
  }

  removeRecurring(resource: string, operation: string, intervalMs: number): void {
    this.#resources.get(resource)?.operations.delete(`${resource}_${operation}_${intervalMs}`);
  }

  /** Forgets a resource, or what is recorded of one of its operations. */
  forget(resource: string, operation?: string, intervalMs?: number): boolean {
    const book = this.#resources.get(resource);
    if (book === undefined) return false;
    if (operation === undefined) return this.#resources.delete(resource);
    const matching = [...book.operations].filter(
      ([, record]) =>
        record.operation === operation &&
        (intervalMs === undefined || record.intervalMs === intervalMs),
    );
    for (const [id] of matching) book.operations.delete(id);
    if (book.operations.size === 0) this.#resources.delete(resource);
    return matching.length > 0;
  }

  /** Forgets the last failure, if it is of that operation (a failcount was cleared). */
  forgetFailure(resource: string, operation?: string, intervalMs?: number): boolean {
    const book = this.#resources.get(resource);
    const failure = book?.operations.get(failureId(resource));
    if (book === undefined || failure === undefined) return false;
    if (operation !== undefined && failure.operation !== operation) return false;
    if (intervalMs !== undefined && failure.intervalMs !== intervalMs) return false;
    return book.operations.delete(failureId(resource));
  }

  /** The whole history, sorted by resource and record id. */
  snapshot(): readonly ResourceHistory[] {
    return [...this.#resources]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, book]) => book.snapshot());
  }

  #idFor(request: OperationRequest, failed: boolean): string {
    if (isMigration(request.operation)) return operationLabel(request);
    if (failed) return failureId(request.resource);
    return request.intervalMs > 0 ? operationLabel(request) : lastId(request.resource);
  }

  #book(request: OperationRequest): ResourceBook {
    const known = this.#resources.get(request.resource);
    if (known?.isOf(request.agent)) return known;
    // Another agent under the same name: nothing recorded of the old one says anything about it.
    const book = new ResourceBook(request.resource, request.agent);
    this.#resources.set(request.resource, book);
    return book;
  }

  #build(request: OperationRequest, given: RecordParts): OperationRecord {
    const { outcome } = given;
    return {
      id: given.id,
      operation: request.operation,
      intervalMs: request.intervalMs,
      callId: given.callId,
      rc: outcome.rc,
      status: outcome.status,
      expectedRc: request.expectedRc,
      transitionKey: request.key,
      transitionMagic: `${outcome.status}:${outcome.rc};${request.key}`,
      operationKey: operationLabel(request),
      lastRcChange: given.changedAt,
      lastRun: given.ranAt,
      digest: request.digest,
      ...(outcome.exitReason === "" ? {} : { exitReason: outcome.exitReason }),
      ...copied(request),
    };
  }
}

interface RecordParts {
  readonly id: string;
  readonly callId: number;
  readonly outcome: RecordedOutcome;
  readonly changedAt: number;
  readonly ranAt: number;
}

class ResourceBook {
  readonly #resource: string;
  readonly #agent: AgentName;
  readonly operations = new Map<string, OperationRecord>();

  constructor(resource: string, agent: AgentName) {
    this.#resource = resource;
    this.#agent = agent;
  }

  isOf(agent: AgentName): boolean {
    const own = this.#agent;
    return own.class === agent.class && own.provider === agent.provider && own.type === agent.type;
  }

  snapshot(): ResourceHistory {
    const operations = [...this.operations].sort(([a], [b]) => (a < b ? -1 : 1));
    return {
      resource: this.#resource,
      agentClass: this.#agent.class,
      ...(this.#agent.provider === undefined ? {} : { agentProvider: this.#agent.provider }),
      agentType: this.#agent.type,
      operations: operations.map(([, record]) => record),
    };
  }
}

/** A result that the policy engine must treat as a failure (did_rsc_op_fail). */
export function hasFailed(request: OperationRequest, outcome: RecordedOutcome): boolean {
  if (outcome.status === EXECUTION.cancelled || outcome.status === EXECUTION.pending) return false;
  if (outcome.status !== EXECUTION.done) return true;
  // Degraded is active with a warning, not a failure (Pacemaker Explained, "OCF return codes").
  if (outcome.rc === OCF.degraded && request.expectedRc === OCF.success) return false;
  if (outcome.rc === OCF.degradedPromoted && request.expectedRc === OCF.runningPromoted) {
    return false;
  }
  return outcome.rc !== request.expectedRc;
}

function copied(request: OperationRequest): Partial<OperationRecord> {
  const { restartDigest, forceRestart, secureParams, secureDigest, meta } = request;
  const migrateSource = meta["CRM_meta_migrate_source"];
  const migrateTarget = meta["CRM_meta_migrate_target"];
  return {
    ...(restartDigest === undefined ? {} : { restartDigest }),
    ...(forceRestart === undefined ? {} : { forceRestart }),
    ...(secureParams === undefined ? {} : { secureParams }),
    ...(secureDigest === undefined ? {} : { secureDigest }),
    ...(isMigration(request.operation) && migrateSource !== undefined ? { migrateSource } : {}),
    ...(isMigration(request.operation) && migrateTarget !== undefined ? { migrateTarget } : {}),
  };
}

/**
 * A resource that was reloaded well is as if just started with its new parameters; a failed reload
 * tells as much as a failed monitor (pcmk__create_history_xml).
 */
function asRecorded(request: OperationRequest, failed: boolean): OperationRequest {
  if (!request.operation.startsWith("reload")) return request;
  return { ...request, operation: failed ? "monitor" : "start" };
}

/** These say nothing about the state of the instance. */
function isUnrecorded(operation: string): boolean {
  return operation === "notify" || operation === "announce";
}

function isMigration(operation: string): boolean {
  return operation === "migrate_to" || operation === "migrate_from";
}

/** These have a record of their own beside `last`. */
function isKeptApart(request: OperationRequest): boolean {
  return request.intervalMs > 0 || isMigration(request.operation);
}

function operationLabel(request: OperationRequest): string {
  return `${request.resource}_${request.operation}_${request.intervalMs}`;
}

function lastId(resource: string): string {
  return `${resource}_last_0`;
}

function failureId(resource: string): string {
  return `${resource}_last_failure_0`;
}
