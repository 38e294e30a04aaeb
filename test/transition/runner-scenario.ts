import type { Instant } from "../../src/core/units.ts";
import type { OperationResult } from "../../src/model/operation.ts";
import type { Plan, PlanAction } from "../../src/model/plan.ts";
import { TransitionRunner } from "../../src/transition/runner.ts";
import type { RunnerInput, RunnerOutput } from "../../src/transition/transition-events.ts";
import type { ScenarioCommand, ScenarioRunner } from "../support/scenario-file.ts";

/** A plan that has nothing but a graph. */
export function planOf(actions: readonly PlanAction[]): Plan {
  return { actions, placements: [], summary: [], notices: [] };
}

const FENCE_OPERATIONS = ["on", "off", "reboot"];

/** `3 start web node1 after=0,1 priority=5 timeout=20000 rc=7 interval=10000`. */
export function parseAction(line: string): PlanAction {
  const words = line.trim().split(/\s+/);
  const options = new Map(
    words.filter((word) => word.includes("=")).map((word) => word.split("=") as [string, string]),
  );
  const [id, operation, ...rest] = words.filter((word) => !word.includes("="));
  const number = (name: string, otherwise: number) => Number(options.get(name) ?? otherwise);
  const after = options.get("after")?.split(",").map(Number) ?? [];
  const kind = kindOf(operation!);
  const [resource, node] = kind === "fence" ? [undefined, rest[0]] : [rest[0], rest[1]];
  return {
    id: Number(id),
    kind,
    operation: operation!,
    ...(resource === undefined ? {} : { resource }),
    ...(node === undefined ? {} : { node }),
    intervalMs: number("interval", 0),
    after,
    priority: number("priority", 0),
    timeoutMs: number("timeout", 20_000),
    expectedRc: number("rc", 0),
    digest: options.get("digest") ?? "d",
    ...(kind === "resource" && { agent: { class: "ocf", provider: "paceline", type: "dummy" } }),
  };
}

function kindOf(operation: string): PlanAction["kind"] {
  if (FENCE_OPERATIONS.includes(operation)) return "fence";
  if (operation.startsWith("pseudo")) return "pseudo";
  if (["clear_failcount", "do_shutdown", "lrm_delete"].includes(operation)) return "cluster";
  return "resource";
}

export function renderOutput(output: RunnerOutput): string[] {
  switch (output.kind) {
    case "dispatch": {
      const { command } = output;
      if (command.kind !== "execute") return [`${output.node} <- ${command.key} ${command.kind}`];
      const { key, operation, intervalMs, resource } = command.request;
      const interval = intervalMs > 0 ? `/${intervalMs}` : "";
      return [`${output.node} <- ${key} ${operation}${interval} ${resource}`];
    }
    case "fence":
      return [`fencer <- ${output.key} ${output.operation} ${output.target}`];
    case "unanswered":
      return [`unanswered ${output.node} ${output.key}`];
    case "aborted":
      return [`aborted: ${output.reason}; waiting for ${list(output.waitingFor)}`];
    case "finished":
      return renderFinished(output);
    case "note":
      return output.level === "debug" && output.event !== "stale-result"
        ? []
        : [`note ${output.level} ${output.event}: ${output.message}`];
  }
}

function renderFinished(output: Extract<RunnerOutput, { kind: "finished" }>): string[] {
  const failed = output.failed.map((action) => `${action.actionId} (${action.detail})`);
  return [
    `finished ${output.transitionId}: ${output.outcome}; failed ${list(failed)}; skipped ${list(output.skipped)}`,
  ];
}

function list(items: readonly unknown[]): string {
  return items.length === 0 ? "-" : items.join(", ");
}

/** The commands of test/scenarios/transition. */
export function newRunnerScenario(): ScenarioRunner {
  const runner = new TransitionRunner({ marginMs: 5_000 });
  let now: Instant = 0;
  let graph: PlanAction[] = [];

  const step = (input: RunnerInput) => runner.step(now, input).flatMap(renderOutput);

  return (command) => {
    switch (command.name) {
      case "graph":
        graph = command.body.map(parseAction);
        return [];
      case "start":
        return step(startInput(command, graph));
      case "ok":
        return command.args.flatMap((key) => step(result(runner, key, undefined, 0)));
      case "result": {
        const rc = Number(command.options.get("rc") ?? 0);
        const status = Number(command.options.get("status") ?? 0);
        return step(result(runner, command.args[0]!, rc, status, command.options.get("node")));
      }
      case "refused":
        return step(result(runner, command.args[0]!, 0, 9, undefined, "stale-term"));
      case "done":
        return step({
          kind: "done",
          key: command.args[0]!,
          node: command.args[1]!,
          ok: command.options.get("ok") !== "no",
        });
      case "fenced":
        return step({
          kind: "fence-result",
          key: command.args[0]!,
          ok: command.options.get("ok") !== "no",
        });
      case "lost":
        return step({ kind: "node-lost", node: command.args[0]! });
      case "abort": {
        const priority = command.options.get("priority");
        const reason = command.args.join(" ");
        return step({
          kind: "abort",
          reason,
          ...(priority === undefined ? {} : { priority: Number(priority) }),
        });
      }
      case "reset":
        return step({ kind: "reset" });
      case "wait":
        now += Number(command.args[0]);
        return step({ kind: "tick" });
      case "in-flight":
        return runner.inFlight().map(({ key, carried }) => `${key}${carried ? " carried" : ""}`);
      default:
        throw new Error(`unknown command ${command.name}`);
    }
  };
}

function startInput(command: ScenarioCommand, graph: readonly PlanAction[]): RunnerInput {
  const number = (name: string) => Number(command.options.get(name) ?? 0);
  return {
    kind: "start",
    plan: planOf(graph),
    transitionId: Number(command.args[0]),
    term: Number(command.options.get("term") ?? 1),
    limits: {
      batchLimit: number("batch-limit"),
      nodeLimit: number("node-limit"),
      migrationLimit: number("migration-limit"),
    },
  };
}

/** An answer to an action in flight; `ok` means the exit code that the graph wants. */
function result(
  runner: TransitionRunner,
  key: string,
  rc: number | undefined,
  status: number,
  node?: string,
  refused?: OperationResult["refused"],
): RunnerInput {
  const action = runner.inFlight().find((flight) => flight.key === key)?.action;
  const record = {
    id: key,
    operation: action?.operation ?? "?",
    intervalMs: 0,
    callId: 1,
    rc: rc ?? action?.expectedRc ?? 0,
    status,
  };
  return {
    kind: "result",
    result: {
      key,
      node: node ?? action?.node ?? "?",
      resource: action?.resource ?? "?",
      record,
      term: Number(key.split(".")[0]),
      ...(refused === undefined ? {} : { refused }),
    },
  };
}
