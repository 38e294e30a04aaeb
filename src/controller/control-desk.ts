import { checkOverride } from "../cib/override-check.ts";
import { diffDefinitions } from "../config/diff-definitions.ts";
import { loadDefinition } from "../config/load-definition.ts";
import { Timers } from "../core/timers.ts";
import type { Instant, WallTime } from "../core/units.ts";
import type { Cib, CibCommand, CibResult, Override } from "../model/cib.ts";
import type {
  ApplyReport,
  AttributeRequest,
  ControlFailure,
  ControlReply,
  ControlRequest,
} from "../model/control.ts";
import type { Definition } from "../model/definition.ts";
import { explainReport } from "../model/explain-report.ts";
import type { Plan } from "../model/plan.ts";
import type { PolicyDefinition } from "../model/policy-definition.ts";
import type { StatusReport } from "../model/status-report.ts";
import type { Question } from "./coordinator-ports.ts";
import { refuseApply, withHint } from "./definition-refusals.ts";
import { fail, notQuorate, ok, type Respond } from "./replies.ts";
import { TicketDesk } from "./ticket-desk.ts";
import type { Timeline } from "./timeline.ts";

/** What the desk may look at and ask for. It changes nothing by itself but through these. */
export interface DeskOffice {
  /** True: a quorum is behind this coordinator, so the CIB may be changed. */
  readonly quorate: boolean;
  wall(): WallTime;
  cib(): Cib;
  definition(): Definition;
  report(plan: Plan | undefined): StatusReport;
  timeline(): Timeline;
  /** Answers, at once or later, with the plan as things are now, or with another policy or tickets. */
  whatIf(question: Question, answer: (plan: Plan | undefined) => void): void;
  dropQuestions(): void;
  withOverride(override: Override): PolicyDefinition;
  settled(): boolean;
  propose(command: CibCommand, done: (result: CibResult) => void): void;
  cleanup(
    resource: string | undefined,
    node: string | undefined,
  ): { resource: string; node: string }[];
  fence(request: Extract<ControlRequest, { method: "fence" }>, respond: Respond): void;
  /** Of other nodes, and those that the CIB keeps. */
  attribute(request: AttributeRequest, respond: Respond): void;
}

/** Requests that wait for a plan; more are refused. */
const QUESTIONS_MAX = 100;

/**
 * Answers control requests at the coordinator. Reads are answered at once; writes when the change
 * is committed on a quorum; `wait` when the cluster has settled.
 */
export class ControlDesk {
  readonly #office: DeskOffice;
  readonly #waits = new Map<string, Respond>();
  /** Those who wait for a plan. */
  readonly #questions = new Set<Respond>();
  readonly #timers = new Timers();
  readonly #tickets: TicketDesk;
  #counter = 0;

  constructor(office: DeskOffice) {
    this.#office = office;
    this.#tickets = new TicketDesk({
      office,
      whatIf: (...args) => this.#whatIf(...args),
      commit: (...args) => this.#commit(...args),
    });
  }

  nextDeadline(): Instant | undefined {
    return this.#timers.next();
  }

  handle(now: Instant, request: ControlRequest, respond: Respond): void {
    const office = this.#office;
    switch (request.method) {
      case "status":
        this.#whatIf({ explain: true }, respond, (plan) => respond(ok(office.report(plan))));
        break;
      case "config-show":
      case "config-history":
        respond(readConfig(office.cib(), request));
        break;
      case "config-apply":
        this.#apply(request, respond);
        break;
      case "config-rollback":
        this.#rollback(request, respond);
        break;
      case "override-set":
        this.#setOverride(request.override, respond);
        break;
      case "override-remove":
        this.#removeOverrides(request.ids, respond);
        break;
      case "cleanup":
        respond(ok({ cleaned: office.cleanup(request.resource, request.node) }));
        break;
      case "explain":
        this.#whatIf({ explain: true }, respond, (plan) =>
          respond(explanation(plan, request.resource)),
        );
        break;
      case "wait":
        this.#wait(now, request.timeoutMs, respond);
        break;
      case "timeline":
        respond(ok(office.timeline().last(request.limit ?? 100)));
        break;
      case "fence-history":
        respond(ok([...office.cib().fencing].reverse()));
        break;
      case "fence":
        office.fence(request, respond);
        break;
      case "ticket":
        this.#tickets.change(request, respond);
        break;
      case "attribute":
        office.attribute(request, respond);
        break;
      case "leave":
        respond(fail("INTERNAL", "a daemon answers `leave` itself"));
        break;
    }
  }

  /** To be called when the cluster has settled. */
  settled(): void {
    for (const [name, respond] of this.#waits) {
      this.#timers.clear(name);
      respond(ok({ settled: true }));
    }
    this.#waits.clear();
  }

  tick(now: Instant): void {
    for (const name of this.#timers.takeExpired(now)) {
      this.#waits.get(name)?.(
        fail(
          "TIMED_OUT",
          "the cluster has not settled in that time",
          "see `paceline status`: it says what is still running or what is waited for",
        ),
      );
      this.#waits.delete(name);
    }
  }

  /** This node is the coordinator no longer: nobody here can say when the cluster settles. */
  close(): void {
    const waiting = [...this.#waits.values(), ...this.#questions];
    for (const name of this.#waits.keys()) this.#timers.clear(name);
    this.#waits.clear();
    this.#questions.clear();
    this.#tickets.close();
    this.#office.dropQuestions();
    for (const respond of waiting) {
      respond(fail("NO_DC", "the coordinator changed while waiting", "ask again"));
    }
  }

  /** What this node knows itself, at once. */
  statusWithoutPlan(): ControlReply {
    return ok(this.#office.report(undefined));
  }

  #whatIf(question: Question, respond: Respond, then: (plan: Plan | undefined) => void): void {
    if (this.#questions.size >= QUESTIONS_MAX) {
      respond(fail("BUSY", "too many requests wait for a plan", "ask again soon"));
      return;
    }
    this.#questions.add(respond);
    this.#office.whatIf(question, (plan) => {
      this.#questions.delete(respond);
      then(plan);
    });
  }

  #wait(now: Instant, timeoutMs: number, respond: Respond): void {
    if (this.#office.settled()) {
      respond(ok({ settled: true }));
      return;
    }
    this.#counter += 1;
    const name = `wait-${this.#counter}`;
    this.#waits.set(name, respond);
    this.#timers.set(name, now + timeoutMs);
  }

  #apply(request: Extract<ControlRequest, { method: "config-apply" }>, respond: Respond): void {
    const office = this.#office;
    const { definition, diagnostics } = loadDefinition(request.text);
    if (definition === undefined) {
      respond({
        ok: false,
        code: "INVALID_DEFINITION",
        message: "the definition has errors: nothing was changed",
        hint: "`paceline config check FILE` shows them",
        details: diagnostics,
      });
      return;
    }
    const current = office.cib().definition;
    const refusal = refuseApply(office, definition, request);
    if (refusal !== undefined) {
      respond(refusal);
      return;
    }
    const report: Omit<ApplyReport, "changes"> = {
      version: current?.version ?? 0,
      unchanged: current?.text === request.text,
      warnings: diagnostics,
      differences: diffDefinitions(office.definition(), definition),
    };
    this.#whatIf({ policy: definition.policy }, respond, (plan) => {
      const whole = { ...report, changes: plan?.summary ?? [] };
      if (request.dryRun === true) respond(ok(whole));
      else this.#commitDefinition(definition, request, whole, respond);
    });
  }

  #commitDefinition(
    definition: Definition,
    request: Extract<ControlRequest, { method: "config-apply" }>,
    report: ApplyReport,
    respond: Respond,
  ): void {
    const command: CibCommand = {
      kind: "apply-definition",
      text: request.text,
      author: request.author,
      at: this.#office.wall(),
      nodes: definition.nodes.map(({ name }) => name),
      ...(request.comment === undefined ? {} : { comment: request.comment }),
      ...(request.baseVersion === undefined ? {} : { baseVersion: request.baseVersion }),
    };
    const answer: Respond = (reply) => respond(reply.ok ? reply : withHint(reply));
    this.#commit(command, answer, (result) => ({
      ...report,
      version: result.version ?? report.version,
    }));
  }

  #rollback(
    request: Extract<ControlRequest, { method: "config-rollback" }>,
    respond: Respond,
  ): void {
    const found = versionOf(this.#office.cib(), request.version);
    if (found === undefined) {
      respond(unknownVersion(request.version));
      return;
    }
    this.#apply(
      {
        method: "config-apply",
        text: found.text,
        author: request.author,
        comment: `rollback to version ${request.version}`,
        ...(request.dryRun === undefined ? {} : { dryRun: request.dryRun }),
      },
      respond,
    );
  }

  #setOverride(wanted: Omit<Override, "at">, respond: Respond): void {
    const office = this.#office;
    const override: Override = { ...wanted, at: office.wall() };
    const problem = checkOverride(office.definition(), override, office.wall());
    if (problem !== undefined) {
      respond(fail(problem.code, problem.message, problem.hint));
      return;
    }
    this.#whatIf({ policy: office.withOverride(override) }, respond, (plan) => {
      const changes = plan?.summary ?? [];
      this.#commit({ kind: "set-override", override }, respond, () => ({ override, changes }));
    });
  }

  /** That there is nothing to remove is said on a quorum's word only: our copy may be old. */
  #removeOverrides(ids: readonly string[], respond: Respond): void {
    const answer: Respond = (reply) => {
      const none = !reply.ok && reply.code === "UNKNOWN_OVERRIDE";
      respond(none ? ok({ removed: [] }) : reply);
    };
    this.#commit({ kind: "remove-overrides", ids }, answer, (result) => ({
      removed: result.removed ?? [],
    }));
  }

  #commit(
    command: CibCommand,
    respond: Respond,
    answer: (result: Extract<CibResult, { ok: true }>) => unknown,
  ): void {
    if (!this.#office.quorate) {
      respond(notQuorate());
      return;
    }
    this.#office.propose(command, (result) => {
      respond(result.ok ? ok(answer(result)) : fail(result.code, result.message));
    });
  }
}

function explanation(plan: Plan | undefined, resource: string): ControlReply {
  if (plan === undefined) {
    return fail("NOT_READY", "the status of all members has not arrived yet", "ask again soon");
  }
  const report = explainReport(plan, resource);
  if (report !== undefined) return ok(report);
  return fail("UNKNOWN_RESOURCE", `there is no resource ${resource}`, "see `paceline status`");
}

/** What any node can answer from its own copy of the CIB. */
export function readConfig(
  cib: Cib,
  request: Extract<ControlRequest, { method: "config-show" | "config-history" }>,
): ControlReply {
  const all = [...cib.history, ...(cib.definition === undefined ? [] : [cib.definition])];
  if (request.method === "config-history") return ok(all.map(({ text: _text, ...rest }) => rest));
  const wanted = request.version ?? cib.definition?.version;
  const found = all.find((entry) => entry.version === wanted);
  if (found !== undefined) return ok(found);
  return wanted === undefined
    ? fail("NO_DEFINITION", "the cluster has committed no definition yet", "is there a DC?")
    : unknownVersion(wanted);
}

function unknownVersion(version: number): ControlFailure {
  return fail("UNKNOWN_VERSION", `there is no version ${version}`, "see `paceline config history`");
}

function versionOf(cib: Cib, version: number) {
  if (cib.definition?.version === version) return cib.definition;
  return cib.history.find((entry) => entry.version === version);
}
