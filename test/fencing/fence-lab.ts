import { SeededRandom } from "../../src/core/random.ts";
import type { Instant, Millis } from "../../src/core/units.ts";
import type {
  DeviceCommand,
  DeviceOutcome,
  FenceOperation,
  FencerInput,
  FencerOutput,
} from "../../src/fencing/fence-types.ts";
import { Fencer, type FencerOptions } from "../../src/fencing/fencer.ts";
import type { FencingDevice, FencingSettings } from "../../src/model/definition.ts";
import { type FenceLoopLimits, fenceLoopLimits } from "../../src/model/fence-loop.ts";

/** What a device of the lab does with a call: an answer after some time, or none at all. */
export type Behaviour = (
  command: DeviceCommand,
  lab: FenceLab,
) => { readonly after: Millis; readonly outcome: DeviceOutcome } | "silent";

export function device(
  name: string,
  targets: readonly string[],
  options: Readonly<Record<string, string>> = {},
  agent = "ipmi",
  params: Readonly<Record<string, string>> = {},
): FencingDevice {
  return {
    name,
    agent,
    targets,
    params: new Map(Object.entries(params)),
    options: new Map(Object.entries(options)),
  };
}

/** A controller that does what it is told. */
export const honest: Behaviour = (command, lab) => {
  if (command.action === "status") return { after: 100, outcome: lab.status(command) };
  lab.setPower(command, command.action === "off" ? "off" : "on");
  return { after: 200, outcome: { ok: true, detail: `${command.action} ordered` } };
};

export const unreachable: Behaviour = () => ({
  after: 3_000,
  outcome: { ok: false, detail: "the controller cannot be reached" },
});

interface FenceLabRules {
  readonly checks: boolean;
  readonly loop: FenceLoopLimits;
}

/** A fencer with simulated devices in virtual time. */
export class FenceLab {
  readonly fencer: Fencer;
  readonly outputs: { readonly at: Instant; readonly output: FencerOutput }[] = [];
  /** `device action`, in the order of the calls, with the time. */
  readonly calls: { readonly at: Instant; readonly call: string; readonly plug?: string }[] = [];
  /** Power by device and target: a node with two supplies has it if either gives it. */
  readonly power = new Map<string, "on" | "off">();
  now: Instant = 0;
  readonly #behaviours: Readonly<Record<string, Behaviour>>;
  #pending: { at: Instant; runId: number; outcome: DeviceOutcome }[] = [];

  constructor(
    settings: FencingSettings,
    behaviours: Readonly<Record<string, Behaviour>> = {},
    options: Partial<FencerOptions> = {},
  ) {
    this.#behaviours = behaviours;
    this.fencer = new Fencer({ random: new SeededRandom(1), ...options });
    this.configure(settings);
  }

  configure(
    settings: FencingSettings,
    { checks = false, loop = fenceLoopLimits([]) }: Partial<FenceLabRules> = {},
  ): void {
    this.give({ kind: "configure", settings, checks, loop });
  }

  setPower(command: DeviceCommand, state: "on" | "off"): void {
    this.power.set(`${command.device} ${command.target}`, state);
  }
  status(command: DeviceCommand): DeviceOutcome {
    const power = this.power.get(`${command.device} ${command.target}`) ?? "on";
    return { ok: true, power, detail: `power is ${power}` };
  }

  give(input: FencerInput): void {
    this.#take(this.fencer.step(this.now, input));
  }

  fence(target: string, operation: FenceOperation = "reboot", more: object = {}): void {
    const key = `k${this.outputs.length}-${target}`;
    this.give({
      kind: "fence",
      key,
      target,
      operation,
      reason: "test",
      timeoutMs: 60_000,
      ...more,
    });
  }

  /** Lets time pass until nothing is due any more, or until that time. */
  run(until: Instant = this.now + 600_000): void {
    for (let steps = 0; steps < 10_000; steps++) {
      this.#pending.sort((a, b) => a.at - b.at || a.runId - b.runId);
      const answer = this.#pending[0]?.at ?? Number.POSITIVE_INFINITY;
      const timer = this.fencer.nextDeadline() ?? Number.POSITIVE_INFINITY;
      const next = Math.min(answer, timer);
      if (next > until) break;
      this.now = Math.max(this.now, next);
      if (answer <= timer) {
        const { runId, outcome } = this.#pending.shift()!;
        this.give({ kind: "device-done", runId, outcome });
      } else this.give({ kind: "tick" });
    }
    if (Number.isFinite(until)) this.now = Math.max(this.now, until);
  }

  #take(outputs: readonly FencerOutput[]): void {
    for (const output of outputs) {
      this.outputs.push({ at: this.now, output });
      if (output.kind === "kill-device") {
        this.#pending = this.#pending.filter((run) => run.runId !== output.runId);
      } else if (output.kind === "run-device") this.#call(output.command);
    }
  }

  #call(command: DeviceCommand): void {
    const { device: name, action, runId, plug } = command;
    this.calls.push({
      at: this.now,
      call: `${name} ${action}`,
      ...(plug === undefined ? {} : { plug }),
    });
    const answer = (this.#behaviours[name] ?? honest)(command, this);
    const late = { ok: false, detail: "it did not answer in time and was killed" };
    const { after, outcome } =
      answer === "silent" ? { after: Number.POSITIVE_INFINITY, outcome: late } : answer;
    const at = this.now + Math.min(after, command.timeoutMs);
    this.#pending.push({ at, runId, outcome: after > command.timeoutMs ? late : outcome });
  }

  order(): string[] {
    return this.calls.map(({ call }) => call);
  }
  results(): (Extract<FencerOutput, { kind: "fenced" }> & { readonly at: Instant })[] {
    return this.outputs.flatMap(({ at, output }) =>
      output.kind === "fenced" ? [{ ...output, at }] : [],
    );
  }
  probes(): Extract<FencerOutput, { kind: "probed" }>[] {
    return this.outputs.flatMap(({ output }) => (output.kind === "probed" ? [output] : []));
  }
  notes(): string[] {
    return this.outputs.flatMap(({ output }) => (output.kind === "note" ? [output.message] : []));
  }
}

/** Settings of fencing with these devices. */
export function settings(
  devices: FencingSettings["devices"],
  topology: Readonly<Record<string, readonly (readonly string[])[]>> = {},
): FencingSettings {
  return { devices, topology: new Map(Object.entries(topology)) };
}

/** Node a with one device. */
export const BMC = settings([device("bmc", ["a"])]);

/** Node a with one device more for each of two supplies. */
export const SUPPLIES = settings(
  [device("bmc", ["a"]), device("left", ["a"]), device("right", ["a"])],
  {
    a: [["bmc"], ["left", "right"]],
  },
);
