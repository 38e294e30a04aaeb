import { expect, test } from "vitest";
import { ControlDesk, type DeskOffice } from "../../src/controller/control-desk.ts";
import type { NodeInput } from "../../src/controller/node-io.ts";
import { PlanQuestions } from "../../src/controller/plan-questions.ts";
import type { ControlReply, ControlRequest } from "../../src/model/control.ts";
import type { Plan } from "../../src/model/plan.ts";
import { plan } from "../../src/policy/make-plan.ts";
import { NOW_SECONDS, SmallCluster } from "../policy/small-cluster.ts";
import { newNodeMachine } from "./new-node-machine.ts";
import { slowPlanning } from "./slow-planning.ts";

const TEXT = `cluster: c
nodes: { node1: 10.0.0.1 }
messaging: { key-file: /k }
properties: { fencing-enabled: false }
resources: { db: { agent: "systemd:postgresql" } }
`;

/** A cluster of one node, in which nothing fails. Every step of its policy engine is a slice. */
class Alone {
  readonly replies = new Map<number, ControlReply>();
  #now = 0;
  #asked = 0;
  #started = false;
  readonly #machine = newNodeMachine(TEXT, "node1", { slicedPlanner: slowPlanning });
  readonly #inbox: NodeInput[] = [{ kind: "tick" }];

  /** Until nothing is due any more at any time near. */
  rest(): void {
    for (let i = 0; i < 2_000 && !this.#machine.observe().settled; i++) this.step();
    expect(this.#machine.observe().settled).toBe(true);
  }

  /** What waits, or else a tick at the next deadline. */
  step(): void {
    this.#now = this.#inbox.length > 0 ? this.#now : Math.max(this.#now, this.due());
    const input = this.#inbox.shift() ?? ({ kind: "tick" } as const);
    for (const output of this.#machine.step(this.#now, input)) {
      if (output.kind === "reply") this.replies.set(output.requestId, output.reply);
      if (output.kind === "persist") this.#inbox.push({ kind: "stored", token: output.token });
      if (output.kind !== "run") continue;
      const { runId, action } = output.command;
      if (action === "start") this.#started = true;
      const rc = action === "monitor" && !this.#started ? 7 : 0;
      const outcome = { rc, reason: "exited", stdout: "", stderr: "", durationMs: 1 } as const;
      this.#inbox.push({ kind: "agent-done", runId, outcome });
    }
  }

  ask(request: ControlRequest): number {
    this.#asked += 1;
    this.#inbox.push({ kind: "request", requestId: this.#asked, request });
    this.step();
    return this.#asked;
  }

  due(): number {
    return this.#machine.nextDeadline() ?? Number.POSITIVE_INFINITY;
  }

  get now(): number {
    return this.#now;
  }
}

const QUESTIONS: readonly ControlRequest[] = [
  { method: "explain", resource: "db" },
  { method: "status" },
  { method: "config-apply", text: TEXT, author: "me", dryRun: true },
  {
    method: "override-set",
    override: { id: "standby:node1", kind: "standby", target: "node1", author: "me" },
  },
];

test.each(QUESTIONS)("$method: a plan that is only looked at holds nobody up", (question) => {
  const node = new Alone();
  node.rest();
  const first = node.ask(question);
  expect(node.replies.has(first)).toBe(false);
  expect(node.due()).toBe(node.now);
  node.step();
  const meanwhile = node.ask({ method: "config-show" });
  expect(node.replies.get(meanwhile)?.ok).toBe(true);
  expect(node.replies.has(first)).toBe(false);
  for (let i = 0; i < 200 && !node.replies.has(first); i++) node.step();
  expect(node.replies.get(first)).toMatchObject({ ok: true });
});

function question(): Parameters<PlanQuestions["ask"]>[1] {
  const cluster = new SmallCluster();
  for (const line of ["nodes node1 node2", "primitive web"]) cluster.line(line);
  return [cluster.definition(), cluster.status(), NOW_SECONDS * 1000];
}

test("a plan that counts comes first, and answers in the order of the questions", () => {
  const office = { planner: plan, slicedPlanner: slowPlanning, isPlanning: true };
  const questions = new PlanQuestions(office);
  const answers: string[] = [];
  const answer = (name: string) => (found: Plan | undefined) =>
    answers.push(`${name} ${found?.summary.length}`);
  questions.ask(1, question(), answer("first"));
  questions.ask(1, question(), answer("second"));
  for (let i = 0; i < 500; i++) questions.tick(1);
  expect(answers).toEqual([]);
  office.isPlanning = false;
  while (questions.nextDeadline() === 1) questions.tick(1);
  expect(answers).toEqual(["first 1", "second 1"]);
  expect(questions.nextDeadline()).toBeUndefined();
});

test("the plan of a small cluster is answered with at once", () => {
  const questions = new PlanQuestions({ planner: plan, isPlanning: false });
  let rows = 0;
  questions.ask(1, question(), (found) => {
    rows = found?.summary.length ?? 0;
  });
  expect(rows).toBe(1);
  expect(questions.nextDeadline()).toBeUndefined();
});

test("who waits for a plan is told when the coordinator is another, and there are not too many", () => {
  let dropped = 0;
  const office = { whatIf: () => undefined, dropQuestions: () => dropped++ };
  const desk = new ControlDesk(office as unknown as DeskOffice);
  const codes: string[] = [];
  const respond = (reply: ControlReply) => codes.push(reply.ok ? "ok" : reply.code);
  for (let i = 0; i < 101; i++) desk.handle(0, { method: "status" }, (reply) => respond(reply));
  expect(codes).toEqual(["BUSY"]);
  desk.close();
  expect(codes.slice(1)).toEqual(Array.from({ length: 100 }, () => "NO_DC"));
  expect(dropped).toBe(1);
});
