import type { Random } from "../../src/core/random.ts";
import type { Millis } from "../../src/core/units.ts";
import type { DeviceCommand, DeviceOutcome, PowerState } from "../../src/fencing/fence-types.ts";
import type { EventQueue } from "./event-queue.ts";
import type { SimulatedHost } from "./simulated-host.ts";

/**
 * What is wrong with a fencing device. All of it is within what any design must bear; a device that
 * says "off" of a node that runs on is not: nothing could be started anywhere on its word.
 */
export type DeviceMood =
  | "works"
  /** Answers after seconds. */
  | "slow"
  /** Refuses every call and does nothing. */
  | "fails"
  /** Takes calls and never answers; orders are carried out or not, as it happens. */
  | "hangs"
  /** Says that the node has power for seconds after it lost it. */
  | "lies-on"
  /** Carries orders out, and says that it failed. */
  | "denies"
  /** Says that an order was accepted, and does nothing; its state is the true one. */
  | "ignores";

export const DEVICE_MOODS = [
  "slow",
  "fails",
  "hangs",
  "lies-on",
  "denies",
  "ignores",
] as const satisfies readonly DeviceMood[];

/** Longest time that a device lies about a node that has lost its power. */
const LIES_MAX_MS: Millis = 10_000;

/** Booting, from the power button to the daemon. */
const BOOT_MIN_MS: Millis = 500;
const BOOT_MEAN_MS: Millis = 1_500;

/** A power supply of a host, and the device that switches it. */
interface Supply {
  readonly host: string;
  /** A controller in the host: switches the chassis, and is dead where the mains are. */
  readonly isInside: boolean;
  isOn: boolean;
}

/** The name of the controller in a host. */
export function bmcOf(host: string): string {
  return `bmc-${host}`;
}

/** The names of the outlets that feed the two power supplies of a host. */
export function outletsOf(host: string): readonly [string, string] {
  return [`outlet-a-${host}`, `outlet-b-${host}`];
}

/** The name of the gate through which a host reaches a shared disk. */
export function gateOf(host: string): string {
  return `gate-${host}`;
}

/**
 * The fencing devices of a cluster and what they switch: each host has a controller inside, and two
 * power supplies on an outlet each; it runs while one outlet gives power and the chassis is on.
 */
export class PowerPlant {
  readonly #queue: EventQueue;
  readonly #random: Random;
  readonly #hostOf: (name: string) => SimulatedHost;
  readonly #supplies = new Map<string, Supply>();
  readonly #moods = new Map<string, DeviceMood>();
  /** Hosts without mains. */
  readonly #dark = new Set<string>();
  /** Pairs of a host and a device that it does not reach. */
  readonly #unreachable = new Set<string>();
  /** When the power of a host was last switched off by a device. */
  readonly #offSince = new Map<string, number>();
  /** Hosts that a gate lets through. */
  readonly #open = new Set<string>();
  /** Who had a gate opened, and whose. */
  readonly opened: string[] = [];
  /** Until when devices that lie say that the host has power. */
  readonly #liesUntil = new Map<string, number>();
  /** So much longer do hosts take to boot. */
  slowBootMs: Millis = 0;
  /** Orders that were taken and not carried out yet. */
  #underWay = 0;

  constructor(
    queue: EventQueue,
    random: Random,
    names: readonly string[],
    hostOf: (name: string) => SimulatedHost,
  ) {
    this.#queue = queue;
    this.#random = random;
    this.#hostOf = hostOf;
    for (const host of names) {
      this.#supplies.set(bmcOf(host), { host, isInside: true, isOn: true });
      for (const outlet of outletsOf(host)) {
        this.#supplies.set(outlet, { host, isInside: false, isOn: true });
      }
    }
  }

  devices(): readonly string[] {
    return [...this.#supplies.keys()];
  }

  setMood(device: string, mood: DeviceMood): void {
    this.#moods.set(device, mood);
  }

  /** That host does not reach the device. */
  cutOff(host: string, device: string): void {
    this.#unreachable.add(`${host}>${device}`);
  }

  reach(host: string, device: string): void {
    this.#unreachable.delete(`${host}>${device}`);
  }

  /** The mains of a host fail: host and controller are dead at once. */
  loseMains(host: string): void {
    this.#dark.add(host);
    this.#hostOf(host).powerOff();
  }

  /** The mains are back; a host that was not switched off meanwhile boots. */
  restoreMains(host: string): void {
    this.#dark.delete(host);
    this.#settle(host);
  }

  /** All devices work again and are reached from everywhere; mains and outlets are back. */
  mendAll(): void {
    this.#moods.clear();
    this.#unreachable.clear();
    for (const supply of this.#supplies.values()) if (!supply.isInside) supply.isOn = true;
    for (const host of [...this.#dark].sort()) this.restoreMains(host);
  }

  /** Somebody walks in and sees to it that the host gets power, if there are mains. */
  pressButton(host: string, bootMs: Millis = BOOT_MIN_MS): void {
    if (this.#dark.has(host)) return;
    for (const device of [...outletsOf(host), bmcOf(host)]) this.#supplies.get(device)!.isOn = true;
    this.#hostOf(host).powerOn(bootMs);
  }

  /** No order is under way any more, also none that nobody waits for: what has power keeps it. */
  get isQuiet(): boolean {
    return this.#underWay === 0;
  }

  isOpen(host: string): boolean {
    return this.#open.has(host);
  }

  /** For how long a host has been without power on a device's order; 0: it was not. */
  offFor(host: string): Millis {
    const since = this.#offSince.get(host);
    return since === undefined || this.#hostOf(host).isOn ? 0 : this.#queue.now - since;
  }

  /**
   * One call of a device by a host. `done` is called at most once; never, where the device hangs. The
   * returned function kills the call: an order may be carried out all the same.
   */
  call(by: string, command: DeviceCommand, done: (outcome: DeviceOutcome) => void): () => void {
    const supply = this.#supplies.get(command.device);
    const isReached = !this.#unreachable.has(`${by}>${command.device}`);
    let isOver = false;
    const end = (outcome: DeviceOutcome) => {
      if (!isOver) done(outcome);
      isOver = true;
    };
    this.#queue.after(command.timeoutMs, () => end(failure("no answer in time")));
    const mood = this.#moodOf(command.device);
    const latency = this.#latency(mood);
    if (command.device === gateOf(command.target)) {
      this.#queue.after(latency, () => end(this.#gate(by, command, mood)));
    } else if (supply === undefined) {
      this.#queue.after(1, () => end({ ...failure("there is no such device"), permanent: true }));
    } else if (isReached && !this.#isDead(supply)) {
      // What happens happens some time between the question and the answer.
      const moment = latency * this.#random.next();
      const isOrder = command.action !== "status";
      if (isOrder) this.#underWay++;
      this.#queue.after(moment, () => {
        if (isOrder) this.#underWay--;
        const outcome = this.#carryOut(supply, command, mood);
        if (outcome !== undefined) this.#queue.after(latency - moment, () => end(outcome));
      });
    }
    return () => {
      isOver = true;
    };
  }

  #gate(by: string, { action, target }: DeviceCommand, mood: DeviceMood): DeviceOutcome {
    if (mood === "fails") return failure("the gate is jammed");
    if (action === "on") this.opened.push(`${target} by ${by}`);
    if (action === "on") this.#open.add(target);
    if (action === "off") this.#open.delete(target);
    return { ok: true, power: this.#open.has(target) ? "on" : "off", detail: "answered" };
  }

  #moodOf(device: string): DeviceMood {
    return this.#moods.get(device) ?? "works";
  }

  #isDead(supply: Supply): boolean {
    return supply.isInside && !this.#hasMains(supply.host);
  }

  #hasMains(host: string): boolean {
    return (
      !this.#dark.has(host) && outletsOf(host).some((outlet) => this.#supplies.get(outlet)!.isOn)
    );
  }

  #latency(mood: DeviceMood): Millis {
    const mean = mood === "slow" ? 4_000 : 150;
    return 20 - mean * Math.log(1 - this.#random.next());
  }

  #carryOut(supply: Supply, command: DeviceCommand, mood: DeviceMood): DeviceOutcome | undefined {
    if (this.#isDead(supply)) return undefined;
    if (mood === "fails") return failure("the device reports an error");
    const isWilling = mood !== "ignores" && (mood !== "hangs" || this.#random.next() < 0.5);
    if (command.action !== "status" && isWilling) this.#switch(supply, command);
    if (mood === "hangs") return undefined;
    if (mood === "denies" && command.action !== "status") return failure("it says it could not");
    return { ok: true, power: this.#told(supply, mood), detail: "answered" };
  }

  #switch(supply: Supply, { action }: DeviceCommand): void {
    if (action === "off" || action === "reboot") this.#set(supply, false);
    if (action === "on" || action === "reboot") this.#set(supply, true);
  }

  #set(supply: Supply, isOn: boolean): void {
    supply.isOn = isOn;
    this.#settle(supply.host);
  }

  /** The host follows its supplies. */
  #settle(name: string): void {
    const host = this.#hostOf(name);
    const isOn = this.#supplies.get(bmcOf(name))!.isOn && this.#hasMains(name);
    if (!isOn && host.isOn) {
      host.powerOff();
      this.#offSince.set(name, this.#queue.now);
      this.#liesUntil.set(name, this.#queue.now + LIES_MAX_MS * this.#random.next());
    } else if (isOn && !host.isOn) {
      const drawn = BOOT_MIN_MS - BOOT_MEAN_MS * Math.log(1 - this.#random.next());
      host.powerOn(this.slowBootMs + drawn);
    }
  }

  #told(supply: Supply, mood: DeviceMood): PowerState {
    const isOn = supply.isInside ? this.#hostOf(supply.host).isOn : supply.isOn;
    const lies = mood === "lies-on" && this.#queue.now < (this.#liesUntil.get(supply.host) ?? 0);
    return isOn || lies ? "on" : "off";
  }
}

function failure(detail: string): DeviceOutcome {
  return { ok: false, detail };
}
