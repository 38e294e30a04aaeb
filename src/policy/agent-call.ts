import type { PlanAction } from "../model/plan.ts";
import type { Action } from "./action.ts";
import type { OperationConfig } from "./operation-history-types.ts";
import type { Resource, WorkingSet } from "./working-set.ts";

/** What can be filled in piece by piece. */
export type Draft<T> = { -readonly [K in keyof T]: T[K] };

/** What is configured for an operation, and its meta attributes as they are handed out. */
interface Operation {
  readonly resource: Resource;
  readonly task: string;
  readonly intervalMs: number;
  readonly config: OperationConfig;
  readonly meta: Readonly<Record<string, string>>;
}

/**
 * What an agent must be told for an action: its name, parameters and meta attributes. Thousands of
 * probes share them, so the objects are made once per source and shared.
 */
export class AgentCalls {
  readonly #ws: WorkingSet;
  readonly #objects = new WeakMap<ReadonlyMap<string, string>, Readonly<Record<string, string>>>();

  #last: Operation | undefined;

  constructor(ws: WorkingSet) {
    this.#ws = ws;
  }

  #objectOf(map: ReadonlyMap<string, string>): Readonly<Record<string, string>> {
    let object = this.#objects.get(map);
    if (!object) {
      object = Object.fromEntries(map);
      this.#objects.set(map, object);
    }
    return object;
  }

  /** Adds to a planned action everything that the executor needs beyond the bare operation. */
  describe(planned: Draft<PlanAction>, action: Action, resource: Resource): void {
    const { services } = this.#ws;
    const task = action.cancelTask ?? action.task;
    const { config, meta } = this.#operation(resource, task, action.intervalMs);
    if (resource.agent) planned.agent = resource.agent;
    if (action.node === undefined) {
      planned.params = this.#objectOf(services.paramsOn(resource, undefined));
    } else {
      const call = services.callOn(resource, action.node, task, action.intervalMs);
      planned.params = this.#objectOf(call.params);
      planned.digest = call.digest;
    }
    planned.meta = action.meta ? { ...meta, ...action.meta } : meta;
    planned.timeoutMs = config.timeoutMs;
    planned.onFail = config.onFail;
  }

  /** Probes of one resource come one after the other: what was just asked is asked again. */
  #operation(resource: Resource, task: string, intervalMs: number): Operation {
    const last = this.#last;
    if (last?.resource === resource && last.task === task && last.intervalMs === intervalMs) {
      return last;
    }
    const config = this.#ws.services.operationConfig(resource, task, intervalMs);
    this.#last = { resource, task, intervalMs, config, meta: this.#objectOf(config.meta) };
    return this.#last;
  }
}
