import { presentMessage, presentNodes } from "../cib/away-nodes.ts";
import { checkOverride } from "../cib/override-check.ts";
import { diffDefinitions } from "../config/diff-definitions.ts";
import { loadDefinition } from "../config/load-definition.ts";
import { Timers } from "../core/timers.ts";
import type { Instant, WallTime } from "../core/units.ts";
import type { Cib, CibCommand, CibResult, Override, TicketRecord } from "../model/cib.ts";
import type {
  ApplyReport,
  AttributeRequest,
  ControlFailure,
  ControlReply,
  ControlRequest,
  TicketRequest,
} from "../model/control.ts";
import type { Definition } from "../model/definition.ts";
import { explainReport } from "../model/explain-report.ts";
import type { Plan, SummaryRow } from "../model/plan.ts";
import type { PolicyDefinition } from "../model/policy-definition.ts";
import type { StatusReport } from "../model/status-report.ts";
import { changedTicket, ticketsKnown } from "./ticket-desk.ts";
import type { Timeline } from "./timeline.ts";

/** What the desk may look at and ask for. It changes nothing by itself but through these. */
export interface DeskOffice {
  /** True: a quorum is behind this coordinator, so the CIB may be changed. */
  readonly quorate: boolean;
  wall(): WallTime;
  cib(): Cib;
  definition(): Definition;
  report(): StatusReport;
  timeline(): Timeline;
  /** The plan as things are now, or as they would be with another policy or with other tickets. */
  whatIf(
    policy?: PolicyDefinition,
    explain?: boolean,
    tickets?: readonly TicketRecord[],
  ): Plan | undefined;
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

export type Respond = (reply: ControlReply) => void;

/**
 * Answers control requests at the coordinator. Reads are answered at once; writes when the change
 * is committed on a quorum; `wait` when the cluster has settled.
 */
export class ControlDesk {
  readonly #office: DeskOffice;
  readonly #waits = new Map<string, Respond>();
  readonly #timers = new Timers();
  #counter = 0;

  constructor(office: DeskOffice) {
    this.#office = office;
  }

  nextDeadline(): Instant | undefined {
    return this.#timers.next();
  }

  handle(now: Instant, request: ControlRequest, respond: Respond): void {
    const office = this.#office;
    switch (request.method) {
      case "status":
        respond(ok(office.report()));
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
        respond(this.#explain(request.resource));
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
        this.#setTicket(request, respond);
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
    for (const [name, respond] of this.#waits) {
      this.#timers.clear(name);
      respond(fail("NO_DC", "the coordinator changed while waiting", "ask again"));
    }
    this.#waits.clear();
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
    const unchanged = current?.text === request.text;
    const report: ApplyReport = {
      version: current?.version ?? 0,
      unchanged,
      warnings: diagnostics,
      differences: diffDefinitions(office.definition(), definition),
      changes: this.#changes(definition.policy),
    };
    if (request.dryRun === true) {
      respond(ok(report));
      return;
    }
    const command: CibCommand = {
      kind: "apply-definition",
      text: request.text,
      author: request.author,
      at: office.wall(),
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
    const changes = this.#changes(office.withOverride(override));
    this.#commit({ kind: "set-override", override }, respond, () => ({ override, changes }));
  }

  #setTicket(request: TicketRequest, respond: Respond): void {
    const office = this.#office;
    const known = ticketsKnown(office.cib(), office.definition().policy);
    const { action, ticket: name, author } = request;
    const ticket = changedTicket(known, name, action, office.wall());
    if ("ok" in ticket) {
      respond(ticket);
      return;
    }
    const unchanged = known.includes(ticket);
    const tickets = known.map((each) => (each.id === name ? ticket : each));
    const changes = office.whatIf(undefined, false, tickets)?.summary ?? [];
    if (request.dryRun === true || unchanged) respond(ok({ ticket, unchanged, changes }));
    else {
      const command = { kind: "set-ticket", ticket, author } as const;
      this.#commit(command, respond, () => ({ ticket, unchanged, changes }));
    }
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
      respond(
        fail(
          "NOT_QUORATE",
          "this partition has no quorum: nothing was changed",
          "bring enough of the missing nodes back, or their network: `paceline status` names them",
        ),
      );
      return;
    }
    this.#office.propose(command, (result) => {
      respond(result.ok ? ok(answer(result)) : fail(result.code, result.message));
    });
  }

  #changes(policy: PolicyDefinition): readonly SummaryRow[] {
    return this.#office.whatIf(policy)?.summary ?? [];
  }

  #explain(resource: string): ControlReply {
    const plan = this.#office.whatIf(undefined, true);
    if (plan === undefined) {
      return fail("NOT_READY", "the status of all members has not arrived yet", "ask again soon");
    }
    const report = explainReport(plan, resource);
    if (report !== undefined) return ok(report);
    return fail("UNKNOWN_RESOURCE", `there is no resource ${resource}`, "see `paceline status`");
  }
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

export function ok(result: unknown): ControlReply {
  return { ok: true, result };
}

export function fail(code: string, message: string, hint?: string): ControlFailure {
  return hint === undefined ? { ok: false, code, message } : { ok: false, code, message, hint };
}

function unknownVersion(version: number): ControlFailure {
  return fail("UNKNOWN_VERSION", `there is no version ${version}`, "see `paceline config history`");
}

function versionOf(cib: Cib, version: number) {
  if (cib.definition?.version === version) return cib.definition;
  return cib.history.find((entry) => entry.version === version);
}

const CONFLICT_HINT = "look at `paceline config diff`, then apply again";
const PRESENT_HINT =
  "stop paceline there first (what runs there moves away), or, if it is off for good: paceline fence confirm NODE";

/** What the CIB refused, and what to do about it. */
function withHint(refusal: ControlFailure): ControlFailure {
  const { code, message } = refusal;
  if (code === "VERSION_CONFLICT") return fail("CONFLICT", message, CONFLICT_HINT);
  return code === "NODE_PRESENT" ? fail(code, message, PRESENT_HINT) : refusal;
}

/** Which version is in force is judged here for a dry run only: our copy may be old. */
function refuseApply(
  office: DeskOffice,
  definition: Definition,
  { baseVersion, dryRun }: Extract<ControlRequest, { method: "config-apply" }>,
): ControlFailure | undefined {
  const current = office.cib().definition;
  const differs = baseVersion !== undefined && baseVersion !== current?.version;
  if (dryRun === true && current !== undefined && differs) {
    const message = `version ${current.version} by ${current.author} is in force, not ${baseVersion}`;
    return fail("CONFLICT", message, CONFLICT_HINT);
  }
  const present = presentNodes(
    office.cib(),
    definition.nodes.map(({ name }) => name),
  );
  if (dryRun === true && present.length > 0) {
    return fail("NODE_PRESENT", presentMessage(present), PRESENT_HINT);
  }
  if (definition.cluster !== office.definition().cluster) {
    return fail(
      "INVALID_DEFINITION",
      `this is the cluster ${office.definition().cluster}, the file is for ${definition.cluster}`,
      "a cluster keeps its name for life",
    );
  }
  return undefined;
}
