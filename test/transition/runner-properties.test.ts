import fc from "fast-check";
import { expect, test } from "vitest";
import type { PlanAction } from "../../src/model/plan.ts";
import { TransitionRunner } from "../../src/transition/runner.ts";
import type { RunnerInput, RunnerOutput } from "../../src/transition/transition-events.ts";
import { parseAction, planOf } from "./runner-scenario.ts";

/** A graph in which an action waits only for earlier ones, so that it has no loops. */
const graphs: fc.Arbitrary<PlanAction[]> = fc
  .array(
    fc.record({
      what: fc.constantFrom(
        "start r",
        "stop r",
        "pseudo-x r",
        "reboot",
        "monitor r",
        "clear_failcount r",
      ),
      node: fc.integer({ min: 1, max: 3 }),
      after: fc.array(fc.nat(), { maxLength: 3 }),
      priority: fc.integer({ min: 0, max: 3 }),
    }),
    { maxLength: 20 },
  )
  .map((rows) =>
    rows.map(({ what, node, after, priority }, id) => {
      const before = id === 0 ? [] : [...new Set(after.map((n) => n % id))];
      const wait = before.length === 0 ? "" : ` after=${before.join(",")}`;
      const name = what.endsWith(" r") ? `${what}${id}` : what;
      return parseAction(`${id} ${name} node${node}${wait} priority=${priority}`);
    }),
  );

interface Walked {
  readonly done: Set<number>;
  readonly outputs: RunnerOutput[];
}

/** Answers what is in flight in an arbitrary order until the transition ends. */
function walk(
  graph: PlanAction[],
  picks: number[],
  failures: Set<number>,
  batchLimit: number,
): Walked {
  const runner = new TransitionRunner();
  const done = new Set<number>();
  const outputs: RunnerOutput[] = [];
  const step = (input: RunnerInput) => {
    for (const output of runner.step(0, input)) {
      outputs.push(output);
      if (output.kind === "dispatch" || output.kind === "fence") {
        checkOrder(graph, output.actionId, done);
        if (output.kind === "dispatch" && output.command.kind === "clear-failcount")
          done.add(output.actionId);
      }
    }
    const running = runner.inFlight().filter(({ action }) => action.kind !== "fence");
    expect(running.length).toBeLessThanOrEqual(batchLimit);
  };
  step({
    kind: "start",
    plan: planOf(graph),
    transitionId: 1,
    term: 1,
    limits: { batchLimit, nodeLimit: 0, migrationLimit: 0 },
  });
  for (let turn = 0; turn < 100 && runner.inFlight().length > 0; turn++) {
    const flights = runner.inFlight();
    const { action, key } = flights[(picks[turn % picks.length] ?? 0) % flights.length]!;
    const ok = !failures.has(action.id);
    if (ok) done.add(action.id);
    if (action.kind === "fence") step({ kind: "fence-result", key, ok });
    else step({ kind: "done", key, node: action.node!, ok });
  }
  return { done, outputs };
}

/** Everything it waits for, through marks in the graph, has succeeded. */
function checkOrder(graph: readonly PlanAction[], id: number, done: ReadonlySet<number>): void {
  for (const before of graph[id]!.after) {
    if (graph[before]!.kind === "pseudo") checkOrder(graph, before, done);
    else expect(done.has(before)).toBe(true);
  }
}

const picks = fc.array(fc.nat(), { minLength: 1, maxLength: 10 });

test("order and limit are kept, and every transition ends, whatever fails", () => {
  fc.assert(
    fc.property(
      graphs,
      picks,
      fc.array(fc.nat(20)),
      fc.integer({ min: 1, max: 4 }),
      (graph, order, failing, limit) => {
        const failures = new Set(failing);
        const { outputs } = walk(graph, order, failures, limit);
        expect(outputs.filter((output) => output.kind === "finished")).toHaveLength(1);
        const sent = outputs.flatMap((o) =>
          o.kind === "dispatch" || o.kind === "fence" ? [o.actionId] : [],
        );
        expect(new Set(sent).size).toBe(sent.length);
      },
    ),
  );
});

test("without failures all is done", () => {
  fc.assert(
    fc.property(graphs, picks, (graph, order) => {
      const { done, outputs } = walk(graph, order, new Set(), 3);
      expect(outputs.at(-1)).toMatchObject({
        kind: "finished",
        outcome: "complete",
        failed: [],
        skipped: [],
      });
      expect(done.size).toBe(graph.filter((action) => action.kind !== "pseudo").length);
    }),
  );
});
