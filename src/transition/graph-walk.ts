import { assert } from "../core/assert.ts";
import type { PlanAction } from "../model/plan.ts";

type ActionState = "waiting" | "ready" | "running" | "done" | "failed";

/**
 * How far one transition graph has been walked. Knows only the order: an action is ready once all
 * it waits for are done; what waits for a failed one never becomes ready.
 */
export class GraphWalk {
  readonly #actions = new Map<number, PlanAction>();
  readonly #states = new Map<number, ActionState>();
  readonly #dependents = new Map<number, number[]>();
  readonly #missing = new Map<number, number>();
  /** Ready actions, most important first, ties by id. */
  #ready: PlanAction[] = [];
  #open = 0;

  constructor(actions: readonly PlanAction[]) {
    for (const action of actions) {
      assert(!this.#actions.has(action.id), `action ${action.id} is in the graph twice`);
      this.#actions.set(action.id, action);
    }
    for (const action of actions) this.#enter(action);
    this.#open = actions.length;
  }

  #enter(action: PlanAction): void {
    const after = new Set(action.after);
    for (const id of after) {
      assert(this.#actions.has(id), `action ${action.id} waits for ${id}, which is not there`);
      const dependents = this.#dependents.get(id);
      if (dependents === undefined) this.#dependents.set(id, [action.id]);
      else dependents.push(action.id);
    }
    this.#missing.set(action.id, after.size);
    this.#states.set(action.id, "waiting");
    if (after.size === 0) this.#makeReady(action);
  }

  #makeReady(action: PlanAction): void {
    this.#states.set(action.id, "ready");
    const at = this.#ready.findIndex((other) => comesBefore(action, other));
    if (at < 0) this.#ready.push(action);
    else this.#ready.splice(at, 0, action);
  }

  /** What may start now, as far as the order goes. A copy: safe to walk while actions change. */
  ready(): readonly PlanAction[] {
    return [...this.#ready];
  }

  /** Whether anything of at least this priority may start, as far as the order goes. */
  hasReady(priority: number): boolean {
    return this.#ready.some((action) => action.priority >= priority);
  }

  action(id: number): PlanAction | undefined {
    return this.#actions.get(id);
  }

  /** No action is left that was neither done nor failed. */
  get isDone(): boolean {
    return this.#open === 0;
  }

  start(id: number): void {
    assert(this.#states.get(id) === "ready", `action ${id} started before it was ready`);
    this.#states.set(id, "running");
    this.#ready = this.#ready.filter((action) => action.id !== id);
  }

  complete(id: number): void {
    this.#close(id, "done");
    for (const dependentId of this.#dependents.get(id) ?? []) {
      const missing = this.#missing.get(dependentId)! - 1;
      this.#missing.set(dependentId, missing);
      const dependent = this.#actions.get(dependentId)!;
      if (missing === 0 && this.#states.get(dependentId) === "waiting") this.#makeReady(dependent);
    }
  }

  fail(id: number): void {
    this.#close(id, "failed");
  }

  #close(id: number, state: "done" | "failed"): void {
    const before = this.#states.get(id);
    assert(before !== "done" && before !== "failed", `action ${id} ended twice`);
    this.#states.set(id, state);
    this.#open--;
    if (before === "ready") this.#ready = this.#ready.filter((action) => action.id !== id);
  }

  /** Actions that are neither done nor failed nor running, by id. */
  notStarted(): readonly PlanAction[] {
    const left = [...this.#actions.values()].filter((action) => {
      const state = this.#states.get(action.id);
      return state === "waiting" || state === "ready";
    });
    return left.sort((a, b) => a.id - b.id);
  }
}

function comesBefore(a: PlanAction, b: PlanAction): boolean {
  return a.priority !== b.priority ? a.priority > b.priority : a.id < b.id;
}
