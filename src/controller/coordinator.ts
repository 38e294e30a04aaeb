import { note } from "../core/note.ts";
import { Timers } from "../core/timers.ts";
import type { Instant, Millis, WallTime } from "../core/units.ts";
import type { Cib } from "../model/cib.ts";
import type { ClusterStatus } from "../model/cluster-status.ts";
import type { LocalStatus, OperationResult } from "../model/operation.ts";
import type { Plan, PlanAction } from "../model/plan.ts";
import type { PolicyDefinition } from "../model/policy-definition.ts";
import { unwantedFencings, withPending } from "../transition/pending.ts";
import { TransitionRunner } from "../transition/runner.ts";
import type { RunnerInput, RunnerOutput } from "../transition/transition-events.ts";
import { CollectedStatus, newNodes, ticketsOf } from "./collected-status.ts";
import type {
  CoordinatorContext,
  CoordinatorOutput,
  Planner,
  Question,
} from "./coordinator-ports.ts";
import type { Coordination, NodeMessage } from "./node-message.ts";
import { PlanLog } from "./plan-log.ts";
import { PlanMaking, type PlanProblem } from "./plan-making.ts";
import { PlanPacer, untilRecheck } from "./plan-pacer.ts";
import { attributeReason, viewReason } from "./plan-reasons.ts";
import { finishedNote, planFailure, promotedBy, silentNote, unlessOwn } from "./plan-words.ts";
import { propertyOf, transitionLimits } from "./properties.ts";
import type { StatusDelta } from "./status-delta.ts";

/** Statuses are asked for again after so long without an answer. */
const COLLECT_RETRY_MS: Millis = 1_000;

/**
 * A changed attribute waits so long for what belongs to it: an agent sets its promotion score within
 * an action whose result follows, and a failure arrives as a fail count and a result. One plan then
 * answers all. (Pacemaker's attribute manager calls it dampening.)
 */
const DAMPEN_MS: Millis = 10;

const TIMERS = ["collect", "recheck", "pace", "dampen", "slice"] as const;

/** A plan that could not be made is tried again after so long, if nothing happens before. */
const PLAN_RETRY_MS: Millis = 10_000;

/**
 * The duties of the coordinator: collects the status of every member, has the policy engine plan,
 * and walks the plan with the transition runner.
 *
 * Theory of operation:
 * 1. It acts only between `activate` and `deactivate`, and says in every message in which term.
 * 2. It plans only when the status of every member of the view has arrived: unknown is not stopped.
 * 3. Whatever could change the plan marks it stale; a stale plan is made anew at once. What is in
 *    flight meanwhile is shown to the engine as pending and carried over by the runner. A large
 *    plan is made in slices; it is begun anew if anything changes before it is made.
 * 4. A transition that ends is followed by another plan, until a plan has nothing to do: settled.
 */
export class Coordinator {
  readonly status = new CollectedStatus();
  readonly runner: TransitionRunner;
  readonly #context: CoordinatorContext;
  readonly #timers = new Timers<(typeof TIMERS)[number]>();
  readonly #pacer = new PlanPacer();
  readonly #making = new PlanMaking();
  readonly #log = new PlanLog();
  #by: Coordination | undefined;
  #quorate = false;
  #stale = false;
  #staleReason = "";
  #transitionId = 0;
  #plan: Plan | undefined;
  #settled = false;

  constructor(context: CoordinatorContext) {
    this.#context = context;
    this.runner = new TransitionRunner({ origin: `${context.self}-${context.incarnation}` });
  }

  get by(): Coordination | undefined {
    return this.#by;
  }
  get plan(): Plan | undefined {
    return this.#plan;
  }
  /** Why no plan can be made at present; undefined: one can. */
  get planProblem(): PlanProblem | undefined {
    return this.#by === undefined ? undefined : this.#making.problem;
  }
  /** A plan is in the making. */
  get isPlanning(): boolean {
    return this.#making.underWay;
  }
  get settled(): boolean {
    return this.#settled;
  }
  get transitionId(): number {
    return this.#transitionId;
  }

  nextDeadline(): Instant | undefined {
    const runner = this.runner.nextDeadline();
    const own = this.#timers.next();
    if (runner === undefined || own === undefined) return runner ?? own;
    return Math.min(runner, own);
  }

  /** Takes up the duties: asks every member for its status. */
  activate(
    now: Instant,
    by: Coordination,
    members: ReadonlyMap<string, number>,
    quorate: boolean,
  ): CoordinatorOutput[] {
    this.#by = by;
    this.#quorate = quorate;
    this.#settled = false;
    this.#plan = undefined;
    this.#making.drop();
    this.#log.forget();
    this.status.forgetAll();
    this.status.setMembers(members);
    this.runner.step(now, { kind: "reset" });
    this.#want("took over as coordinator");
    return [...this.#collect(now), { kind: "changed" }];
  }

  /** Lays the duties down at once: nothing more is sent. */
  deactivate(now: Instant): CoordinatorOutput[] {
    if (this.#by === undefined) return [];
    this.#by = undefined;
    this.#settled = false;
    this.#stale = false;
    this.#making.drop();
    for (const name of TIMERS) this.#timers.clear(name);
    this.runner.step(now, { kind: "reset" });
    return [{ kind: "changed" }];
  }

  /** The view changed while in office. */
  setView(
    now: Instant,
    by: Coordination,
    members: ReadonlyMap<string, number>,
    quorate: boolean,
    lost: readonly string[],
    joined: readonly string[],
  ): CoordinatorOutput[] {
    this.#by = by;
    this.#quorate = quorate;
    this.status.setMembers(members);
    if (lost.length > 0) this.#pacer.forget();
    const outputs = lost.flatMap((node) => this.#run(now, { kind: "node-lost", node }));
    this.#want(viewReason(lost, joined));
    return [...outputs, ...this.#collect(now), ...this.#proceed(now)];
  }

  /** Anything outside the statuses that may change the plan: definition, override, fencing. */
  replan(now: Instant, reason: string): CoordinatorOutput[] {
    if (this.#by === undefined) return [];
    this.#want(reason);
    return this.#proceed(now);
  }

  /** What is known of a member is void: nothing is planned until it has reported anew. */
  collectAnew(now: Instant, node: string): CoordinatorOutput[] {
    if (this.#by === undefined) return [];
    this.status.forget(node);
    this.#want(`${node} is asked anew`);
    return [...this.#collect(now), { kind: "changed" }];
  }

  acceptStatus(now: Instant, status: LocalStatus): CoordinatorOutput[] {
    if (this.#by === undefined || !this.status.accept(status)) return [];
    this.#want(`status of ${status.node}`);
    const lost = this.status.lostAnswers(status, this.runner.inFlight());
    return [...lost.flatMap((answer) => this.#run(now, answer)), ...this.#proceed(now)];
  }

  acceptDelta(now: Instant, delta: StatusDelta): CoordinatorOutput[] {
    if (this.#by === undefined || !this.status.isMember(delta.node)) return [];
    if (!this.status.acceptDelta(delta)) return this.#ask(delta.node);
    const attributes = Object.entries(delta.attributes);
    if (attributes[0] !== undefined) {
      const [name, value] = attributes[0];
      this.#want(attributeReason(delta.node, name, value));
      this.#timers.set("dampen", now + DAMPEN_MS);
      return [{ kind: "changed" }];
    }
    if (this.runner.isIdle || this.#making.underWay) {
      this.#want(`status of ${delta.node} changed`);
    }
    return [{ kind: "changed" }, ...this.#proceed(now)];
  }

  acceptResult(now: Instant, result: OperationResult): CoordinatorOutput[] {
    if (this.#by === undefined) return [];
    const awaited = this.runner.inFlight().some((action) => action.key === result.key);
    if (!awaited || this.#making.underWay)
      this.#want(`${result.record.operation} of ${result.resource} on ${result.node}`);
    return [...this.#run(now, { kind: "result", result }), ...this.#proceed(now)];
  }

  /** Answers of nodes and of fencing to orders that are no agent runs. */
  acceptAnswer(
    now: Instant,
    input: Extract<RunnerInput, { kind: "done" | "fence-result" }>,
  ): CoordinatorOutput[] {
    if (this.#by === undefined) return [];
    if (this.#making.underWay) this.#want("an answer came while planning");
    const outputs = this.#run(now, input);
    // A member that refuses an order serves somebody else, or did: it is asked anew.
    if (input.kind === "done" && !input.ok) outputs.push(...this.#ask(input.node));
    return [...outputs, ...this.#proceed(now)];
  }

  tick(now: Instant): CoordinatorOutput[] {
    if (this.#by === undefined) return [];
    const expired = this.#timers.takeExpired(now);
    const outputs = this.#run(now, { kind: "tick" });
    if (expired.includes("collect")) outputs.push(...this.#collect(now));
    if (expired.includes("recheck")) this.#want("time passed that rules or expiries depend on");
    return [...outputs, ...this.#proceed(now)];
  }

  /** What a plan would be made from; undefined while not all that it needs is known. */
  inputFor({ policy, explain = false, tickets }: Question): Parameters<Planner> | undefined {
    const inForce = this.#context.policy(this.#wall)?.policy;
    const asked = policy ?? inForce;
    if (this.#by === undefined || asked === undefined) return undefined;
    if (this.status.missing().length > 0) return undefined;
    const now = this.#clusterStatus(asked, newNodes(asked, inForce ?? asked), tickets);
    const status = withPending(now, this.runner.inFlight());
    const promoting = promotedBy(this.#plan);
    return [asked, status, this.#wall, { explain, promoting, wary: this.#by.acting }];
  }

  setWall(wall: WallTime): void {
    this.#wall = wall;
  }
  #wall: WallTime = 0;

  #want(reason: string): void {
    if (!this.#stale) this.#staleReason = reason;
    this.#stale = true;
    this.#settled = false;
  }

  /** Plans if a plan is wanted and may be made; hands the plan to the runner. */
  #proceed(now: Instant): CoordinatorOutput[] {
    const by = this.#by;
    if (!this.#stale && !this.#making.underWay) return [];
    const inForce = this.status.missing().length > 0 ? undefined : this.#context.policy(this.#wall);
    if (by === undefined || inForce === undefined) {
      this.#stale = true;
      this.#making.drop();
      return [];
    }
    const before = this.#making.problem;
    if (this.#stale && !this.#begin(now)) return [];
    const plan = this.#making.proceed();
    if (this.#making.underWay) this.#timers.set("slice", now);
    if (plan !== undefined) {
      return [...this.#log.notices(plan), ...this.#follow(now, by, plan, inForce)];
    }
    return this.#making.problem === before ? [] : this.#cannotPlan(now, before);
  }

  /**
   * The engine has a defect that shows here. What the last plan began goes on, and every further
   * input is another try, at the pacer's pace.
   */
  #cannotPlan(now: Instant, before: PlanProblem | undefined): CoordinatorOutput[] {
    const problem = this.#making.problem;
    this.#stale = true;
    this.#timers.set("pace", now + PLAN_RETRY_MS);
    if (problem === undefined || problem.message === before?.message) return [];
    return [note("error", "plan-failed", planFailure(problem), { where: problem.where })];
  }

  /** Begins to plan from what is known now; false if it is too early. */
  #begin(now: Instant): boolean {
    const wait = this.#making.underWay ? 0 : this.#pacer.wait(now);
    if (wait > 0) {
      this.#timers.set("pace", now + wait);
      return false;
    }
    const input = this.inputFor({});
    if (input === undefined) return false;
    this.#stale = false;
    this.#making.begin(this.#context, input);
    return true;
  }

  #follow(
    now: Instant,
    by: Coordination,
    plan: Plan,
    inForce: { readonly policy: PolicyDefinition; readonly nextExpiry?: WallTime },
  ): CoordinatorOutput[] {
    this.#plan = plan;
    const unwanted = unwantedFencings(this.runner.inFlight(), plan);
    const recheckMs = untilRecheck(this.#wall, plan.recheckAt, inForce.nextExpiry);
    this.#timers.set("recheck", now + recheckMs);
    if (!this.runner.isWalking && !plan.actions.some((action) => this.#isNews(action))) {
      // What earlier plans left in flight may change that: see `#run`.
      return this.runner.isIdle ? this.#settle() : unwanted;
    }
    this.#transitionId += 1;
    return [
      { kind: "planned", plan, transitionId: this.#transitionId },
      this.#log.begun(plan, this.#transitionId, this.#staleReason),
      ...this.#run(now, {
        kind: "start",
        plan,
        transitionId: this.#transitionId,
        term: by.term,
        limits: transitionLimits(inForce.policy),
        startFailureIsFatal: propertyOf(inForce.policy, "start-failure-is-fatal") !== "false",
      }),
      ...unwanted,
      ...this.#proceed(now),
    ];
  }

  /** A node that was told that it may go needs no second word; it goes when it has said goodbye. */
  #isNews(action: PlanAction): boolean {
    return !(action.operation === "do_shutdown" && this.status.isReleased(action.node ?? ""));
  }

  #settle(): CoordinatorOutput[] {
    this.#settled = true;
    this.#pacer.settled();
    const told = this.#log.settled(this.#transitionId);
    return [...told, { kind: "settled" }, { kind: "changed" }];
  }

  #clusterStatus(
    policy: PolicyDefinition,
    newcomers: readonly string[] = [],
    tickets: Cib["tickets"] = this.#context.cib().tickets,
  ): ClusterStatus {
    return this.status.toClusterStatus({
      newcomers,
      nodes: policy.nodes.map((node) => node.name),
      quorate: this.#quorate,
      coordinator: this.#context.self,
      tickets: ticketsOf(tickets),
      attributes: (node) => this.#context.attributes?.(node) ?? {},
    });
  }

  #run(now: Instant, input: RunnerInput): CoordinatorOutput[] {
    const wasBusy = !this.runner.isIdle;
    const outputs = this.runner.step(now, input).flatMap((output) => this.#fromRunner(output));
    if (wasBusy && this.runner.isIdle && !this.#settled)
      this.#want("nothing is in flight any more");
    return outputs;
  }

  #fromRunner(output: RunnerOutput): CoordinatorOutput[] {
    const by = this.#by;
    if (by === undefined) return [];
    switch (output.kind) {
      case "dispatch":
        if (output.command.kind === "shutdown") this.status.setReleased(output.node);
        return [this.#tell(output.node, { t: "order", by, order: output.command })];
      case "fence":
        return [output];
      case "unanswered":
        this.#want(`${output.node} did not answer`);
        return [silentNote(output), ...this.#ask(output.node)];
      case "aborted":
        this.#want(output.reason);
        return [];
      case "finished":
        this.#want(`transition ${output.transitionId} ${output.outcome}`);
        return [finishedNote(output), { kind: "changed" }];
      case "note":
        return [unlessOwn(output, this.#context.self)];
    }
  }

  #collect(now: Instant): CoordinatorOutput[] {
    const missing = this.status.missing();
    if (missing.length === 0) {
      this.#timers.clear("collect");
      return [];
    }
    this.#timers.set("collect", now + COLLECT_RETRY_MS);
    return missing.flatMap((node) => this.#ask(node));
  }

  #ask(node: string): CoordinatorOutput[] {
    const by = this.#by;
    if (by === undefined) return [];
    this.status.asked(node, this.runner.inFlight());
    return [this.#tell(node, { t: "collect", by })];
  }

  #tell(node: string, message: NodeMessage): CoordinatorOutput {
    return { kind: "tell", node, message };
  }
}
