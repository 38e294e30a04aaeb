import type { Tick } from "../core/machine.ts";
import { type Note, note } from "../core/note.ts";
import { Timers } from "../core/timers.ts";
import type { Instant } from "../core/units.ts";
import type { CheckSettings } from "../model/definition.ts";

export type ChecksInput =
  | Tick
  | { readonly kind: "configure"; readonly checks: readonly CheckSettings[] }
  /** A probe has ended: which of its targets answered. */
  | { readonly kind: "probed"; readonly check: string; readonly passed: readonly string[] };

export type ChecksOutput =
  | { readonly kind: "probe"; readonly check: CheckSettings }
  /** The node attribute that carries the check's result; undefined: the check is gone. */
  | { readonly kind: "attribute"; readonly name: string; readonly value: string | undefined }
  | Note;

/** The one target of a check that has none by name. */
const ITSELF = "";

interface CheckState {
  readonly settings: CheckSettings;
  /** Per target: whether it counts as up, and how many results in a row say otherwise. */
  readonly targets: Map<string, { up: boolean; against: number }>;
  running: boolean;
  value: string | undefined;
}

/** How a check stands, for `status`. */
export interface CheckStanding {
  readonly name: string;
  readonly ok: boolean;
  readonly value: string;
}

/**
 * The checks of a node (Keepalived's track scripts): each is probed every `interval`; a target goes
 * down after `fall` failures in a row and up after `rise` successes, and the first result decides
 * at once. The attribute is `weight` times the number of targets that are up, as ocf:pacemaker:ping
 * has it. One probe of a check runs at a time.
 */
export class HealthChecks {
  readonly #states = new Map<string, CheckState>();
  readonly #timers = new Timers();

  nextDeadline(): Instant | undefined {
    return this.#timers.next();
  }

  standing(): CheckStanding[] {
    return [...this.#states.values()].map((state) => ({
      name: state.settings.name,
      ok: [...state.targets.values()].every((target) => target.up) && state.targets.size > 0,
      value: state.value ?? "",
    }));
  }

  step(now: Instant, input: ChecksInput): readonly ChecksOutput[] {
    switch (input.kind) {
      case "configure":
        return this.#configure(now, input.checks);
      case "probed":
        return this.#probed(input.check, new Set(input.passed));
      case "tick":
        return this.#timers.takeExpired(now).flatMap((name) => this.#due(now, name));
    }
  }

  #configure(now: Instant, checks: readonly CheckSettings[]): ChecksOutput[] {
    const outputs: ChecksOutput[] = [];
    const names = new Set(checks.map((check) => check.name));
    const attributes = new Set(checks.map((check) => check.attribute));
    for (const [name, state] of this.#states) {
      if (names.has(name)) continue;
      this.#states.delete(name);
      this.#timers.clear(name);
      if (!attributes.has(state.settings.attribute)) {
        outputs.push({ kind: "attribute", name: state.settings.attribute, value: undefined });
      }
    }
    for (const settings of checks) {
      const known = this.#states.get(settings.name);
      if (known !== undefined && JSON.stringify(known.settings) === JSON.stringify(settings))
        continue;
      this.#states.set(settings.name, {
        settings,
        targets: new Map(),
        running: known?.running ?? false,
        value: undefined,
      });
      this.#timers.set(settings.name, now);
    }
    return outputs;
  }

  #due(now: Instant, name: string): ChecksOutput[] {
    const state = this.#states.get(name);
    if (state === undefined) return [];
    this.#timers.set(name, now + state.settings.intervalMs);
    if (state.running) return [];
    state.running = true;
    return [{ kind: "probe", check: state.settings }];
  }

  #probed(name: string, passed: ReadonlySet<string>): ChecksOutput[] {
    const state = this.#states.get(name);
    if (state === undefined) return [];
    state.running = false;
    const outputs: ChecksOutput[] = [];
    for (const target of targetsOf(state.settings)) {
      if (judge(state, target, passed.has(target))) outputs.push(changeNote(state, target));
    }
    const up = [...state.targets.values()].filter((target) => target.up).length;
    const value = String(up * state.settings.weight);
    if (value !== state.value) {
      state.value = value;
      outputs.push({ kind: "attribute", name: state.settings.attribute, value });
    }
    return outputs;
  }
}

/** What a probe of this check tries, by name. */
export function targetsOf(check: CheckSettings): readonly string[] {
  return check.kind === "command" ? [ITSELF] : check.targets;
}

/** Counts one result; true if it turned the target. */
function judge(state: CheckState, name: string, passed: boolean): boolean {
  const target = state.targets.get(name);
  if (target === undefined) {
    state.targets.set(name, { up: passed, against: 0 });
    return true;
  }
  if (passed === target.up) {
    target.against = 0;
    return false;
  }
  target.against += 1;
  const needed = passed ? state.settings.rise : state.settings.fall;
  if (target.against < needed) return false;
  target.up = passed;
  target.against = 0;
  return true;
}

function changeNote(state: CheckState, target: string): Note {
  const up = state.targets.get(target)?.up === true;
  const of = target === ITSELF ? "" : ` of ${target}`;
  const { name } = state.settings;
  return note(up ? "info" : "warn", "check", `check ${name}${of} is ${up ? "passed" : "failed"}`, {
    check: name,
    target,
    up,
  });
}
