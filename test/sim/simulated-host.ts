import type { Instant, Millis, WallTime } from "../../src/core/units.ts";
import type { DeviceCommand, DeviceOutcome } from "../../src/fencing/fence-types.ts";
import type { ControlReply, ControlRequest } from "../../src/model/control.ts";
import type { TieBreakerAnswer } from "../../src/model/vote-register.ts";
import type { AgentWorld } from "./agent-world.ts";
import { InvariantViolation } from "./checkers/checker.ts";
import type { ComposedDaemon, DaemonInput, DaemonOutput } from "./composed-daemon.ts";
import type { CrashingDisk } from "./crashing-disk.ts";
import type { HostParts } from "./host-parts.ts";
import type { NodeClock } from "./node-clock.ts";
import { SimulatedGuardian } from "./simulated-guardian.ts";
import { SimulatedWatchdog } from "./simulated-watchdog.ts";
import { StepLimit } from "./step-limit.ts";
import { describeNote, isDefect } from "./trace.ts";

/** Exit code that says "do not restart me" (SuccessExitStatus of the unit). */
const STAY_DOWN = 100;

/** The exit after which the guardian is sent home. */
const LEFT = "left the cluster";

/** RestartSec of the unit. */
const RESTART_MS: Millis = 100;

/** A machine that was reset by its watchdog is up again after so long. */
const RESET_BOOT_MS: Millis = 20_000;

/**
 * One machine: power, a disk, resources, and a daemon that may crash, hang or be restarted. It is
 * the driver of that daemon: hands it inputs and carries its outputs out.
 */
export class SimulatedHost {
  readonly name: string;
  readonly clock: NodeClock;
  readonly disk: CrashingDisk;
  readonly world: AgentWorld;
  readonly #parts: HostParts;
  #daemon: ComposedDaemon | undefined;
  #isOn = true;
  /** While stopped by a signal: inputs that wait. */
  #paused: DaemonInput[] | undefined;
  /** Grows with every end of the daemon, so that what is on its way to a dead one is dropped. */
  #life = 0;
  #incarnation = 0;
  #wakeAt: Instant = Number.POSITIVE_INFINITY;
  #lastNow: Instant = Number.NEGATIVE_INFINITY;
  readonly #steps = new StepLimit();
  #requestId = 0;
  /** While the daemon is being upgraded: after so long the new one starts. */
  #upgradeMs: Millis | undefined;
  readonly #deviceCalls = new Map<number, () => void>();
  readonly #replies = new Map<number, (reply: ControlReply) => void>();
  /** Hardware: it outlives the daemon. */
  readonly #watchdog = new SimulatedWatchdog({
    after: (ms, act) => this.#parts.queue.after(ms, act),
    armed: (fireMs) => this.#armed(fireMs),
    reset: () => {
      this.#tell(() => "the watchdog resets the machine");
      this.powerOff();
      this.powerOn(RESET_BOOT_MS);
    },
  });
  readonly #guardian = new SimulatedGuardian({
    mayStop: () => this.#daemon === undefined && this.#isOn,
    stop: (resource) => {
      this.#tell(() => `guardian stops ${resource}`);
      this.world.kill(resource);
      this.#parts.onEvent({ kind: "guardian-stop", resource });
    },
  });
  /** What the daemon last gave as the reason for its exit. */
  exitReason: string | undefined;
  /** The cluster.yaml of this host, once the daemon has written one. */
  definitionText: string | undefined;

  constructor(parts: HostParts) {
    this.name = parts.name;
    this.clock = parts.clock;
    this.disk = parts.disk;
    this.world = parts.world;
    this.#parts = parts;
  }

  get isOn(): boolean {
    return this.#isOn;
  }
  get daemon(): ComposedDaemon | undefined {
    return this.#daemon;
  }
  get isPaused(): boolean {
    return this.#paused !== undefined;
  }
  get incarnation(): number {
    return this.#incarnation;
  }

  /** Virtual time, which no daemon ever sees. */
  trueTime(): Instant {
    return this.#parts.queue.now;
  }

  /** The host's monotonic time; never goes back, whatever floating point thinks. */
  now(): Instant {
    this.#lastNow = Math.max(this.#lastNow, this.clock.monotonic(this.#parts.queue.now));
    return this.#lastNow;
  }

  wall(): WallTime {
    return this.clock.wall(this.#parts.queue.now);
  }

  // --- life of the daemon ---

  startDaemon(): void {
    if (!this.#isOn || this.#daemon !== undefined) return;
    this.#incarnation = Math.max(this.#incarnation + 1, this.clock.wall(this.#parts.queue.now));
    this.#tell(() => `daemon starts, incarnation ${this.#incarnation}`);
    this.exitReason = undefined;
    this.#paused = undefined;
    this.#daemon = this.#parts.factory(this, this.#incarnation);
    this.deliver({ kind: "tick" });
  }

  /** SIGKILL: resources stay, unsynced writes may be lost, the guardian takes notice. */
  crashDaemon(): void {
    if (this.#daemon === undefined) return;
    this.#tell(() => "daemon crashes");
    this.#endDaemon();
    this.#watchOverGuarded();
  }

  /** The guardian stops what the dead daemon left, unless it is back in time. */
  #watchOverGuarded(atLeastMs: Millis = 0): void {
    const graceMs = Math.max(this.#parts.guardGraceMs, atLeastMs);
    this.#after(graceMs, () => this.#guardian.stopAll());
  }

  #endDaemon(): void {
    const daemon = this.#daemon;
    this.#daemon = undefined;
    this.#paused = undefined;
    this.#life++;
    this.#wakeAt = Number.POSITIVE_INFINITY;
    this.disk.crash();
    this.world.orphanRuns();
    this.#replies.clear();
    this.#deviceCalls.clear();
    if (daemon !== undefined) this.#parts.onEvent({ kind: "daemon-ended", daemon });
  }

  /** SIGUSR2: the daemon ends and leaves its resources running; the new one starts in a moment. */
  upgradeDaemon(afterMs: Millis): void {
    if (this.#daemon === undefined) return;
    this.#tell(() => "daemon is upgraded");
    this.#upgradeMs = afterMs;
    this.deliver({ kind: "shutdown", mode: "stop" });
  }

  /** The disk is replaced by an empty one; only while no daemon uses it. */
  loseDisk(): void {
    this.#tell(() => "disk lost");
    this.disk.lose();
    this.#parts.onEvent({ kind: "disk-lost" });
  }

  powerOff(): void {
    if (!this.#isOn) return;
    this.#tell(() => "power off");
    this.#isOn = false;
    this.#guardian.entries = [];
    this.#watchdog.off();
    this.#endDaemon();
    this.world.clear();
    this.#parts.onEvent({ kind: "power-off" });
  }

  /** Power on; the daemon comes up after the time that booting takes. */
  powerOn(bootMs: Millis): void {
    if (this.#isOn) return;
    this.#tell(() => "power on");
    this.#isOn = true;
    this.#after(bootMs, () => this.startDaemon());
  }

  // --- faults of the process ---

  pause(forMs: Millis): void {
    if (this.#daemon === undefined || this.#paused !== undefined) return;
    this.#tell(() => `process stopped for ${Math.round(forMs)} ms`);
    this.#paused = [];
    this.#after(forMs, () => this.resume());
  }

  /** The process goes on, and takes all that has come in meanwhile. */
  resume(): void {
    const inputs = this.#paused;
    if (inputs === undefined) return;
    this.#paused = undefined;
    this.#tell(() => "process goes on");
    this.deliver({ kind: "tick" });
    for (const input of inputs) this.deliver(input);
  }

  blockMain(forMs: Millis): void {
    const daemon = this.#daemon;
    if (daemon === undefined || daemon.isBlocked) return;
    this.#tell(() => `main thread blocked for ${Math.round(forMs)} ms`);
    daemon.blockMain();
    this.#parts.queue.after(forMs, () => {
      if (this.#daemon === daemon) this.unblockMain();
    });
  }

  unblockMain(): void {
    const daemon = this.#daemon;
    if (daemon?.isBlocked !== true) return;
    this.#tell(() => "main thread goes on");
    const outputs = daemon.unblockMain(this.now());
    this.#parts.onStep(true);
    this.#perform(outputs);
    this.#armWake();
  }

  // --- driver ---

  /** Hands the daemon an input, if there is a daemon. */
  deliver(input: DaemonInput): void {
    const daemon = this.#daemon;
    if (daemon === undefined) return;
    if (this.#paused !== undefined) {
      if (input.kind !== "tick") this.#paused.push(input);
      return;
    }
    this.#steps.count(this.name, this.#parts.queue.now);
    const now = this.now();
    const before = daemon.nodeSteps;
    if (input.kind !== "datagram") {
      this.#perform(
        daemon.step(now, { kind: "clock", wall: this.clock.wall(this.#parts.queue.now) }),
      );
    }
    if (this.#daemon === daemon) {
      const outputs = daemon.step(now, input);
      this.#parts.onStep(daemon.nodeSteps > before);
      this.#perform(outputs);
    }
    this.#armWake();
  }

  request(request: ControlRequest, onReply: (reply: ControlReply) => void): void {
    if (this.#daemon === undefined) return;
    const requestId = ++this.#requestId;
    this.#replies.set(requestId, onReply);
    this.deliver({ kind: "request", requestId, request });
  }

  #armWake(): void {
    const deadline = this.#daemon?.nextDeadline();
    if (deadline === undefined || !Number.isFinite(deadline)) return;
    const at = Math.max(this.clock.trueTime(deadline), this.#parts.queue.now);
    if (at >= this.#wakeAt) return;
    this.#wakeAt = at;
    const life = this.#life;
    this.#parts.queue.at(at, () => this.#wake(life, at, deadline));
  }

  #wake(life: number, at: Instant, deadline: Instant): void {
    if (life !== this.#life || at !== this.#wakeAt) return;
    this.#wakeAt = Number.POSITIVE_INFINITY;
    if (this.#paused !== undefined) return;
    this.#lastNow = Math.max(this.#lastNow, deadline);
    this.deliver({ kind: "tick" });
  }

  #perform(outputs: readonly DaemonOutput[]): void {
    for (const output of outputs) {
      if (this.#daemon === undefined) return;
      this.#performOne(output);
    }
  }

  #performOne(output: DaemonOutput): void {
    switch (output.kind) {
      case "transmit":
        this.#parts.transmit(this.name, output);
        break;
      case "persist": {
        const { token, writes } = output;
        this.disk.write(
          writes,
          () => this.deliver({ kind: "stored", token }),
          (message) => this.deliver({ kind: "store-failed", token, message }),
        );
        break;
      }
      case "run": {
        const { command } = output;
        this.#tell(() => `runs ${command.action} ${command.resource} (${command.runId})`);
        this.world.run(command, (outcome) => {
          this.#tell(
            () => `${command.action} ${command.resource}: ${outcome.reason} ${outcome.rc}`,
          );
          this.deliver({ kind: "agent-done", runId: command.runId, outcome });
        });
        break;
      }
      case "kill":
        this.world.killRun(output.runId);
        break;
      case "run-device":
        this.#callDevice(output.command);
        break;
      case "kill-device":
        this.#deviceCalls.get(output.runId)?.();
        this.#deviceCalls.delete(output.runId);
        break;
      case "watchdog":
        this.#watchdog.obey(output.order);
        break;
      case "ask-tie-breaker": {
        const { ask } = output;
        const done = this.#inThisLife((answer: TieBreakerAnswer) =>
          this.deliver({ kind: "tie-breaker-answer", id: ask.id, answer }),
        );
        this.#parts.askTieBreaker(this.name, ask, done);
        break;
      }
      case "reply":
        this.#replies.get(output.requestId)?.(output.reply);
        this.#replies.delete(output.requestId);
        break;
      case "guard":
        this.#guardian.entries = output.entries;
        break;
      case "definition":
        this.#tell(
          () => `definition ${output.version} ${output.isCurrent ? "arrives" : "is known"}`,
        );
        if (output.isCurrent) this.definitionText = output.text;
        break;
      case "exit":
        this.#tell(() => `daemon exits (${output.code}): ${output.reason}`);
        this.#exit(output.code, output.reason, output.guardMs);
        break;
      case "note":
        if (output.level !== "debug") this.#tell(() => describeNote(output));
        if (isDefect(output)) {
          throw new InvariantViolation("defect", this.#parts.queue.now, describeNote(output));
        }
        break;
    }
  }

  #armed(fireMs: Millis): void {
    const state = { how: "hardware", proves: true, fireMs, detail: "simulated" } as const;
    this.#after(1, () => this.deliver({ kind: "watchdog-state", state }));
  }

  #callDevice(command: DeviceCommand): void {
    const { runId, device, action } = command;
    this.#tell(() => `calls ${device}: ${action} (${runId})`);
    const done = this.#inThisLife((outcome: DeviceOutcome) => {
      const { ok, power, detail } = outcome;
      this.#tell(() => `${device} ${action}: ${ok ? (power ?? "done") : detail} (${runId})`);
      this.#deviceCalls.delete(runId);
      this.deliver({ kind: "device-done", runId, outcome });
    });
    this.#deviceCalls.set(runId, this.#parts.callDevice(this.name, command, done));
  }

  /** The service manager starts a daemon again that failed, unless it asks to stay down. */
  #exit(code: number, reason: string, guardMs: Millis = 0): void {
    this.exitReason = reason;
    this.#endDaemon();
    if (reason !== LEFT) this.#watchOverGuarded(guardMs);
    const isUpgraded = reason !== LEFT && this.#upgradeMs !== undefined;
    const afterMs = isUpgraded ? (this.#upgradeMs ?? 0) : RESTART_MS;
    this.#upgradeMs = undefined;
    if (!isUpgraded && (code === 0 || code === STAY_DOWN)) return;
    this.#after(afterMs, () => this.startDaemon());
  }

  /** Does something later, unless the daemon of now has ended by then. */
  #after(ms: Millis, act: () => void): void {
    this.#parts.queue.after(ms, this.#inThisLife(act));
  }

  #inThisLife<T extends unknown[]>(act: (...args: T) => void): (...args: T) => void {
    const life = this.#life;
    return (...args) => {
      if (life === this.#life) act(...args);
    };
  }

  #tell(what: () => string): void {
    this.#parts.trace.tell(this.name, what);
  }
}
