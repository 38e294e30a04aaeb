import type { Machine } from "../core/machine.ts";
import { type NoteLevel, note } from "../core/note.ts";
import type { Instant, Millis } from "../core/units.ts";
import type { OperationResult } from "../model/operation.ts";
import type { PlanAction } from "../model/plan.ts";
import { type Flight, FlightTable, UNLIMITED } from "./flight-table.ts";
import { GraphWalk } from "./graph-walk.ts";
import { leavingLast } from "./leaving-last.ts";
import { describeAction, describeOutcome, isSuccess, whyAborted } from "./outcome.ts";
import { buildCommand, fenceOrder, isAnswered, longestAnswer, operationKey } from "./requests.ts";
import type {
  FailedAction,
  InFlightAction,
  RunnerInput,
  RunnerOutput,
  TransitionLimits,
} from "./transition-events.ts";

/*
 * Theory of operation
 *
 * The DC hands over a plan; its graph is walked with as much parallelism as the order and the
 * limits allow.
 *
 *            start                     all done
 *   idle ────────────► walking ─────────────────────► finished: complete
 *                        │ a failure, an abort, a lost node
 *                        ▼                 nothing in flight any more
 *                     draining ──────────────────────► finished: failed | aborted
 *                        │ start (a new plan)
 *                        └────────► walking, with what was in flight carried along
 *
 * 1. An action is handed out once all it waits for succeeded, and there is room for it.
 * 2. A failure makes everything that waits for it impossible, and aborts the transition: nothing
 *    of the failed action's priority or below is started any more (Pacemaker's abort_priority);
 *    what is in flight goes on to its end.
 * 3. The owner may wait for `finished`, or plan at `aborted` with the actions in flight shown as
 *    pending, and start the new plan at once. Then nothing new touches an instance that still has
 *    a left-over in flight, and a left-over that does what the new plan wants is taken over.
 * 4. Only an answer that carries the key of an action in flight counts. The key holds term and
 *    transition, so an answer to an earlier DC is never taken for one to this.
 * 5. A node's LRM keeps the action's timeout. The DC waits that long and a margin, then the action
 *    has failed and the owner is told that the node did not answer.
 */

export interface RunnerOptions {
  /** Added to an action's timeout: way there and back, and queueing at the LRM. */
  readonly marginMs: Millis;
  /** The fencer bounds its own work; this only keeps a bug from hanging the cluster for good. */
  readonly fenceDeadlineMs: Millis;
  /**
   * Put before every key. Two coordinators without quorum may use one term: with the name and
   * incarnation of the coordinator in it, no key is ever used for two things.
   */
  readonly origin: string;
}

const DEFAULT_OPTIONS: RunnerOptions = { marginMs: 10_000, fenceDeadlineMs: 600_000, origin: "" };

interface Transition {
  readonly id: number;
  readonly term: number;
  readonly walk: GraphWalk;
  readonly limits: TransitionLimits;
  readonly startFailureIsFatal: boolean;
  readonly failed: FailedAction[];
  /** Actions below this priority are not started; undefined while nothing went wrong. */
  abortPriority: number | undefined;
  abortReason: string | undefined;
  abortedFromOutside: boolean;
}

/** Walks one transition graph at a time. Pure: see `Machine`. */
export class TransitionRunner implements Machine<RunnerInput, RunnerOutput> {
  readonly #options: RunnerOptions;
  readonly #flights = new FlightTable();
  #transition: Transition | undefined;
  #outputs: RunnerOutput[] = [];

  constructor(options: Partial<RunnerOptions> = {}) {
    this.#options = { ...DEFAULT_OPTIONS, ...options };
  }

  /** Neither a transition nor a left-over of one. */
  get isIdle(): boolean {
    return this.#transition === undefined && this.#flights.isEmpty;
  }

  /** A transition is under way, be it only to its end. What an earlier one left does not count. */
  get isWalking(): boolean {
    return this.#transition !== undefined;
  }

  /** What was handed out and is not answered yet, oldest first. */
  inFlight(): readonly InFlightAction[] {
    return this.#flights.snapshot();
  }

  nextDeadline(): Instant | undefined {
    return this.#flights.nextDeadline();
  }

  step(now: Instant, input: RunnerInput): readonly RunnerOutput[] {
    this.#handle(input);
    this.#expire(now);
    this.#pump(now);
    const outputs = this.#outputs;
    this.#outputs = [];
    return outputs;
  }

  #handle(input: RunnerInput): void {
    switch (input.kind) {
      case "start":
        this.#start(input);
        break;
      case "result":
        this.#onResult(input.result);
        break;
      case "done":
        this.#onDone(input.key, input.node, input.ok, input.detail);
        break;
      case "fence-result":
        this.#onFenceResult(input.key, input.ok, input.detail);
        break;
      case "node-lost":
        this.#onNodeLost(input.node);
        break;
      case "abort":
        this.#abort(input.reason, input.priority ?? Number.POSITIVE_INFINITY, true);
        break;
      case "reset":
        this.#transition = undefined;
        this.#flights.clear();
        break;
      case "tick":
        break;
    }
  }

  #start(input: Extract<RunnerInput, { kind: "start" }>): void {
    for (const flight of this.#flights.all()) flight.graphId = undefined;
    const superseded = this.#transition;
    if (superseded !== undefined) {
      this.#note("debug", "transition-superseded", `transition ${superseded.id} is superseded`);
    }
    this.#transition = {
      id: input.transitionId,
      term: input.term,
      walk: new GraphWalk(leavingLast(input.plan.actions)),
      limits: input.limits ?? UNLIMITED,
      startFailureIsFatal: input.startFailureIsFatal ?? true,
      failed: [],
      abortPriority: undefined,
      abortReason: undefined,
      abortedFromOutside: false,
    };
  }

  // --- answers ---

  #onResult(result: OperationResult): void {
    // A pending record only says that the LRM has begun.
    if (result.record.status === -1) return;
    const flight = this.#take(result.key, result.node);
    if (flight === undefined) return;
    if (result.refused !== undefined) {
      this.#failFlight(flight, `refused: ${result.refused}`);
      return;
    }
    const { rc, status } = result.record;
    if (isSuccess(flight.action, result.record)) this.#succeed(flight);
    else this.#failFlight(flight, describeOutcome(flight.action, result.record), { rc, status });
  }

  #onDone(key: string, node: string, ok: boolean, detail: string | undefined): void {
    const flight = this.#take(key, node);
    if (flight === undefined) return;
    if (ok) this.#succeed(flight);
    else this.#failFlight(flight, detail ?? "refused");
  }

  #onFenceResult(key: string, ok: boolean, detail: string | undefined): void {
    const flight = this.#take(key, undefined);
    if (flight === undefined) return;
    if (ok) this.#succeed(flight);
    // Where it is done it is told what came of it.
    else this.#failFlight(flight, detail ?? "fencing failed", undefined, "debug");
  }

  /** The flight that this key answers, taken out of the table. */
  #take(key: string, node: string | undefined): Flight | undefined {
    const flight = this.#flights.get(key);
    if (flight === undefined) {
      this.#note("debug", "stale-result", `an answer to ${key}, which nobody waits for`);
      return undefined;
    }
    if (node !== undefined && flight.action.node !== node) {
      this.#note("warn", "misplaced-result", `${node} answered ${key}, which it was not asked`);
      return undefined;
    }
    this.#flights.remove(key);
    return flight;
  }

  /**
   * A left-over that ends has changed what the plan was made on. What waited for it may be wrong now
   * (its instance runs elsewhere than the plan thinks), so it is planned anew.
   */
  #succeed(flight: Flight): void {
    if (flight.graphId !== undefined) this.#transition?.walk.complete(flight.graphId);
    else if (flight.action.operation !== "monitor") {
      this.#abort(`${describeAction(flight.action)} ended`, Number.POSITIVE_INFINITY, true);
    }
  }

  #failFlight(
    flight: Flight,
    detail: string,
    code?: { rc: number; status: number },
    level?: NoteLevel,
  ): void {
    this.#flights.remove(flight.key);
    this.#failAction(flight.action, flight.graphId, flight.key, detail, code, level);
  }

  #failAction(
    action: PlanAction,
    graphId: number | undefined,
    key: string,
    detail: string,
    code?: { rc: number; status: number },
    level: NoteLevel = "warn",
  ): void {
    const transition = this.#transition;
    const { reason, isFinding } = whyAborted(action, code?.rc);
    const told = { key, ...(action.node === undefined ? {} : { node: action.node }) };
    if (isFinding) this.#note("info", "probe-found", `${reason}: it is planned anew`, told);
    else this.#note(level, "action-failed", `${describeAction(action)} failed: ${detail}`, told);
    if (transition === undefined) return;
    if (graphId !== undefined) {
      transition.walk.fail(graphId);
      transition.failed.push({
        actionId: graphId,
        key,
        ...(action.node === undefined ? {} : { node: action.node }),
        ...(action.resource === undefined ? {} : { resource: action.resource }),
        operation: action.operation,
        intervalMs: action.intervalMs,
        ...code,
        detail,
      });
    }
    this.#abort(reason, action.priority + 1, false);
  }

  // --- what ends a transition early ---

  #onNodeLost(node: string): void {
    const detail = `node ${node} was lost`;
    let touched = false;
    for (const flight of this.#flights.all()) {
      // Fencing a node doesn't need its help.
      if (flight.action.kind === "fence" || flight.action.node !== node) continue;
      touched = true;
      this.#failFlight(flight, detail);
    }
    const transition = this.#transition;
    if (transition === undefined) return;
    for (const action of transition.walk.notStarted()) {
      if (action.node !== node || action.kind === "fence" || action.kind === "pseudo") continue;
      touched = true;
      this.#failAction(action, action.id, this.#key(transition, action), detail);
    }
    if (touched) this.#abort(detail, Number.POSITIVE_INFINITY, false);
  }

  #abort(reason: string, priority: number, fromOutside: boolean): void {
    const transition = this.#transition;
    if (transition === undefined) return;
    transition.abortedFromOutside ||= fromOutside;
    if (transition.abortPriority !== undefined) {
      transition.abortPriority = Math.max(transition.abortPriority, priority);
      return;
    }
    transition.abortPriority = priority;
    transition.abortReason = reason;
    const waitingFor = this.#flights.all().map((flight) => describeAction(flight.action));
    this.#outputs.push({ kind: "aborted", transitionId: transition.id, reason, waitingFor });
  }

  #expire(now: Instant): void {
    for (const flight of this.#flights.all()) {
      if (flight.deadline > now) continue;
      const { action, key } = flight;
      this.#failFlight(flight, "no answer in time");
      if (action.kind !== "fence" && action.node !== undefined) {
        this.#outputs.push({ kind: "unanswered", key, node: action.node, action });
      }
    }
  }

  // --- handing out ---

  #pump(now: Instant): void {
    const transition = this.#transition;
    if (transition === undefined) return;
    let progress = true;
    while (progress) {
      progress = false;
      for (const action of transition.walk.ready()) {
        if (action.priority < (transition.abortPriority ?? Number.NEGATIVE_INFINITY)) continue;
        progress = this.#tryStart(now, transition, action) || progress;
      }
    }
    this.#finishIfDone(transition);
  }

  /** Whether the graph got further at once (what is handed out gets further when it is answered). */
  #tryStart(now: Instant, transition: Transition, action: PlanAction): boolean {
    const { walk } = transition;
    if (action.kind === "pseudo") {
      walk.start(action.id);
      walk.complete(action.id);
      return true;
    }
    const adopted = this.#flights.adoptable(action);
    if (adopted !== undefined) {
      walk.start(action.id);
      adopted.graphId = action.id;
      return false;
    }
    if (this.#flights.isHeld(action)) return false;
    if (!this.#flights.hasRoom(action, transition.limits)) return false;
    walk.start(action.id);
    return this.#handOut(now, transition, action);
  }

  #handOut(now: Instant, transition: Transition, action: PlanAction): boolean {
    const key = this.#key(transition, action);
    if (action.kind === "fence") return this.#handOutFence(now, action, key);
    const { term, startFailureIsFatal } = transition;
    const command = buildCommand(action, { key, term, startFailureIsFatal });
    if (command === undefined || action.node === undefined) {
      this.#failAction(action, action.id, key, "the plan does not say what to run, or where");
      return true;
    }
    this.#outputs.push({ kind: "dispatch", node: action.node, actionId: action.id, command });
    if (!isAnswered(command)) {
      transition.walk.complete(action.id);
      return true;
    }
    const deadline = now + longestAnswer(action) + this.#options.marginMs;
    this.#flights.add({ key, action, since: now, deadline, graphId: action.id });
    return false;
  }

  #key(transition: Transition, action: PlanAction): string {
    return operationKey(this.#options.origin, transition.term, transition.id, action.id);
  }

  #handOutFence(now: Instant, action: PlanAction, key: string): boolean {
    const order = fenceOrder(action);
    if (order === undefined) {
      this.#failAction(action, action.id, key, "the plan does not say whom to fence, or how");
      return true;
    }
    this.#outputs.push({ kind: "fence", key, actionId: action.id, ...order });
    const deadline = now + this.#options.fenceDeadlineMs;
    this.#flights.add({ key, action, since: now, deadline, graphId: action.id });
    return false;
  }

  #finishIfDone(transition: Transition): void {
    if (this.#flights.hasOwn()) return;
    const { walk, abortPriority, failed, abortReason } = transition;
    if (walk.hasReady(abortPriority ?? Number.NEGATIVE_INFINITY)) return;
    const isComplete = walk.isDone && failed.length === 0;
    const isAborted = failed.length === 0 && transition.abortedFromOutside;
    if (!walk.isDone && abortPriority === undefined) {
      this.#note("error", "graph-stalled", `transition ${transition.id} waits for itself`);
    }
    this.#transition = undefined;
    this.#outputs.push({
      kind: "finished",
      transitionId: transition.id,
      outcome: isComplete ? "complete" : isAborted ? "aborted" : "failed",
      failed,
      skipped: walk.notStarted().map((action) => action.id),
      ...(abortReason === undefined ? {} : { reason: abortReason }),
    });
  }

  #note(...told: Parameters<typeof note>): void {
    this.#outputs.push(note(...told));
  }
}
