import type { Machine } from "../core/machine.ts";
import type { Instant, WallTime } from "../core/units.ts";
import { EXECUTION, OCF } from "../model/exit-code.ts";
import type { AgentOutcome, LocalStatus, OperationRequest } from "../model/operation.ts";
import { ActiveResources } from "./active-resources.ts";
import { Answerer, CANCELLED, DONE } from "./answerer.ts";
import { EmergencyStop } from "./emergency-stop.ts";
import {
  LOCAL_LIMITS,
  type LocalInput,
  type LocalLimits,
  type LocalOutput,
} from "./local-events.ts";
import {
  type AgentRun,
  changesState,
  LocalInstance,
  monitorLabel,
  type NextRun,
  type RecurringMonitor,
} from "./local-instance.ts";
import { LocalRecords } from "./local-records.ts";
import { type AgentEnvironment, ocfEnvironment } from "./ocf-environment.ts";
import type { RecordedOutcome } from "./ocf-outcome.ts";
import { hasFailed } from "./operation-history.ts";
import { outcomeNote } from "./outcome-note.ts";
import { checkedOutcome, requestProblem } from "./request-check.ts";
import { StepOutputs } from "./step-outputs.ts";

export interface LocalManagerOptions {
  readonly node: string;
  readonly incarnation: number;
  readonly environment: Omit<AgentEnvironment, "node">;
  /** Wall-clock time, for the records that people and failure-timeout read. */
  readonly wallClock: () => WallTime;
  readonly limits?: Partial<LocalLimits>;
}

/**
 * The local resource manager: runs agents on this node, one at a time per instance.
 *
 * 1. A request of an older term than the highest seen is refused; what an older DC asked for and
 *    has not begun is dropped when a newer one shows.
 * 2. A key is run once. Asked again, it is answered again from memory, or not until it has ended.
 * 3. An instance has one queue and at most one agent run. One-shot operations go in the order of
 *    the requests; recurring ones run when nothing else waits. So no two starts ever overlap.
 * 4. An operation that changes the state ends the recurring ones of its instance.
 * 5. A recurring operation answers its first run, then every failure and every change. A failure
 *    that merely lasts is counted once.
 * 6. The executor kills at the deadline. If it does not report in time, the run is recorded as
 *    timed out, and the instance waits once more as long before anything else may run.
 * 7. Nothing here is durable: after a restart of the daemon, probes find what is running.
 */
export class LocalManager implements Machine<LocalInput, LocalOutput> {
  readonly #environment: AgentEnvironment;
  readonly #limits: LocalLimits;
  readonly #instances = new Map<string, LocalInstance>();
  /** Run id to instance. */
  readonly #runs = new Map<number, LocalInstance>();
  readonly #records: LocalRecords;
  readonly #answers: Answerer;
  readonly #active = new ActiveResources();
  readonly #emergency = new EmergencyStop();
  readonly #outputs = new StepOutputs();
  #term = 0;
  #lastRunId = 0;
  #lastCallId = 0;
  #now: Instant = 0;

  constructor(options: LocalManagerOptions) {
    this.#environment = { ...options.environment, node: options.node };
    this.#limits = { ...LOCAL_LIMITS, ...options.limits };
    const { answersMax, attributesMax } = this.#limits;
    this.#records = new LocalRecords({ ...options, environment: this.#environment, attributesMax });
    this.#answers = new Answerer(this.#records, this.#outputs, answersMax);
  }

  step(now: Instant, input: LocalInput): readonly LocalOutput[] {
    this.#now = now;
    this.#handle(input);
    this.#expireRuns();
    this.#pump();
    return this.#outputs.take(this.#records.takeChange() ? this.status() : undefined);
  }

  nextDeadline(): Instant | undefined {
    let next = Number.POSITIVE_INFINITY;
    for (const instance of this.#instances.values()) {
      const at = instance.nextDeadline();
      // What is due and did not begin waits for a run to end, not for time to pass.
      if (instance.run !== undefined || at > this.#now) next = Math.min(next, at);
    }
    return Number.isFinite(next) ? next : undefined;
  }

  /** All that this node knows of itself. */
  status(): LocalStatus {
    return this.#records.status(this.inFlight().sort());
  }

  /** The keys of all operations that run or wait here. */
  inFlight(): string[] {
    return [...this.#instances.values()].flatMap((each) => each.unansweredKeys());
  }

  /** What may be active here, what would stop first first. */
  activeResources(): string[] {
    return this.#active.stopOrder();
  }

  #handle(input: LocalInput): void {
    switch (input.kind) {
      case "tick":
        break;
      case "execute":
        this.#execute(input.request);
        break;
      case "term":
        this.#acceptTerm(input.term);
        break;
      case "cancel":
        this.#cancelRequested(input);
        break;
      case "agent-done":
        this.#agentDone(input.runId, input.outcome);
        break;
      case "forget":
        this.#forget(input);
        break;
      case "clear-failcount":
        this.#records.clearFailures(input.resource, input.operation, input.intervalMs);
        this.#answers.management(input, "clear_failcount", input.term ?? this.#term, DONE);
        break;
      case "set-attribute":
        this.#setAttribute(input.name, input.value);
        break;
      case "announce":
        this.#runOwn(this.#active.announcements(this.#term));
        break;
      case "stop-all":
        this.#stopAll(input.reason);
        break;
    }
  }

  #execute(asked: OperationRequest): void {
    const problem = requestProblem(asked);
    if (problem !== undefined) {
      this.#outputs.note("warn", "request-malformed", `Not run: ${problem}.`);
      return;
    }
    const timeoutMs = asked.timeoutMs > 0 ? asked.timeoutMs : this.#limits.defaultTimeoutMs;
    const request = { ...asked, timeoutMs };
    const { term, key, operation } = request;
    if (term < this.#term) {
      this.#answers.refuse(request, "stale-term", `term ${term} is older than ${this.#term}`);
      return;
    }
    this.#acceptTerm(term);
    if (this.#answers.repeat(request)) return;
    if (this.#instances.get(request.resource)?.unansweredKeys().includes(key)) return;
    if (this.#emergency.isOngoing() && ["start", "promote"].includes(operation)) {
      this.#answers.refuse(request, "stopping", "everything on this node is being stopped");
      return;
    }
    if (this.#isCrowded(request)) {
      this.#answers.refuse(request, "queue-full", "too many operations wait on this node");
      return;
    }
    const instance = this.#instance(request.resource);
    if (request.intervalMs > 0) this.#addMonitor(instance, request);
    else this.#enqueue(instance, request, false);
  }

  #isCrowded(request: OperationRequest): boolean {
    const instance = this.#instances.get(request.resource);
    if (instance === undefined) return this.#instances.size >= this.#limits.instancesMax;
    if (request.intervalMs === 0) return instance.queue.length >= this.#limits.queueMax;
    const label = monitorLabel(request.operation, request.intervalMs);
    return !instance.monitors.has(label) && instance.monitors.size >= this.#limits.recurringMax;
  }

  #acceptTerm(term: number): void {
    if (!Number.isSafeInteger(term) || term <= this.#term) return;
    this.#term = term;
    for (const instance of this.#sortedInstances()) {
      const dropped = instance.queue.filter((each) => !each.own);
      instance.queue = instance.queue.filter((each) => each.own);
      for (const { request } of dropped) {
        this.#answers.refuse(request, "superseded", `a DC of term ${term} decides now`);
      }
    }
  }

  #enqueue(instance: LocalInstance, request: OperationRequest, own: boolean): void {
    if (changesState(request)) this.#endMonitors(instance);
    const eligibleAt = this.#now + request.startDelayMs;
    instance.queue.push({ request, callId: ++this.#lastCallId, eligibleAt, own });
    this.#records.markChanged();
  }

  #addMonitor(instance: LocalInstance, request: OperationRequest): void {
    const label = monitorLabel(request.operation, request.intervalMs);
    const earlier = instance.monitors.get(label);
    if (earlier !== undefined && earlier.last === undefined) {
      this.#answers.refuse(earlier.request, "superseded", "the same operation was requested anew");
    }
    const nextAt = this.#now + request.startDelayMs;
    instance.monitors.set(label, { request, callId: ++this.#lastCallId, nextAt, last: undefined });
    this.#records.markChanged();
  }

  #endMonitors(instance: LocalInstance): void {
    for (const label of [...instance.monitors.keys()].sort()) this.#endMonitor(instance, label);
  }

  #endMonitor(instance: LocalInstance, label: string): void {
    const monitor = instance.monitors.get(label);
    if (monitor === undefined) return;
    instance.monitors.delete(label);
    const { resource, operation, intervalMs } = monitor.request;
    this.#records.removeRecurring(resource, operation, intervalMs);
    if (monitor.last === undefined) this.#answers.cancelled(monitor.request);
  }

  #cancelRequested(input: Extract<LocalInput, { kind: "cancel" }>): void {
    const { resource, operation, intervalMs } = input;
    const instance = this.#instances.get(resource);
    if (instance !== undefined) this.#endMonitor(instance, monitorLabel(operation, intervalMs));
    this.#records.removeRecurring(resource, operation, intervalMs);
    this.#answers.management(input, operation, input.term ?? this.#term, CANCELLED);
  }

  #forget(input: Extract<LocalInput, { kind: "forget" }>): void {
    const { resource, operation, intervalMs } = input;
    const instance = this.#instances.get(resource);
    if (instance !== undefined && operation === undefined) this.#endMonitors(instance);
    this.#records.forget(resource, operation, intervalMs);
    this.#answers.management(input, "lrm_delete", input.term ?? this.#term, DONE);
  }

  #setAttribute(name: string, value: string | undefined): void {
    const kept = this.#records.setAttribute(name, value);
    if (!kept) this.#outputs.note("warn", "attributes-full", `There is no room for ${name}.`);
  }

  #stopAll(reason: string): void {
    if (this.#emergency.isOngoing()) return;
    const resources = this.#active.stopOrder();
    const message = `Everything active on this node is stopped: ${reason}`;
    this.#outputs.note("warn", "stopping-everything", message, { resources });
    for (const instance of this.#sortedInstances()) {
      const waiting = instance.queue;
      instance.queue = [];
      for (const { request } of waiting) this.#answers.refuse(request, "stopping", reason);
      this.#endMonitors(instance);
    }
    this.#runOwn(this.#emergency.begin(this.#active, this.#term));
    this.#reportEmergency();
  }

  #runOwn(requests: readonly OperationRequest[]): void {
    for (const each of requests) this.#enqueue(this.#instance(each.resource), each, true);
  }

  #reportEmergency(): void {
    const failed = this.#emergency.takeOutcome();
    if (failed !== undefined) this.#outputs.allStopped(failed);
  }

  /** Begins what may begin, what stops first among it first. */
  #pump(): void {
    let monitors = 0;
    for (const { run } of this.#runs.values()) if (run?.request.operation === "monitor") monitors++;
    for (const instance of this.#pumpOrder()) {
      if (instance.isIdle()) this.#instances.delete(instance.resource);
      if (instance.run !== undefined) continue;
      const next = instance.takeNext(this.#now, monitors < this.#limits.monitorsAtOnce);
      if (next === undefined) continue;
      if (next.request.operation === "monitor") monitors++;
      this.#begin(instance, next);
    }
  }

  #pumpOrder(): LocalInstance[] {
    if (!this.#emergency.isOngoing()) return this.#sortedInstances();
    const first = this.#active.stopOrder().map((name) => this.#instances.get(name));
    return [...new Set([...first, ...this.#sortedInstances()])].filter(
      (each) => each !== undefined,
    );
  }

  #begin(instance: LocalInstance, next: NextRun): void {
    const { request } = next;
    const { resource, agent, operation, params, timeoutMs } = request;
    const runId = ++this.#lastRunId;
    const deadline = this.#now + timeoutMs + this.#limits.reportGraceMs;
    const startedAt = this.#records.wallSeconds();
    instance.run = { ...next, runId, startedAt, deadline, overdue: false };
    this.#runs.set(runId, instance);
    if (next.monitor?.last === undefined) this.#records.recordPending(request);
    this.#active.began(request);
    this.#emitGuard();
    const question = this.#records.agents.question(agent, () => ++this.#lastRunId);
    if (question !== undefined) this.#outputs.action({ kind: "run", command: question });
    const env = ocfEnvironment(this.#environment, request);
    this.#outputs.action({
      kind: "run",
      command: { runId, agent, action: operation, resource, env, params, timeoutMs },
    });
  }

  #emitGuard(): void {
    const list = this.#active.takeGuardList(this.#environment);
    if (list !== undefined) this.#outputs.action({ kind: "guard", ...list });
  }

  #agentDone(runId: number, outcome: AgentOutcome): void {
    if (this.#records.agents.learn(runId, outcome)) return;
    const instance = this.#runs.get(runId);
    const run = instance?.run;
    if (instance === undefined || run?.runId !== runId) {
      this.#outputs.note("debug", "run-unknown", `Nobody waits for the agent run ${runId}.`);
      return;
    }
    this.#runs.delete(runId);
    instance.run = undefined;
    if (run.overdue) return;
    const recorded = checkedOutcome(run.request, outcome);
    this.#finish(instance, run, recorded, outcome.reason === "not-started");
    this.#outputs.say(outcomeNote(run.request, recorded, outcome));
  }

  /** Runs whose end the executor should have reported by now. */
  #expireRuns(): void {
    for (const instance of this.#sortedInstances()) {
      const { run } = instance;
      if (run === undefined || run.deadline > this.#now) continue;
      const { resource, operation, timeoutMs } = run.request;
      if (run.overdue) {
        this.#runs.delete(run.runId);
        instance.run = undefined;
        const message = `${operation} of ${resource} never ended; what comes next runs beside it.`;
        this.#outputs.note("error", "run-lost", message);
        continue;
      }
      run.overdue = true;
      run.deadline = this.#now + this.#limits.reportGraceMs;
      this.#outputs.action({ kind: "kill", runId: run.runId });
      const exitReason = `did not end within ${timeoutMs} ms, nor when it was to be killed`;
      const outcome = { rc: OCF.genericError, status: EXECUTION.timeout, exitReason };
      this.#finish(instance, run, outcome, false);
    }
  }

  #finish(
    instance: LocalInstance,
    run: AgentRun,
    outcome: RecordedOutcome,
    neverRan: boolean,
  ): void {
    this.#active.ended(run.request, outcome, neverRan);
    this.#emitGuard();
    if (run.monitor !== undefined) this.#finishRecurring(instance, run, run.monitor, outcome);
    else {
      const record = this.#records.recordEnd(run, outcome, true);
      if (!run.own) this.#answers.reply(run.request, record);
    }
    if (this.#emergency.ended(run.request, outcome)) this.#reportEmergency();
  }

  #finishRecurring(
    instance: LocalInstance,
    run: AgentRun,
    monitor: RecurringMonitor,
    outcome: RecordedOutcome,
  ): void {
    const { request } = run;
    const label = monitorLabel(request.operation, request.intervalMs);
    // It was cancelled or replaced while its agent ran.
    if (instance.monitors.get(label) !== monitor) return;
    const { last } = monitor;
    const same = last?.rc === outcome.rc && last.status === outcome.status;
    monitor.last = { rc: outcome.rc, status: outcome.status };
    monitor.nextAt = this.#now + request.intervalMs;
    if (same && !hasFailed(request, outcome)) return;
    const record = this.#records.recordEnd(run, outcome, !same);
    this.#answers.reply(request, record);
  }

  #instance(resource: string): LocalInstance {
    const instance = this.#instances.get(resource) ?? new LocalInstance(resource);
    this.#instances.set(resource, instance);
    return instance;
  }

  #sortedInstances(): LocalInstance[] {
    return [...this.#instances.values()].sort((a, b) => (a.resource < b.resource ? -1 : 1));
  }
}
