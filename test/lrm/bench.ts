import type { LocalInput, LocalOutput } from "../../src/lrm/local-events.ts";
import { LocalManager, type LocalManagerOptions } from "../../src/lrm/local-manager.ts";
import type { AgentOutcome, OperationRequest } from "../../src/model/operation.ts";

const EPOCH = 1_000_000_000;

let keys = 0;

/** A request with sensible defaults; `operation` may carry an interval: "monitor/10000". */
export function request(operation: string, more: Partial<OperationRequest> = {}): OperationRequest {
  const [name, interval = "0"] = operation.split("/");
  return {
    key: `1.${++keys}:0`,
    term: 1,
    resource: "web",
    agent: { class: "ocf", provider: "test", type: "web" },
    operation: name!,
    intervalMs: Number(interval),
    timeoutMs: 20_000,
    startDelayMs: 0,
    params: {},
    meta: {},
    expectedRc: 0,
    digest: "d1",
    fatalFailure: false,
    ...more,
  };
}

/** A local manager on a bench: time goes by hand, and what it says is written as short lines. */
export class Bench {
  now = 0;
  readonly manager: LocalManager;
  readonly runs: { runId: number; label: string }[] = [];
  outputs: readonly LocalOutput[] = [];

  constructor(more: Partial<LocalManagerOptions> = {}) {
    this.manager = new LocalManager({
      node: "node1",
      incarnation: 7,
      environment: { ocfRoot: "/usr/lib/ocf" },
      wallClock: () => (EPOCH + Math.floor(this.now / 1000)) * 1000,
      ...more,
    });
  }

  step(input: LocalInput): string[] {
    this.outputs = this.manager.step(this.now, input);
    return this.outputs.flatMap((output) => this.#say(output));
  }

  execute(operation: string, more: Partial<OperationRequest> = {}): string[] {
    return this.step({ kind: "execute", request: request(operation, more) });
  }

  /** The agent run of that label ends. */
  done(label: string, rc: number, more: Partial<AgentOutcome> = {}): string[] {
    const index = this.runs.findIndex((each) => each.label === label);
    if (index < 0) throw new Error(`${label} does not run; ${JSON.stringify(this.runs)} do`);
    const [run] = this.runs.splice(index, 1);
    const outcome: AgentOutcome = {
      rc,
      reason: "exited",
      stdout: "",
      stderr: "",
      durationMs: 5,
      ...more,
    };
    return this.step({ kind: "agent-done", runId: run!.runId, outcome });
  }

  /** Time passes in the steps that the machine asks for. */
  pass(ms: number): string[] {
    const until = this.now + ms;
    const said: string[] = [];
    for (let steps = 0; steps < 1000; steps++) {
      const next = this.manager.nextDeadline();
      if (next === undefined || next > until) {
        this.now = until;
        return said;
      }
      if (next < this.now) throw new Error("a deadline in the past");
      this.now = next;
      said.push(...this.step({ kind: "tick" }));
    }
    throw new Error("the machine wants a tick for ever");
  }

  /** `last_0 start rc=0 status=0`, one line per record. */
  history(resource = "web"): string[] {
    const entry = this.manager.status().history.find((each) => each.resource === resource);
    return (entry?.operations ?? []).map(
      (each) =>
        `${each.id.slice(resource.length + 1)} ${each.operation} rc=${each.rc} status=${each.status}`,
    );
  }

  attributes(): Readonly<Record<string, string>> {
    return this.manager.status().attributes;
  }

  #say(output: LocalOutput): string[] {
    switch (output.kind) {
      case "run": {
        const { runId, resource, action } = output.command;
        const label = `${resource}.${action}`;
        this.runs.push({ runId, label });
        return [`run ${label}`];
      }
      case "kill":
        return ["kill"];
      case "result": {
        const { record, refused, duplicate } = output.result;
        const extra = refused ? ` refused=${refused}` : duplicate ? " duplicate" : "";
        const operation = `${output.result.resource}.${record.operation}/${record.intervalMs}`;
        return [`result ${operation} rc=${record.rc} status=${record.status}${extra}`];
      }
      case "guard":
        return [`guard ${output.entries.map((each) => each.resource).join(",") || "-"}`];
      case "all-stopped":
        return [`all-stopped ${output.failed.join(",") || "-"}`];
      default:
        return [];
    }
  }
}
