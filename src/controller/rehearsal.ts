import type { Instant, WallTime } from "../core/units.ts";
import type { Definition } from "../model/definition.ts";
import type { AgentCommand } from "../model/operation.ts";
import type { AdvertBody, PeerEvent } from "../model/peer.ts";
import type { Planner, SlicedPlanner } from "./coordinator-ports.ts";
import type { NodeInput, NodeOutput } from "./node-io.ts";
import { NodeMachine } from "./node-machine.ts";

/** Virtual milliseconds that a message, a disk and an agent take. */
const HOP_MS = 1.07;
const DISK_MS = 1.31;
const AGENT_MS = 5.23;

/**
 * When it begins. Code is compiled for the kind of numbers that it has met, and made anew when another
 * kind comes along: so these have fractions, and are as large as real ones.
 */
const BEGIN: Instant = 86_400_000.25;
const BEGIN_WALL = 1_800_000_000_123;
const INCARNATION = 1_800_000_000_000;

/** A scene takes at least so long: a view takes time to form. One without rest is left as it is. */
const SCENE_MIN_MS = 300;
const SCENE_MS = 30_000;
const SCENE_STEPS = 3_000;

const OCF = { success: 0, notRunning: 7, runningPromoted: 8 };

export interface RehearsalOptions {
  readonly definition: Definition;
  readonly planner: Planner;
  readonly slicedPlanner?: SlicedPlanner;
  /** How often a node is lost and comes back. */
  readonly rounds: number;
}

/**
 * The loss of a node, played through in memory by all nodes of the definition: they elect a DC,
 * start everything, and again and again the node that has most to do is lost, is taken over from, and
 * comes back. Nothing real is touched, since a machine's outputs are only words. It yields after
 * every step, so that whoever drives it can do something else in between.
 *
 * A daemon does it for the sake of its own code. Code that has never run is slow, five to ten times in
 * Node, and what is needed when a node is lost would run for the first time in just that moment.
 */
export function* rehearsal(options: RehearsalOptions): Generator<undefined, void> {
  const stage = new Stage(options);
  yield* stage.play();
  for (let round = 0; round < options.rounds; round++) {
    const victim = stage.busiest();
    stage.cut(victim);
    yield* stage.play();
    stage.heal(victim);
    yield* stage.play();
  }
}

interface Entry {
  readonly at: Instant;
  readonly to: string;
  readonly input: NodeInput;
}

class Stage {
  readonly #machines = new Map<string, NodeMachine>();
  readonly #adverts = new Map<string, AdvertBody>();
  readonly #running = new Map<string, "started" | "promoted">();
  readonly #queue: Entry[] = [];
  #cut: string | undefined;
  #now: Instant = BEGIN;

  constructor({ definition, planner, slicedPlanner }: RehearsalOptions) {
    for (const { name } of definition.nodes) {
      const machine = new NodeMachine({
        self: name,
        incarnation: INCARNATION,
        definition,
        stored: { hard: undefined, snapshot: undefined, entries: [] },
        planner,
        ...(slicedPlanner === undefined ? {} : { slicedPlanner }),
        environment: { ocfRoot: "/usr/lib/ocf" },
        version: "rehearsal",
        now: BEGIN,
        wall: BEGIN_WALL,
      });
      this.#machines.set(name, machine);
      this.#put(name, { kind: "tick" }, 0);
    }
  }

  /** The node on which most is active; the first by name of those that have as much. */
  busiest(): string {
    const names = [...this.#machines.keys()].sort();
    const load = (name: string) =>
      [...this.#running.keys()].filter((key) => key.startsWith(`${name}/`)).length;
    return names.reduce((most, name) => (load(name) > load(most) ? name : most));
  }

  cut(victim: string): void {
    for (const name of this.#othersThan(victim)) {
      this.#peer(name, { kind: "peer-down", reason: "silent", ...this.#of(victim) });
      this.#peer(victim, { kind: "peer-down", reason: "silent", ...this.#of(name) });
    }
    this.#cut = victim;
    for (const name of this.#machines.keys()) this.#advertise(name);
  }

  heal(victim: string): void {
    this.#cut = undefined;
    for (const name of this.#othersThan(victim)) {
      this.#greet(name, victim);
      this.#greet(victim, name);
    }
    for (const name of this.#machines.keys()) this.#advertise(name);
  }

  /** Until a coordinator has nothing left to do and nothing is on its way. */
  *play(): Generator<undefined, void> {
    const begin = this.#now;
    for (let steps = 0; steps < SCENE_STEPS && this.#now < begin + SCENE_MS; steps++) {
      if (this.#now >= begin + SCENE_MIN_MS && this.#isAtRest()) return;
      this.#step();
      yield;
    }
  }

  #isAtRest(): boolean {
    if (this.#queue.length > 0) return false;
    const beliefs = [...this.#machines].filter(([name]) => name !== this.#cut);
    return beliefs.some(([, machine]) => {
      const { coordinates, settled } = machine.observe();
      return coordinates !== undefined && settled;
    });
  }

  /** The next thing that was sent, or else a tick for whoever has the earliest deadline. */
  #step(): void {
    let due: Entry | undefined;
    for (const [to, machine] of this.#machines) {
      const at = machine.nextDeadline();
      if (at !== undefined && (due === undefined || at < due.at)) {
        due = { at, to, input: { kind: "tick" } };
      }
    }
    const first = this.#queue[0];
    if (first !== undefined && (due === undefined || first.at <= due.at)) due = this.#queue.shift();
    if (due === undefined) return;
    this.#now = Math.max(this.#now, due.at);
    const machine = this.#machines.get(due.to);
    machine?.step(this.#now, { kind: "clock", wall: this.#wall() });
    const outputs = machine?.step(this.#now, due.input) ?? [];
    for (const output of outputs) this.#perform(due.to, output);
  }

  #wall(): WallTime {
    return BEGIN_WALL + Math.round(this.#now - BEGIN);
  }

  #perform(from: string, output: NodeOutput): void {
    if (output.kind === "persist") {
      this.#put(from, { kind: "stored", token: output.token }, DISK_MS);
    } else if (output.kind === "run") {
      this.#put(from, this.#ranAgent(from, output.command), AGENT_MS);
    } else if (output.kind === "run-device") {
      const outcome = { ok: true, power: "off", detail: "" } as const;
      this.#put(from, { kind: "device-done", runId: output.command.runId, outcome }, AGENT_MS);
    } else if (output.kind === "probe") {
      const { name: check, ...rest } = output.check;
      const passed = "targets" in rest ? rest.targets : [check];
      this.#put(from, { kind: "probed", check, passed }, AGENT_MS);
    } else if (output.kind === "ask-tie-breaker") {
      const answer = { kind: "failed", detail: "" } as const;
      this.#put(from, { kind: "tie-breaker-answer", id: output.ask.id, answer }, AGENT_MS);
    } else if (output.kind === "messaging") {
      this.#send(from, output.command);
    }
  }

  #send(from: string, command: Extract<NodeOutput, { kind: "messaging" }>["command"]): void {
    if (command.kind === "advertise") {
      const isFirst = !this.#adverts.has(from);
      this.#adverts.set(from, command.body);
      if (isFirst) for (const name of this.#heardBy(from)) this.#greet(name, from);
      this.#advertise(from);
    } else if (command.kind === "send" && this.#heardBy(from).includes(command.to)) {
      const { at, ...facts } = this.#of(from);
      this.#peer(command.to, { kind: "message", ...facts, payload: command.payload, at });
    }
  }

  #greet(name: string, peer: string): void {
    const advert = this.#adverts.get(peer);
    if (advert !== undefined) this.#peer(name, { kind: "peer-up", ...this.#of(peer), advert });
  }

  #advertise(from: string): void {
    const advert = this.#adverts.get(from);
    if (advert === undefined) return;
    const hears = this.#heardBy(from);
    for (const name of hears) {
      this.#peer(name, { kind: "peer-advert", ...this.#of(from), advert, hears });
    }
  }

  #ranAgent(node: string, { runId, action, resource }: AgentCommand): NodeInput {
    const key = `${node}/${resource}`;
    if (action === "start" || action === "demote") this.#running.set(key, "started");
    else if (action === "promote") this.#running.set(key, "promoted");
    else if (action === "stop") this.#running.delete(key);
    const outcome = { reason: "exited", stdout: "", stderr: "", durationMs: AGENT_MS } as const;
    const rc = action === "monitor" ? this.#monitored(key) : OCF.success;
    return { kind: "agent-done", runId, outcome: { ...outcome, rc } };
  }

  #monitored(key: string): number {
    const state = this.#running.get(key);
    if (state === undefined) return OCF.notRunning;
    return state === "promoted" ? OCF.runningPromoted : OCF.success;
  }

  #of(node: string): { node: string; incarnation: number; at: Instant; lastHeard: Instant } {
    return { node, incarnation: INCARNATION, at: this.#now, lastHeard: this.#now };
  }

  #othersThan(node: string): string[] {
    return [...this.#machines.keys()].filter((name) => name !== node);
  }

  /** Hearing is mutual here. */
  #heardBy(node: string): string[] {
    if (node === this.#cut) return [];
    return this.#othersThan(node).filter((name) => name !== this.#cut && this.#adverts.has(name));
  }

  #peer(to: string, event: PeerEvent): void {
    this.#put(to, { kind: "peer", event }, HOP_MS);
  }

  #put(to: string, input: NodeInput, delay: number): void {
    const entry = { at: this.#now + delay, to, input };
    const after = this.#queue.findIndex(({ at }) => at > entry.at);
    if (after < 0) this.#queue.push(entry);
    else this.#queue.splice(after, 0, entry);
  }
}
