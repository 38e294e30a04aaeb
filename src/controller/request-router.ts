import { Timers } from "../core/timers.ts";
import type { Instant, Millis } from "../core/units.ts";
import type { ControlReply, ControlRequest } from "../model/control.ts";
import type { StatusReport } from "../model/status-report.ts";
import type { NodeMessage } from "./node-message.ts";
import { isMoved } from "./office-moves.ts";
import { fail, type Respond } from "./replies.ts";

/** Where requests can go from here. */
export interface RouterOffice {
  /** The coordinator this node follows; itself, another node, or none. */
  coordinator(): string | undefined;
  readonly self: string;
  now(): Instant;
  /** Answers at the coordinator. */
  desk(now: Instant, request: ControlRequest, respond: Respond): void;
  /** What this node can answer by itself, whoever the coordinator is; undefined: nothing. */
  alone(request: ControlRequest): ControlReply | undefined;
  send(node: string, message: NodeMessage): void;
}

/** How long a coordinator may take to answer before the asker is told so. */
const ANSWER_MS: Millis = 10_000;

/** A status that does not come soon is answered from what this node knows itself. */
const STATUS_ANSWER_MS: Millis = 1_500;

/** A coordinator gives its office away first: its successor is looked for so often, and so long. */
const AGAIN_MS: Millis = 200;
const MOVED_MS: Millis = 5_000;
const AGAIN = "again";

/** Requests on their way to the coordinator; more are refused. */
const FORWARDED_MAX = 1_000;

interface Forwarded {
  readonly request: ControlRequest;
  readonly to: string;
  readonly respond: Respond;
}

/** A request that waits for the successor of a coordinator. */
interface Moved extends Forwarded {
  readonly reply: ControlReply;
  readonly until: Instant;
}

/**
 * Brings each control request to where it can be answered: every node takes every command, and
 * what only the coordinator can do is passed on to it.
 */
export class RequestRouter {
  readonly #office: RouterOffice;
  readonly #forwarded = new Map<string, Forwarded>();
  readonly #timers = new Timers();
  #moved: Moved[] = [];
  #counter = 0;

  constructor(office: RouterOffice) {
    this.#office = office;
  }

  nextDeadline(): Instant | undefined {
    return this.#timers.next();
  }

  handle(now: Instant, request: ControlRequest, respond: Respond): void {
    const office = this.#office;
    const coordinator = office.coordinator();
    if (coordinator === office.self) {
      const to = office.self;
      office.desk(now, request, (reply) => this.#answered({ request, to, respond }, reply));
      return;
    }
    if (coordinator === undefined) {
      respond(office.alone(request) ?? noCoordinator());
      return;
    }
    if (this.#forwarded.size >= FORWARDED_MAX) {
      respond(fail("BUSY", "too many requests are on their way to the DC", "ask again soon"));
      return;
    }
    this.#counter += 1;
    const id = this.#counter;
    this.#forwarded.set(String(id), { request, to: coordinator, respond });
    this.#timers.set(String(id), now + patience(request));
    office.send(coordinator, { t: "ask", id, request });
  }

  /** A request that another node passed on, believing that the coordinator is here. */
  handleAsk(now: Instant, from: string, id: number, request: ControlRequest): void {
    const office = this.#office;
    const respond: Respond = (reply) => office.send(from, { t: "answer", id, reply });
    if (office.coordinator() === office.self) office.desk(now, request, respond);
    else respond(noCoordinator());
  }

  handleAnswer(from: string, id: number, reply: ControlReply): void {
    const forwarded = this.#forwarded.get(String(id));
    if (forwarded === undefined || forwarded.to !== from) return;
    this.#finish(String(id), forwarded, reply);
  }

  /** A node went away: what was asked of it will not be answered. */
  nodeLost(node: string): void {
    for (const [id, forwarded] of this.#forwarded) {
      if (forwarded.to === node) {
        const reply = fail("NO_DC", `the DC ${node} was lost before it answered`, "ask again");
        this.#finish(id, forwarded, this.#office.alone(forwarded.request) ?? reply);
      }
    }
  }

  tick(now: Instant): void {
    for (const id of this.#timers.takeExpired(now)) {
      if (id === AGAIN) this.#lookForSuccessor(now);
      const forwarded = this.#forwarded.get(id);
      if (forwarded === undefined) continue;
      const reply = fail(
        "TIMED_OUT",
        `the DC ${forwarded.to} did not answer in time`,
        "see `paceline status` on that node, and its log",
      );
      this.#finish(id, forwarded, this.#office.alone(forwarded.request) ?? reply);
    }
  }

  /** A status names the node that was asked: `paceline node standby` without a name means that one. */
  #asHere(request: ControlRequest, reply: ControlReply): ControlReply {
    if (request.method !== "status" || !reply.ok) return reply;
    return { ok: true, result: { ...(reply.result as StatusReport), node: this.#office.self } };
  }

  #finish(id: string, forwarded: Forwarded, reply: ControlReply): void {
    this.#forwarded.delete(id);
    this.#timers.clear(id);
    this.#answered(forwarded, this.#asHere(forwarded.request, reply));
  }

  #answered(forwarded: Forwarded, reply: ControlReply): void {
    if (!isMoved(reply)) {
      forwarded.respond(reply);
      return;
    }
    const now = this.#office.now();
    this.#moved.push({ ...forwarded, reply, until: now + MOVED_MS });
    this.#timers.set(AGAIN, now + AGAIN_MS);
  }

  #lookForSuccessor(now: Instant): void {
    const coordinator = this.#office.coordinator();
    const moved = this.#moved;
    this.#moved = [];
    for (const each of moved) {
      if (coordinator !== undefined && coordinator !== each.to) {
        this.handle(now, each.request, each.respond);
      } else if (now < each.until) this.#moved.push(each);
      else each.respond(each.reply);
    }
    if (this.#moved.length > 0) this.#timers.set(AGAIN, now + AGAIN_MS);
  }
}

function patience(request: ControlRequest): Millis {
  if (request.method === "status") return STATUS_ANSWER_MS;
  if (request.method === "wait") return request.timeoutMs + ANSWER_MS;
  if (request.method === "fence") return 10 * 60_000;
  return ANSWER_MS;
}

function noCoordinator(): ControlReply {
  return fail(
    "NO_DC",
    "there is no coordinator at the moment: nothing can be decided or changed",
    "an election takes well under a second; if this stays, `paceline status` says what is missing",
  );
}
