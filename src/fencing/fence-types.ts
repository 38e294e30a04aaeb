import type { Tick } from "../core/machine.ts";
import type { Note } from "../core/note.ts";
import type { Millis } from "../core/units.ts";
import type { FencingSettings } from "../model/definition.ts";
import type { FenceLoopLimits } from "../model/fence-loop.ts";

export type FenceOperation = "off" | "on" | "reboot";

export type PowerState = "on" | "off";

/** What a device is asked. Never `cycle`: off, look, on (a cycle fails where power is off already). */
export type DeviceAction = "off" | "on" | "reboot" | "status" | "list";

/** What the metadata of a fence agent says of its `on`. */
export interface FenceAgentFacts {
  /** It is to be done whenever a node joins (`automatic`). */
  readonly unfences: boolean;
  /** By the node that joins (`on_target`). */
  readonly onTarget: boolean;
}

/** One call of a device, for the outer layer to perform. */
export interface DeviceCommand {
  readonly runId: number;
  readonly device: string;
  readonly agent: string;
  readonly action: DeviceAction;
  /** The node. */
  readonly target: string;
  /** What the device calls the node; undefined: the definition does not say. */
  readonly plug: string | undefined;
  readonly params: Readonly<Record<string, string>>;
  /** The parameter that carries the plug, where the definition says so. */
  readonly hostArgument?: string;
  /** What the agent calls the action, where the definition says so. */
  readonly actionName?: string;
  /** Only the node itself can carry it out. */
  readonly onTarget?: true;
  readonly timeoutMs: Millis;
}

/** Something that a device can switch: its own name for it, and what people call it. */
export interface DevicePlug {
  readonly plug: string;
  readonly alias?: string;
}

/** What came of it. */
export interface DeviceOutcome {
  readonly ok: boolean;
  /** With `status`. */
  readonly power?: PowerState;
  /** With `list`: what the device can switch. */
  readonly plugs?: readonly DevicePlug[];
  /** The device knows no such action. */
  readonly unsupported?: true;
  /** One plain sentence, secrets masked. */
  readonly detail: string;
  /** Asking again cannot help: a program is not installed, a parameter is missing. */
  readonly permanent?: boolean;
}

export type FencerInput =
  | Tick
  | {
      readonly kind: "configure";
      readonly settings: FencingSettings;
      readonly loop: FenceLoopLimits;
      /** Devices are asked at their check-interval whether they still answer. */
      readonly checks: boolean;
    }
  | {
      readonly kind: "fence";
      readonly key: string;
      readonly target: string;
      readonly operation: FenceOperation;
      readonly reason: string;
      /** For all levels and retries together. */
      readonly timeoutMs: Millis;
      /** Beside the delay of the device (priority-fencing-delay). */
      readonly delayMs?: Millis;
      /** An operator's order: not held back by the fence-loop breaker. */
      readonly byHand?: boolean;
      /** With `on`: all devices that let the node in, and no others (see `providesUnfencing`). */
      readonly unfence?: boolean;
    }
  /** Ask every device of a node for its power state. */
  | {
      readonly kind: "probe";
      readonly key: string;
      readonly target: string;
      readonly timeoutMs: Millis;
    }
  /** The result of a fencing is known to the cluster: a node that is rebooted may have power. */
  | { readonly kind: "committed"; readonly target: string }
  | { readonly kind: "device-done"; readonly runId: number; readonly outcome: DeviceOutcome }
  | { readonly kind: "confirm"; readonly target: string; readonly author: string }
  /**
   * Fencings of the node that only wait are dropped; their answer is a failure that says why. `begun`: also
   * one that has begun, for the life that it was to end is over; what it has switched gets power again.
   */
  | {
      readonly kind: "withdraw";
      readonly target: string;
      readonly why: string;
      readonly begun?: boolean;
    }
  /** Fencings until now, for the fence-loop breaker; replaces what it knows. */
  | {
      readonly kind: "history";
      readonly fencings: readonly { readonly target: string; readonly agoMs: Millis }[];
    }
  /** Forget everything under way and answer nothing; of `keep`, what was ordered already goes on. */
  | { readonly kind: "reset"; readonly keep?: readonly string[] };

export type FencerOutput =
  | { readonly kind: "run-device"; readonly command: DeviceCommand }
  | { readonly kind: "kill-device"; readonly runId: number }
  | {
      readonly kind: "fenced";
      /** Everybody who asked for it. */
      readonly keys: readonly string[];
      readonly target: string;
      readonly operation: FenceOperation;
      readonly ok: boolean;
      readonly device?: string;
      /** It was not wanted any more: the node came back, say. */
      readonly withdrawn?: true;
      /** Who swore that the node is off. */
      readonly confirmedBy?: string;
      readonly detail: string;
      readonly durationMs: Millis;
    }
  | {
      readonly kind: "probed";
      readonly key: string;
      readonly target: string;
      readonly answers: readonly ProbeAnswer[];
    }
  | Note;

export interface ProbeAnswer {
  readonly device: string;
  readonly ok: boolean;
  readonly power?: PowerState;
  readonly detail: string;
}
