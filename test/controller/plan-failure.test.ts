import { expect, test } from "vitest";
import { Coordinator } from "../../src/controller/coordinator.ts";
import type { CoordinatorOutput, Planner } from "../../src/controller/coordinator-ports.ts";
import { PlanQuestions } from "../../src/controller/plan-questions.ts";
import type { Cib } from "../../src/model/cib.ts";
import type { LocalStatus } from "../../src/model/operation.ts";
import type { Plan } from "../../src/model/plan.ts";
import type { PolicyDefinition } from "../../src/model/policy-definition.ts";
import { plan } from "../../src/policy/make-plan.ts";

const POLICY: PolicyDefinition = await import("../../src/config/load-definition.ts").then(
  ({ loadDefinition }) => {
    const text =
      "cluster: c\nnodes: { n1: 10.0.0.1 }\nproperties: { fencing-enabled: false }\nresources: { d: { agent: dummy } }\n";
    const { definition } = loadDefinition(text);
    if (definition === undefined) throw new Error("the definition of this test has an error");
    return definition.policy;
  },
);

const STATUS: LocalStatus = {
  node: "n1",
  incarnation: 1,
  revision: 1,
  attributes: {},
  history: [],
  inFlight: [],
};

/** A coordinator of one node, whose engine throws while `defect` says so. */
class Office {
  defect: string | undefined = "undefined is not a score";
  plans = 0;
  readonly coordinator: Coordinator;
  now = 0;
  readonly planner: Planner = (...input): Plan => {
    this.plans += 1;
    if (this.defect !== undefined) throw new TypeError(this.defect);
    return plan(...input);
  };

  constructor() {
    this.coordinator = new Coordinator({
      self: "n1",
      incarnation: 1,
      planner: this.planner,
      policy: () => ({ policy: POLICY }),
      cib: () => ({ tickets: [] }) as unknown as Cib,
    });
    const members = new Map([["n1", 1]]);
    this.coordinator.activate(0, { term: 1, acting: false }, members, true);
  }

  report(revision: number): CoordinatorOutput[] {
    this.now += 1;
    return this.coordinator.acceptStatus(this.now, { ...STATUS, revision });
  }
}

const kinds = (outputs: readonly CoordinatorOutput[]): string[] =>
  outputs.map((output) => (output.kind === "note" ? `note ${output.event}` : output.kind));

test("an engine that throws takes nobody down: it is said once, and why", () => {
  const office = new Office();
  const first = office.report(1);
  expect(kinds(first)).toEqual(["note plan-failed"]);
  expect(JSON.stringify(first)).toContain("undefined is not a score");
  expect(kinds(office.report(2))).toEqual([]);
  expect(office.coordinator.planProblem).toMatchObject({ times: 2 });
  expect(office.coordinator.settled).toBe(false);
});

test("another reason is said again", () => {
  const office = new Office();
  office.report(1);
  office.defect = "another";
  expect(kinds(office.report(2))).toEqual(["note plan-failed"]);
});

test("the next input after the defect is gone makes the plan", () => {
  const office = new Office();
  office.report(1);
  office.defect = undefined;
  expect(kinds(office.report(2))).toContain("planned");
  expect(office.coordinator.planProblem).toBeUndefined();
});

test("with no input it is tried again by itself", () => {
  const office = new Office();
  office.report(1);
  office.defect = undefined;
  const due = office.coordinator.nextDeadline() ?? 0;
  expect(kinds(office.coordinator.tick(due))).toContain("planned");
});

test("what the last plan began goes on", () => {
  const office = new Office();
  office.defect = undefined;
  const begun = office.report(1);
  const probe = begun.find((output) => output.kind === "tell");
  expect(JSON.stringify(probe)).toContain('"monitor"');
  const running = office.coordinator.runner.inFlight().length;
  office.defect = "now it throws";
  expect(kinds(office.report(2))).toEqual(["note plan-failed"]);
  expect(office.coordinator.runner.inFlight()).toHaveLength(running);
  expect(office.coordinator.plan?.actions.length).toBeGreaterThan(0);
});

test("a question about the plan is answered with none", () => {
  const office = new Office();
  office.report(1);
  const { coordinator, planner } = office;
  const questions = new PlanQuestions({ planner, isPlanning: false });
  const answers: unknown[] = [];
  questions.ask(1, coordinator.inputFor({})!, (answer) => answers.push(answer));
  expect(answers).toEqual([undefined]);
});

test("a storm of inputs does not become a storm of attempts", () => {
  const office = new Office();
  for (let revision = 1; revision <= 500; revision++) office.report(revision);
  expect(office.plans).toBeLessThan(30);
});
