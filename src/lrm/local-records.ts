import type { WallTime } from "../core/units.ts";
import type { OperationRecord } from "../model/cluster-status.ts";
import type { LocalStatus, OperationRequest, OperationResult } from "../model/operation.ts";
import { AgentKnowledge } from "./agent-knowledge.ts";
import {
  countsFailures,
  failcountName,
  incremented,
  isFailureAttribute,
  lastFailureName,
} from "./failcounts.ts";
import type { AgentRun } from "./local-instance.ts";
import type { AgentEnvironment } from "./ocf-environment.ts";
import type { RecordedOutcome } from "./ocf-outcome.ts";
import { hasFailed, OperationHistory } from "./operation-history.ts";

export interface LocalRecordsOptions {
  readonly node: string;
  readonly incarnation: number;
  readonly wallClock: () => WallTime;
  readonly attributesMax: number;
  readonly environment: AgentEnvironment;
}

/**
 * What this node knows of itself and tells the DC: the operation history and the node's transient
 * attributes, failcounts among them, with a revision that grows with every change.
 */
export class LocalRecords {
  readonly agents: AgentKnowledge;
  readonly #options: LocalRecordsOptions;
  readonly #history = new OperationHistory();
  readonly #attributes = new Map<string, string>();
  #revision = 0;
  #changed = false;

  constructor(options: LocalRecordsOptions) {
    this.#options = options;
    this.agents = new AgentKnowledge(options.environment);
  }

  status(inFlight: readonly string[]): LocalStatus {
    const attributes = [...this.#attributes].sort(([a], [b]) => (a < b ? -1 : 1));
    return {
      node: this.#options.node,
      incarnation: this.#options.incarnation,
      revision: this.#revision,
      attributes: Object.fromEntries(attributes),
      history: this.#history.snapshot(),
      inFlight,
    };
  }

  /** Something changed that the status tells, here or in the queues. */
  markChanged(): void {
    this.#changed = true;
  }

  /** Whether the status has changed since the last call; the revision grows then. */
  takeChange(): boolean {
    const changed = this.#changed;
    if (changed) this.#revision++;
    this.#changed = false;
    return changed;
  }

  /** Seconds since the epoch. */
  wallSeconds(): number {
    return Math.floor(this.#options.wallClock() / 1000);
  }

  recordPending(request: OperationRequest): void {
    this.#history.recordPending(request, this.wallSeconds());
    this.#changed = true;
  }

  /** Records the end of a run; a failure is counted where `count` says so. */
  recordEnd(run: AgentRun, outcome: RecordedOutcome, count: boolean): OperationRecord {
    const { callId, startedAt } = run;
    const request = { ...run.request, ...this.agents.restartParts(run.request) };
    if (count && hasFailed(request, outcome)) this.#countFailure(request);
    this.#changed = true;
    return this.#history.recordResult(request, callId, outcome, startedAt, this.wallSeconds());
  }

  removeRecurring(resource: string, operation: string, intervalMs: number): void {
    this.#history.removeRecurring(resource, operation, intervalMs);
    this.#changed = true;
  }

  forget(resource: string, operation?: string, intervalMs?: number): void {
    if (this.#history.forget(resource, operation, intervalMs)) this.#changed = true;
    this.clearFailures(resource, operation, intervalMs);
  }

  clearFailures(resource: string, operation?: string, intervalMs?: number): void {
    for (const name of [...this.#attributes.keys()]) {
      if (!isFailureAttribute(name, resource, operation, intervalMs)) continue;
      this.#attributes.delete(name);
      this.#changed = true;
    }
    if (this.#history.forgetFailure(resource, operation, intervalMs)) this.#changed = true;
  }

  /** False if there are too many attributes to keep one more. */
  setAttribute(name: string, value: string | undefined): boolean {
    if (this.#attributes.get(name) === value) return true;
    if (value === undefined) this.#attributes.delete(name);
    else if (this.#attributes.has(name) || this.#attributes.size < this.#options.attributesMax) {
      this.#attributes.set(name, value);
    } else return false;
    this.#changed = true;
    return true;
  }

  /** An answer of which nothing is recorded: a refusal, a cancellation, a management request. */
  transientResult(request: OperationRequest, outcome: RecordedOutcome): OperationResult {
    return this.resultOf(request, this.#history.transient(request, outcome, this.wallSeconds()));
  }

  resultOf(request: OperationRequest, record: OperationRecord): OperationResult {
    const { key, term, resource } = request;
    return { key, term, node: this.#options.node, resource, record };
  }

  #countFailure(request: OperationRequest): void {
    const { resource, operation, intervalMs } = request;
    if (!countsFailures(operation, intervalMs)) return;
    const at = String(this.wallSeconds());
    this.setAttribute(lastFailureName(resource, operation, intervalMs), at);
    if (request.ignoreFailure) return;
    const name = failcountName(resource, operation, intervalMs);
    this.setAttribute(name, incremented(this.#attributes.get(name), request.fatalFailure));
  }
}
