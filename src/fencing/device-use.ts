import type { Random } from "../core/random.ts";
import type { Millis } from "../core/units.ts";
import { parseDuration } from "../core/written-duration.ts";
import type { FencingDevice, FencingSettings } from "../model/definition.ts";
import type { DeviceAction, DeviceCommand } from "./fence-types.ts";

/** One device as it is used for one node. */
export interface DeviceUse {
  readonly device: FencingDevice;
  readonly target: string;
  readonly plug: string | undefined;
}

/** A device that answers nothing for so long is asked again, or given up. */
const RUN_TIMEOUT_MS: Millis = 20_000;

const RETRIES = 2;

const CHECK_INTERVAL_MS: Millis = 3_600_000;

/**
 * The levels for a node, in order: those of its topology, and without one each device that can
 * fence it as a level of its own, in the order of the definition.
 */
export function levelsFor(settings: FencingSettings, target: string): DeviceUse[][] {
  const levels = settings.topology.get(target);
  if (levels === undefined) {
    return settings.devices
      .filter((device) => canFence(device, target))
      .map((device) => [use(device, target)]);
  }
  return levels.map((names) =>
    names.flatMap((name) => {
      const device = settings.devices.find((each) => each.name === name);
      return device === undefined ? [] : [use(device, target)];
    }),
  );
}

/** Of its levels, what gives a node power: a gate opens when the node joins, and not before. */
export function powerLevels(settings: FencingSettings, target: string): DeviceUse[][] {
  const levels = levelsFor(settings, target).map((level) =>
    level.filter(({ device }) => givesPower(device) && !isHeuristic(device)),
  );
  return levels.filter((level) => level.length > 0);
}

/**
 * All devices that give a node its access back (Pacemaker's `provides: unfencing`), whether or not
 * its topology has them, as one level: a node that lacks the consent of one of them is not let in.
 */
export function unfencingLevels(settings: FencingSettings, target: string): DeviceUse[][] {
  const found = new Map<string, DeviceUse>();
  const beside = settings.devices.filter((device) => canFence(device, target));
  const all = [...levelsFor(settings, target).flat(), ...beside.map((each) => use(each, target))];
  for (const each of all) {
    if (providesUnfencing(each.device) && !found.has(each.device.name)) {
      found.set(each.device.name, each);
    }
  }
  return found.size === 0 ? [] : [[...found.values()]];
}

/** It cuts a node off from something shared, and must let it in again by `on` when it joins. */
export function providesUnfencing({ options }: FencingDevice): boolean {
  return options.get("provides") === "unfencing";
}

/** `on` is carried out by the node that is let in. */
export function isOnTarget({ options }: FencingDevice): boolean {
  return options.get("on-target") === "true";
}

function canFence(device: FencingDevice, target: string): boolean {
  return hostCheckOf(device) !== "given" || isGiven(device, target);
}

/** The definition itself says that the device is for that node. */
function isGiven({ targets, options }: FencingDevice, target: string): boolean {
  return targets.includes(target) || plugOf(options.get("host-map") ?? "", target) !== undefined;
}

/**
 * How it is known which nodes a device can fence (Pacemaker's pcmk_host_check). `given`: by its
 * targets or host-map; `list`: the device is asked for what it can switch; `list-if-known`: the same,
 * and if it knows no list it is for all; `status`: for a node whose state it can tell; `none`: for all.
 */
export function hostCheckOf(
  device: FencingDevice,
): "given" | "list" | "list-if-known" | "status" | "none" {
  const { targets, options, agent } = device;
  switch (options.get("host-check")) {
    case "static-list":
      return "given";
    case "dynamic-list":
      return "list";
    case "status":
      return "status";
    case "none":
      return "none";
    default:
      if (targets.length > 0 || options.has("host-map")) return "given";
      return agent.startsWith("fence_") ? "list-if-known" : "none";
  }
}

function use(device: FencingDevice, target: string): DeviceUse {
  const map = device.options.get("host-map");
  return { device, target, plug: map === undefined ? undefined : plugOf(map, target) };
}

/** `node1:1;node2:2,3`, as Pacemaker writes pcmk_host_map; blanks separate as well. */
function plugOf(map: string, target: string): string | undefined {
  for (const pair of map.split(/[;\s]+/)) {
    const colon = pair.search(/[:=]/);
    if (colon > 0 && pair.slice(0, colon) === target) return pair.slice(colon + 1);
  }
  return undefined;
}

function durationOf(device: FencingDevice, name: string): Millis | undefined {
  const text = device.options.get(name);
  return text === undefined ? undefined : parseDuration(text);
}

/** What its agent calls the action and the parameter with the node's name, where that is said. */
export function namesOf(
  { options }: FencingDevice,
  action: DeviceAction,
): Pick<DeviceCommand, "actionName" | "hostArgument"> {
  const actionName = options.get(`${action}-action`);
  const hostArgument = options.get("host-argument");
  return {
    ...(actionName === undefined ? {} : { actionName }),
    ...(hostArgument === undefined ? {} : { hostArgument }),
  };
}

/** How long one call may take. */
export function runTimeout(device: FencingDevice, action: DeviceAction): Millis {
  const own = durationOf(device, `${action}-timeout`);
  return own ?? Math.min(durationOf(device, "timeout") ?? RUN_TIMEOUT_MS, RUN_TIMEOUT_MS);
}

/** How long the device may take over all calls; undefined: what its level has. */
export function deviceBudget(device: FencingDevice): Millis | undefined {
  return durationOf(device, "timeout");
}

/** After an order that was taken: how long it may say the contrary; undefined: as long as there is time. */
export function verifyTimeout(device: FencingDevice): Millis | undefined {
  return durationOf(device, "verify-timeout");
}

/** How many calls of it may run at once; below 0: any number. */
export function actionLimit(device: FencingDevice): number {
  const limit = Number(device.options.get("action-limit") ?? 1);
  return Number.isInteger(limit) && limit !== 0 ? limit : 1;
}

export function retriesOf(device: FencingDevice): number {
  const count = Number(device.options.get("retries"));
  return device.options.has("retries") && Number.isInteger(count) && count >= 0 ? count : RETRIES;
}

/**
 * Pacemaker's pcmk_delay_base and pcmk_delay_max: a fixed delay, and a random one on top, both
 * together not more than the maximum.
 */
export function delayOf(device: FencingDevice, random: Random): Millis {
  const base = durationOf(device, "delay-base") ?? 0;
  const max = durationOf(device, "delay-max") ?? 0;
  return max > base ? base + random.next() * (max - base) : base;
}

/** What a routine check asks: where the device's own list says whom it is for, that list. */
export function checkAction(device: FencingDevice): DeviceAction {
  return hostCheckOf(device) === "list" ? "list" : "status";
}

/** How often it is asked whether it still answers; undefined: never. */
export function checkInterval(device: FencingDevice): Millis | undefined {
  const interval = durationOf(device, "check-interval") ?? CHECK_INTERVAL_MS;
  return interval > 0 ? interval : undefined;
}

/** A node without power by this device stays so, though a reboot was wanted (`action: off`). */
export function staysOff(device: FencingDevice): boolean {
  return device.options.get("action") === "off";
}

/**
 * A device that fences by cutting off says `on` when the node joins again, and not before: until then
 * what was fenced may still run.
 */
export function givesPower(device: FencingDevice): boolean {
  return !providesUnfencing(device);
}

/**
 * It switches nothing, and only says whether this side is fit to fence (fence_heuristics_ping). Before
 * it has agreed, nothing else of its level is ordered.
 */
export function isHeuristic({ agent }: FencingDevice): boolean {
  return agent.startsWith("fence_heuristics_");
}

/** What takes the power: a device may know `reboot` only. */
export function offAction(device: FencingDevice): DeviceAction {
  const { agent, params } = device;
  if (agent === "exec" && !params.has("off") && !params.has("command")) return "reboot";
  if (agent === "ssh" && !params.has("off-command") && params.has("reboot-command")) {
    return "reboot";
  }
  return "off";
}

/**
 * What the device's word is worth. `state`: it can tell whether a node has power. `gone`: it can only
 * tell that the node cannot be reached, which proves something after a successful order alone.
 * `none`: an order that succeeded must be believed.
 */
export function proofOf(device: FencingDevice): "state" | "gone" | "none" {
  const { agent, params } = device;
  if (agent === "watchdog" || offAction(device) === "reboot") return "none";
  if (agent === "exec") return params.has("status") || params.has("command") ? "state" : "none";
  return agent === "ssh" ? "gone" : "state";
}
