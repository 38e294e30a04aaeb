import type { NodeInput, NodeOutput, StoredWrite } from "../controller/node-io.ts";
import type { Machine } from "../core/machine.ts";
import type { Note } from "../core/note.ts";
import type { Instant, Millis, WallTime } from "../core/units.ts";
import type { DeviceCommand, DeviceOutcome } from "../fencing/fence-types.ts";
import type { WatchdogOrder } from "../fencing/self-fence.ts";
import type { ControlEvent, ControlReply } from "../model/control.ts";
import type { CheckSettings } from "../model/definition.ts";
import type { AgentCommand, AgentOutcome, GuardEntry } from "../model/operation.ts";
import type { MessagingCommand } from "../model/peer.ts";
import type { TieBreakerAnswer, TieBreakerAsk } from "../model/vote-register.ts";

/** The world as the driver sees it: one method for each kind of output. */
export interface World {
  /** Monotonic, in milliseconds. */
  now(): Instant;
  wall(): WallTime;
  messaging(command: MessagingCommand): void;
  persist(writes: readonly StoredWrite[]): Promise<void>;
  run(command: AgentCommand): Promise<AgentOutcome>;
  kill(runId: number): void;
  /** Worlds without fencing devices leave these out: every call fails then, and says so. */
  runDevice?(command: DeviceCommand): Promise<DeviceOutcome>;
  killDevice?(runId: number): void;
  /** Worlds without a watchdog leave this out: it is never said to be armed. */
  watchdog?(order: WatchdogOrder): void;
  /** Worlds without a tie-breaker leave this out: every question fails then. */
  askTieBreaker?(ask: TieBreakerAsk): Promise<TieBreakerAnswer>;
  /** Probes a check once; resolves with the targets that answered, and never rejects. */
  probe(check: CheckSettings): Promise<readonly string[]>;
  reply(requestId: number, reply: ControlReply): void;
  guard(entries: readonly GuardEntry[], inactive: readonly string[]): void;
  /** Tells the subscribers of the control socket. */
  publish(event: ControlEvent): void;
  definition(text: string, version: number, isCurrent: boolean): void;
  /** `guardMs`: the guardian is to wait for so long before it acts. */
  exit(code: number, reason: string, guardMs?: Millis): void;
  note(note: Note): void;
}

/**
 * Longest time between two beacons to the messaging worker that the main loop is alive; a quarter
 * of the time after which it says that it is stuck, and each costs both threads a wake-up.
 */
const BEACON_MS: Millis = 2_500;

/** A tick this late says that the main loop did not run: worth telling, it explains a lot. */
const LATE_MS: Millis = 1_000;

/**
 * The only event loop: feeds inputs to the machine one at a time, performs its outputs in order,
 * and keeps one real timer for `nextDeadline()`.
 */
export class Driver {
  readonly #machine: Machine<NodeInput, NodeOutput>;
  readonly #world: World;
  readonly #queue: NodeInput[] = [];
  #timer: NodeJS.Timeout | undefined;
  #timerAt: Instant = Number.POSITIVE_INFINITY;
  #beaconAt: Instant = Number.NEGATIVE_INFINITY;
  #draining = false;
  #stopped = false;

  constructor(machine: Machine<NodeInput, NodeOutput>, world: World) {
    this.#machine = machine;
    this.#world = world;
  }

  push(input: NodeInput): void {
    if (this.#stopped) return;
    this.#queue.push(input);
    if (!this.#draining) this.#drain();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #drain(): void {
    this.#draining = true;
    try {
      this.#step({ kind: "clock", wall: this.#world.wall() });
      for (let input = this.#queue.shift(); input !== undefined; input = this.#queue.shift()) {
        this.#step(input);
        if (this.#stopped) return;
      }
    } finally {
      this.#draining = false;
    }
    this.#arm();
  }

  #step(input: NodeInput): void {
    for (const output of this.#machine.step(this.#world.now(), input)) this.#perform(output);
  }

  #arm(): void {
    const now = this.#world.now();
    if (now - this.#beaconAt >= BEACON_MS) {
      this.#beaconAt = now;
      this.#world.messaging({ kind: "main-alive" });
    }
    const at = Math.min(
      this.#machine.nextDeadline() ?? Number.POSITIVE_INFINITY,
      this.#beaconAt + BEACON_MS,
    );
    if (this.#timer !== undefined && at === this.#timerAt) return;
    clearTimeout(this.#timer);
    this.#timerAt = at;
    this.#timer = setTimeout(() => this.#tick(), Math.max(0, Math.ceil(at - now)));
  }

  #tick(): void {
    this.#timer = undefined;
    const late = this.#world.now() - this.#timerAt;
    if (late > LATE_MS) {
      this.#world.note({
        kind: "note",
        level: "warn",
        event: "main-loop-late",
        message: `the main loop did not run for ${Math.round(late)} ms; heartbeats went on meanwhile`,
        fields: { ms: Math.round(late) },
      });
    }
    this.push({ kind: "tick" });
  }

  #perform(output: NodeOutput): void {
    const world = this.#world;
    switch (output.kind) {
      case "messaging":
        world.messaging(output.command);
        break;
      case "persist":
        this.#persist(output.token, output.writes);
        break;
      case "run":
        this.#run(output.command);
        break;
      case "probe":
        this.#probe(output.check);
        break;
      case "kill":
        world.kill(output.runId);
        break;
      case "run-device":
        this.#runDevice(output.command);
        break;
      case "kill-device":
        world.killDevice?.(output.runId);
        break;
      case "watchdog":
        world.watchdog?.(output.order);
        break;
      case "ask-tie-breaker":
        this.#askTieBreaker(output.ask);
        break;
      case "reply":
        world.reply(output.requestId, output.reply);
        break;
      case "guard":
        world.guard(output.entries, output.inactive);
        break;
      case "changed":
        world.publish({ kind: "status-changed" });
        break;
      case "timeline":
        world.publish({ kind: "timeline", entry: output.entry });
        break;
      case "definition":
        world.definition(output.text, output.version, output.isCurrent);
        break;
      case "exit":
        world.exit(output.code, output.reason, output.guardMs);
        break;
      case "note":
        world.note(output);
        break;
    }
  }

  #persist(token: number, writes: readonly StoredWrite[]): void {
    this.#world.persist(writes).then(
      () => this.push({ kind: "stored", token }),
      (error: unknown) => this.push({ kind: "store-failed", token, message: errorMessage(error) }),
    );
  }

  #probe(check: CheckSettings): void {
    void this.#world
      .probe(check)
      .then((passed) => this.push({ kind: "probed", check: check.name, passed }));
  }

  #runDevice(command: DeviceCommand): void {
    const { runId } = command;
    const failed = (detail: string) =>
      this.push({ kind: "device-done", runId, outcome: { ok: false, detail } });
    const run = this.#world.runDevice?.(command);
    if (run === undefined) {
      setImmediate(() => failed("this program runs no fencing devices"));
      return;
    }
    run.then(
      (outcome) => this.push({ kind: "device-done", runId, outcome }),
      (error: unknown) => failed(errorMessage(error)),
    );
  }

  #askTieBreaker(ask: TieBreakerAsk): void {
    const { id } = ask;
    const answered = (answer: TieBreakerAnswer) =>
      this.push({ kind: "tie-breaker-answer", id, answer });
    const failed = (detail: string) => answered({ kind: "failed", detail });
    const question = this.#world.askTieBreaker?.(ask);
    if (question === undefined) setImmediate(() => failed("this program asks no tie-breaker"));
    else question.then(answered, (error: unknown) => failed(errorMessage(error)));
  }

  #run(command: AgentCommand): void {
    this.#world.run(command).then(
      (outcome) => this.push({ kind: "agent-done", runId: command.runId, outcome }),
      (error: unknown) =>
        this.push({
          kind: "agent-done",
          runId: command.runId,
          outcome: {
            rc: undefined,
            reason: "not-started",
            stdout: "",
            stderr: errorMessage(error),
            durationMs: 0,
          },
        }),
    );
  }
}

function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
