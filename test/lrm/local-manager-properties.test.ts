import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { LocalInput, LocalOutput } from "../../src/lrm/local-events.ts";
import { LocalManager } from "../../src/lrm/local-manager.ts";
import type { AgentOutcome, OperationRequest } from "../../src/model/operation.ts";
import { request } from "./bench.ts";

/** What may happen to a manager; agent ends pick one of the runs in progress. */
type Event =
  | { kind: "execute"; operation: string; resource: string; repeat: boolean; oldTerm: boolean }
  | { kind: "end"; pick: number; rc: number; reason: AgentOutcome["reason"] }
  | { kind: "input"; input: LocalInput }
  | { kind: "newTerm" }
  | { kind: "pass"; ms: number };

const resource = fc.constantFrom("a", "b", "c");
const event: fc.Arbitrary<Event> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("execute" as const),
      operation: fc.constantFrom(
        ...[
          "start",
          "stop",
          "promote",
          "demote",
          "notify",
          "monitor",
          "monitor/5000",
          "monitor/7000",
        ],
      ),
      resource,
      repeat: fc.boolean(),
      oldTerm: fc.integer({ min: 0, max: 9 }).map((each) => each === 0),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("end" as const),
      pick: fc.nat(9),
      rc: fc.constantFrom(0, 0, 0, 1, 5, 7, 8, 137, 193),
      reason: fc.constantFrom<AgentOutcome["reason"]>("exited", "exited", "timeout", "not-started"),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.oneof(
      resource.map((name): Event => ({ kind: "input", input: { kind: "forget", resource: name } })),
      resource.map(
        (name): Event => ({
          kind: "input",
          input: { kind: "cancel", resource: name, operation: "monitor", intervalMs: 5000 },
        }),
      ),
      fc.constant<Event>({ kind: "input", input: { kind: "stop-all", reason: "test" } }),
      fc.constant<Event>({ kind: "input", input: { kind: "announce" } }),
      fc.constant<Event>({ kind: "newTerm" }),
    ),
  },
  { weight: 3, arbitrary: fc.nat(12_000).map((ms): Event => ({ kind: "pass", ms })) },
);

/** Plays events and checks after every step what must always hold. */
class Trial {
  readonly #manager = new LocalManager({
    node: "n",
    incarnation: 1,
    environment: { ocfRoot: "/usr/lib/ocf" },
    wallClock: () => this.#now,
  });
  #now = 0;
  #term = 1;
  #revision = 0;
  readonly running = new Map<number, string>();
  readonly #asked: OperationRequest[] = [];
  /** Key to how often it was answered, without repetitions; recurring ones may be more than one. */
  readonly answers = new Map<string, number>();
  readonly refused = new Set<string>();

  play(each: Event): void {
    if (each.kind === "execute") this.#execute(each);
    else if (each.kind === "newTerm") this.step({ kind: "term", term: ++this.#term });
    else if (each.kind === "input") this.step(each.input);
    else if (each.kind === "pass") this.pass(each.ms);
    else {
      const runs = [...this.running.keys()];
      const runId = runs[each.pick % Math.max(1, runs.length)];
      if (runId !== undefined) this.end(runId, each.rc, each.reason);
    }
  }

  #execute(each: Extract<Event, { kind: "execute" }>): void {
    const last = this.#asked.at(-1);
    const term = each.oldTerm ? 0 : this.#term;
    const fresh = request(each.operation, { resource: each.resource, term });
    const asked = each.repeat && last !== undefined ? last : fresh;
    this.#asked.push(asked);
    this.step({ kind: "execute", request: asked });
  }

  end(runId: number, rc: number, reason: AgentOutcome["reason"] = "exited"): void {
    this.running.delete(runId);
    const outcome = { rc, reason, stdout: "", stderr: "", durationMs: 1 };
    this.step({ kind: "agent-done", runId, outcome });
  }

  pass(ms: number): void {
    const until = this.#now + ms;
    for (let next = this.#manager.nextDeadline(); next !== undefined && next <= until; ) {
      expect(next).toBeGreaterThanOrEqual(this.#now);
      this.#now = next;
      this.step({ kind: "tick" });
      const after = this.#manager.nextDeadline();
      expect(after === undefined || after > this.#now).toBe(true);
      next = after;
    }
    this.#now = until;
  }

  step(input: LocalInput): void {
    for (const output of this.#manager.step(this.#now, input)) this.#check(output);
  }

  /** Every run ends well, nothing new is asked. */
  settle(): void {
    for (let i = 0; i < 500 && this.#manager.status().inFlight.length > 0; i++) {
      for (const runId of [...this.running.keys()]) this.end(runId, 0);
    }
    expect(this.#manager.status().inFlight).toEqual([]);
    for (const { key, term, intervalMs } of this.#asked) {
      const label = `${term}/${key}`;
      const count = this.answers.get(label) ?? 0;
      if (intervalMs > 0) continue;
      expect(count, key).toBeLessThanOrEqual(1);
      expect(count === 1 || this.refused.has(label), key).toBe(true);
    }
  }

  #check(output: LocalOutput): void {
    if (output.kind === "run") {
      const { runId, resource: name } = output.command;
      expect([...this.running.values()]).not.toContain(name);
      this.running.set(runId, name);
    } else if (output.kind === "status-changed") {
      expect(output.status.revision).toBeGreaterThan(this.#revision);
      this.#revision = output.status.revision;
      for (const { operations } of output.status.history) expect(operations.length).toBeLessThan(9);
    } else if (output.kind === "result") {
      const label = `${output.result.term}/${output.result.key}`;
      if (output.result.refused !== undefined) this.refused.add(label);
      else if (!output.result.duplicate) {
        this.answers.set(label, (this.answers.get(label) ?? 0) + 1);
      }
    }
  }
}

test("never two runs of one instance, every request answered, no deadline left behind", () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), (events) => {
      const trial = new Trial();
      for (const each of events) {
        trial.play(each);
        // The executor keeps its own deadlines: nothing is left running past them.
        if (each.kind === "pass" && each.ms > 10_000) {
          for (const runId of [...trial.running.keys()]) trial.end(runId, 1, "timeout");
        }
      }
      trial.settle();
    }),
    { numRuns: 300, seed: 20_260_101 },
  );
});
